"""The test cluster by hand: ``python -m tests.cluster up``."""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Sequence

from tests.cluster import (
    kubectl,
    loading,
    node,
    packages,
    places,
    programs,
    state,
    stores,
    workspace,
)
from tests.cluster.cluster import Cluster
from tests.cluster.trouble import Trouble


def main(words: Sequence[str]) -> int:
    """Does what the words say; 1 where it cannot be done."""
    if words[:1] == ["kubectl"]:  # all that follows is kubectl's own
        return subprocess.run(kubectl.command(*words[1:]), check=False).returncode
    asked = _parser().parse_args(words)
    try:
        asked.act(asked)
    except Trouble as trouble:
        print(f"error: {trouble}", file=sys.stderr)
        return 1
    return 0


def up(asked: argparse.Namespace) -> None:
    """Boots the node, and leaves it running until ``down``."""
    if not node.ensure(None, _say):
        _say("the node is up already")
    _say("kubectl works with this, and so does everything else that reads KUBECONFIG:")
    print(f"export KUBECONFIG={places.kubeconfig()}")


def down(asked: argparse.Namespace) -> None:
    """Ends the node, and removes all that it left but programs and images."""
    _say("the node is down" if node.stop() else "there was no node")


def status(asked: argparse.Namespace) -> None:
    """Says what runs."""
    current = state.read()
    if current is None:
        _say("there is no node; python -m tests.cluster up")
        return
    for name, process in current.processes.items():
        print(f"{name:26}{'runs' if process.alive else 'has ended'} ({process.number})")
    if not current.kept:
        print("it ends with the test session that booted it")
    print(f"their logs are in {places.node() / 'logs'}")
    print(kubectl.output("get", "nodes,pods", "--all-namespaces"), end="")


def load(asked: argparse.Namespace) -> None:
    """Brings images to the node, made anew where what they are made from has changed."""
    _here()
    for name in asked.images:
        print(loading.load(name))


def build(asked: argparse.Namespace) -> None:
    """Makes every program and image that a boot and the tests need."""
    packages.ensure()
    programs.build()
    for name in loading.IMAGES:
        print(loading.archive(name))


def make(asked: argparse.Namespace) -> None:
    """Makes a workspace: a namespace with a database and a bucket of its own."""
    cluster = _here()
    made = workspace.create(cluster, stores.ensure(cluster), asked.name)
    _say(f"the namespace {made.namespace} has the Secret {workspace.SECRET}, which holds:")
    for name, value in made.environment.items():
        print(f"export {name}='{value}'")


def remove(asked: argparse.Namespace) -> None:
    """Removes a workspace with all that is in it."""
    cluster = _here()
    workspace.Workspace(cluster, stores.ensure(cluster), asked.name, {}).delete(wait=True)


def _here() -> Cluster:
    if not node.running():
        raise Trouble("there is no node; python -m tests.cluster up")
    return Cluster(places.kubeconfig(), loading.load)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    for act in (up, down, status, load, make, remove, build):
        command = commands.add_parser(act.__name__, help=act.__doc__, description=act.__doc__)
        command.set_defaults(act=act)
        if act is load:
            command.add_argument("images", nargs="+", metavar="IMAGE", choices=list(loading.IMAGES))
        if act in (make, remove):
            command.add_argument("name", metavar="NAMESPACE")
    commands.add_parser("kubectl", help="kubectl on the node, with any words after it")
    return parser


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
