"""The entry point `lateen`, and the list of its commands."""

from __future__ import annotations

import os
import sys

import click

from lateen.cli.lazy import LazyCommand, LazyGroup

_COMMANDS = {
    "run": LazyCommand("lateen.cli.commands.run:run", "Run a pipeline of a Python file."),
    "compile": LazyCommand(
        "lateen.cli.commands.compile:compile_", "Print a pipeline as a Kubernetes resource."
    ),
    "resolve": LazyCommand(
        "lateen.cli.commands.resolve:resolve", "Show what a pipeline's references would become."
    ),
    "get": LazyCommand("lateen.cli.commands.get:get", "List runs, artifacts, models or pipelines."),
    "list": LazyCommand("lateen.cli.commands.get:get", "The same as get."),
    "describe": LazyCommand("lateen.cli.commands.describe:describe", "Show all about one of them."),
    "why": LazyCommand(
        "lateen.cli.commands.why:why", "Show what a step got, and why it ran or did not."
    ),
    "replay": LazyCommand(
        "lateen.cli.commands.replay:replay", "Run a run again with all that it had."
    ),
    "cancel": LazyCommand("lateen.cli.commands.desire:cancel", "End a run now."),
    "stop": LazyCommand(
        "lateen.cli.commands.desire:stop", "End a run once its running steps have finished."
    ),
    "pause": LazyCommand("lateen.cli.commands.desire:pause", "Let a run start nothing new."),
    "resume": LazyCommand("lateen.cli.commands.desire:resume", "Let a paused run go on."),
    "logs": LazyCommand("lateen.cli.commands.logs:logs", "Print what a step printed."),
    "promote": LazyCommand(
        "lateen.cli.commands.promote:promote", "Bring a version of a model to a stage."
    ),
    "history": LazyCommand(
        "lateen.cli.commands.history:history", "Show what happened to the stages of a model."
    ),
    "model": LazyCommand(
        "lateen.cli.commands.model:model", "Keep steps from changing stages of a model."
    ),
    "delete": LazyCommand(
        "lateen.cli.commands.delete:delete", "Delete what nothing needs, and say what is kept."
    ),
    "artifact": LazyCommand(
        "lateen.cli.commands.artifact:artifact", "Prune artifact versions that nothing needs."
    ),
    "runs": LazyCommand("lateen.cli.commands.runs:runs", "Prune old runs."),
    "collect": LazyCommand(
        "lateen.cli.commands.collect:collect", "Delete the bytes that nothing refers to."
    ),
    "doctor": LazyCommand(
        "lateen.cli.commands.doctor:doctor", "Check that everything needed is there."
    ),
    "local": LazyCommand(
        "lateen.cli.commands.local:local", "Look at, or stop, the database on this computer."
    ),
}


@click.group(
    cls=LazyGroup,
    lazy=_COMMANDS,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option("--debug", is_flag=True, help="Show tracebacks; LATEEN_DEBUG=1 does too.")
@click.version_option(package_name="lateen", prog_name="lateen")
def cli(debug: bool) -> None:
    """Machine learning pipelines whose inputs are bound when a step starts.

    Data goes to stdout; progress and errors go to stderr. The exit code is 0 when all went well, 1
    when a run failed, 2 when the command was not understood.
    """


def main() -> None:
    """Run the command; never returns."""
    try:
        cli(prog_name="lateen")
    except BrokenPipeError:
        # Whoever read our output has left; nobody wants to hear that it could not be flushed.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
