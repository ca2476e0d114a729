"""What a workspace must answer: the rules of late binding over plain lists, without a database.

An artifact version's bytes are a text; the order of commits is the order of the lists. Each method
is one rule of the semantics, written as it is told, and changes nothing where it raises.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from lateen.domain.errors import (
    MissingReferenceError,
    ReferenceMovedError,
    StageTakenError,
    VersionConflictError,
)
from lateen.domain.missing import MISSING
from lateen.domain.references import (
    ArtifactReference,
    Attribute,
    Guarded,
    Metadata,
    ModelArtifact,
    ModelReference,
    RunOutput,
    Source,
    StepOutput,
    Value,
    is_own_model,
    placed,
    subject_of,
)
from lateen.domain.spec import ModelSpec, PipelineSpec, Retry, StepSpec
from tests.model.means import (
    all_found,
    all_pinned,
    attribute_of,
    check_open,
    chosen_of,
    identity_of,
    key_of,
    place_of,
    reference_at,
    there,
    whose_metadata,
)
from tests.model.stages import EXCLUSIVE, STAGES, makes_version, moves
from tests.model.things import (
    NOTHING,
    Attempt,
    Event,
    Found,
    Inputs,
    ModelVersion,
    Run,
    Version,
)


class Workspace:
    """All that there is."""

    def __init__(self) -> None:
        self.versions: list[Version] = []
        self.models: list[ModelVersion] = []
        self.events: list[Event] = []
        self.runs: list[Run] = []
        self.finished: list[Run] = []
        """In the order in which they finished."""
        self.ended: list[Attempt] = []
        """Those that committed, in order."""
        self._numbers: dict[tuple[str, str], int] = {}

    def _next(self, kind: str, name: str) -> int:
        """Numbers come in order and are never given again."""
        self._numbers[kind, name] = self._numbers.get((kind, name), 0) + 1
        return self._numbers[kind, name]

    # What references are

    def find(self, source: Any, run: Run | None = None, own: ModelSpec | None = None) -> Found:
        """What a reference is now; MissingReferenceError where it matches nothing."""
        match source:
            case Value(value):
                return Found(value=value)
            case Guarded(guarded, default):
                try:
                    return self.find(guarded, run, own)
                except MissingReferenceError:
                    if default is MISSING:
                        raise
                    return Found(value=default)
            case Metadata(key, of):
                found = self.find(of, run, own)
                return replace(found, value=there(whose_metadata(found).metadata.get(key)))
            case Attribute(name, of):
                found = self.find(of, run, own)
                return replace(found, value=attribute_of(name, found))
            case ArtifactReference(name, version):
                named = [v for v in self.versions if v.artifact == name]
                return Found(there(chosen_of(named, version)))
            case StepOutput(step, output):
                attempt = there(run and run.committed(step))
                return Found(there(attempt.outputs.get(output)))
            case RunOutput():
                return self._past_output(source, run)
            case ModelReference():
                return self._model(source, run, own)
            case ModelArtifact(model, artifact, version):
                found = self._model(model, run, own)
                linked = [v for v in there(found.model).links if v.artifact == artifact]
                counting = there(found.model).counting().get(artifact)
                chosen = counting if version is None else chosen_of(linked, version)
                return replace(found, artifact=there(chosen))
        raise AssertionError(source)

    def _model(self, reference: ModelReference, run: Run | None, own: ModelSpec | None) -> Found:
        name, version = reference.name, reference.version
        if name is None:
            name, version = there(own).name, there(own).version
        named = [v for v in self.models if v.model == name]
        if version is None:
            return Found(model=there(self.made_by(run, name)))
        if version == "latest":
            named = [v for v in named if v.status == "ready" or (run and v.run is run)]
        if version in STAGES:
            held = [v for v in named if v.stage == version]
            chosen = there(chosen_of(held, "latest"))
            return Found(model=chosen, event=chosen.event)
        return Found(model=there(chosen_of(named, version)))

    def made_by(self, run: Run | None, model: str) -> ModelVersion | None:
        """The version that a run made of its own."""
        own = (v for v in self.models if v.model == model and v.name is None and v.run is run)
        return next(own, None) if run else None

    def _past_output(self, source: RunOutput, asking: Run | None) -> Found:
        runs = self.runs if source.select == "latest" else self.finished
        runs = [r for r in runs if r.spec.name == source.pipeline and r is not asking]
        if source.select == "latest-successful":
            runs = [r for r in runs if r.phase == "Succeeded"]
        attempt = there(there(runs[-1] if runs else None).committed(source.step))
        return Found(there(attempt.outputs.get(source.output)))

    # What people do

    def publish(
        self, artifact: str, text: str, name: str | None = None, by: Attempt | None = None
    ) -> Version:
        """A new version; a named one with the same bytes is the one that is there."""
        same = [v for v in self.versions if v.artifact == artifact and name and v.name == name]
        if same and same[0].text != text:
            raise VersionConflictError("it exists with other bytes")
        if same:
            return same[0]
        version = Version(artifact, self._next("artifact", artifact), name, text, by)
        self.versions.append(version)
        return version

    def promote(
        self, version: ModelVersion, stage: str, force: bool = False, expect: str | None = None
    ) -> None:
        """One version in staging and production at most; the one that was there is archived."""
        stages = {v: v.stage for v in self.models}
        for moved, after in moves(stages, version, stage, force, expect):
            event = Event(moved, moved.stage, after)
            self.events.append(event)
            moved.stage, moved.event = after, event

    # What runs do

    def start(self, name: str, spec: PipelineSpec, replays: Run | None = None) -> Run:
        run = Run(name, spec, replays=replays)
        if replays is not None:
            self._pin_replay(run, replays)
        self.runs.append(run)
        return run

    def _pin_replay(self, run: Run, old: Run) -> None:
        """Everything from outside is what the old run's last resolved attempts had."""
        run.pins = {}
        for step in run.spec.steps:
            had = [a for a in old.attempts if a.step.name == step.name and a.inputs is not NOTHING]
            places = {(n, p) for n, p, _ in self.externals(run, step)}
            if had:
                inputs = {at: found for at, found in had[-1].inputs.items() if at in places}
                run.replayed_reads[step.name] = list(had[-1].reads)
            else:
                inputs = dict((old.pins or {}).get(step.name, {}))
                run.replayed_reads[step.name] = list(old.replayed_reads.get(step.name, []))
            run.pins[step.name] = inputs

    def externals(self, run: Run, step: StepSpec) -> Iterator[tuple[str, str, Source | None]]:
        """What a step has from outside of its run."""
        model = run.spec.model_of(step)
        if model is not None and not makes_version(model):
            yield "", "", None
        for name, source in step.inputs.items():
            for path, leaf in placed(source):
                subject = subject_of(leaf)
                own = makes_version(model) and is_own_model(subject)
                if subject is not None and not isinstance(subject, StepOutput) and not own:
                    yield name, path, leaf

    def attempt(self, run: Run, step: StepSpec) -> Attempt:
        """The next attempt: resolved, or failed where a reference matches nothing."""
        last = run.last(step.name)
        attempt = Attempt(run, step, last.n + 1 if last else 1)
        if run.spec.freshness == "run" and run.replays is None and run.pins is None:
            run.pins = {each.name: self._fixed(run, each) for each in run.spec.steps}
        run.attempts.append(attempt)
        try:
            attempt.inputs = self._resolved(attempt)
        except MissingReferenceError:
            attempt.state, attempt.inputs = "failed", NOTHING
            return attempt
        if ("", "") in attempt.inputs:
            attempt.model = attempt.inputs["", ""].model
        for (name, path), found in attempt.inputs.items():
            self._bind(attempt, reference_at(attempt, name, path), found)
        if step.cache is not False and run.replays is None:
            attempt.key = key_of(attempt)
            self._serve(attempt)
        return attempt

    def _fixed(self, run: Run, step: StepSpec) -> Inputs:
        fixed = {}
        for name, path, source in self.externals(run, step):
            try:
                fixed[name, path] = self._external(run, step, source)
            except MissingReferenceError:
                continue
        return fixed

    def _external(self, run: Run, step: StepSpec, source: Source | None) -> Found:
        model = run.spec.model_of(step)
        return self.find(ModelReference() if source is None else source, run, model)

    def _resolved(self, attempt: Attempt) -> Inputs:
        """All references in one moment, but for what the run or an earlier attempt fixed."""
        run, step, spec = attempt.run, attempt.step, attempt.spec
        fixed = {**self._had_before(attempt), **(run.pins or {}).get(step.name, {})}
        if run.pins is not None and run.replays is None:
            for name, path, _ in self.externals(run, step):
                there(fixed.get((name, path)))
        inputs: Inputs = {}
        if spec is not None:
            try:
                inputs["", ""] = fixed.get(("", "")) or self.find(ModelReference(), run, spec)
            except MissingReferenceError:
                if not makes_version(spec):
                    raise
        for name, source in step.inputs.items():
            for path, leaf in placed(source):
                inputs[name, path] = fixed.get((name, path)) or self.find(leaf, run, spec)
        return inputs

    def _had_before(self, attempt: Attempt) -> Inputs:
        """A retry takes what the last attempt that began had, unless it is to look it up anew."""
        begun = [a for a in attempt.run.attempts if a.step.name == attempt.step.name and a.began]
        if (attempt.step.retry or Retry()).refresh or not begun or begun[-1].moved_away:
            return {}
        return begun[-1].inputs

    def _serve(self, attempt: Attempt) -> None:
        """The outputs of an earlier attempt, where all that its body read is the same again."""
        same = [a for a in self.ended if a.key == attempt.key and a.cacheable]
        for hit in [a for a in reversed(same) if a.run in self.runs][:5]:
            reads = self._read_again(attempt, hit)
            if reads is not None:
                self._make_model(attempt)
                attempt.reads, attempt.served_by = reads, hit
                attempt.state, attempt.began, attempt.cacheable = "committed", True, False
                attempt.outputs = dict(hit.outputs)
                self._link(attempt, [*hit.outputs.values(), *hit.saved])
                self.ended.append(attempt)
                return

    def _read_again(self, attempt: Attempt, hit: Attempt) -> list[tuple[Any, Found]] | None:
        stands_for: dict[Version, Version] = {}
        for place, found in hit.inputs.items():
            if found.artifact and place in attempt.inputs and attempt.inputs[place].artifact:
                stands_for.setdefault(found.artifact, there(attempt.inputs[place].artifact))
        reads = []
        for reference, found in hit.reads:
            try:
                again = self.find(reference, attempt.run, attempt.spec)
            except MissingReferenceError:
                return None
            if not found.same_as(again):
                return None
            both = found.artifact and again.artifact
            if both and stands_for.setdefault(found.artifact, again.artifact) is not both:
                return None
            reads.append((reference, again))
        return reads

    def begin(self, attempt: Attempt) -> None:
        """Before user code; the run's own model version is made."""
        check_open(attempt)
        self._make_model(attempt)
        attempt.state, attempt.began = "began", True

    def _make_model(self, attempt: Attempt) -> None:
        spec = attempt.spec
        if attempt.model is not None or spec is None or not makes_version(spec):
            return
        named = (v for v in self.models if v.model == spec.name and v.name == spec.version)
        made = next(named, None) if spec.version else self.made_by(attempt.run, spec.name)
        if made is None:
            number = self._next("model", spec.name)
            made = ModelVersion(spec.name, number, spec.version, attempt.run)
            self.models.append(made)
        attempt.model = made

    def _link(self, attempt: Attempt, versions: list[Version]) -> None:
        if attempt.model is not None:
            for version in versions:
                attempt.model.links.setdefault(version, attempt.model.run is attempt.run)

    # What a step's body does

    def look_up(self, attempt: Attempt, reference: Any, fresh: bool = False) -> Found:
        """What was bound once stays bound; the rest is looked up now, and recorded."""
        check_open(attempt)
        place = place_of(reference)
        if fresh:
            attempt.bound.pop(place, None)
            if isinstance(reference, ModelReference):
                linked = [at for at, f in attempt.bound.items() if f.artifact and f.model]
                for at in linked:
                    del attempt.bound[at]
        bound = attempt.bound.get(place)
        if bound is not None and not (bound.artifact is None and place not in attempt.noted):
            return bound
        found = bound or self._answer(attempt, reference)
        attempt.reads.append((reference, found))
        if found.value is NOTHING:
            attempt.noted.add(place)
            if bound is None:
                self._bind(attempt, reference, found)
        return found

    def _answer(self, attempt: Attempt, reference: Any) -> Found:
        """What it is now; in a replay what it was then, in order, the last answer for good."""
        then = attempt.run.replayed_reads.get(attempt.step.name, [])
        answers = [at for at, (ref, _) in enumerate(then) if ref == reference]
        before = [ref for ref, _ in attempt.reads if ref == reference]
        if answers:
            return then[answers[min(len(before), len(answers) - 1)]][1]
        try:
            return self.find(reference, attempt.run, attempt.spec)
        except MissingReferenceError:
            attempt.cacheable = False
            raise

    def _bind(self, attempt: Attempt, reference: Any, found: Found) -> None:
        """A model version that a reference goes through is bound with it."""
        subject = reference if isinstance(reference, ModelReference) else subject_of(reference)
        if subject is None or (found.artifact is None and found.model is None):
            return
        found = replace(found, value=NOTHING)
        model = subject.model if isinstance(subject, ModelArtifact) else subject
        if isinstance(model, ModelReference) and found.model is not None:
            name, version = model.name or there(attempt.spec).name, model.version
            if version is None and attempt.spec and attempt.spec.name == name:
                version = attempt.spec.version
            if version is not None:
                whole = place_of(ModelReference(name, version))
                attempt.bound.setdefault(whole, replace(found, artifact=None))
        if isinstance(subject, ModelArtifact) and found.model is not None:
            number = ModelReference(found.model.model, str(found.model.number))
            subject = replace(subject, model=number)
        attempt.bound[place_of(subject)] = found

    def save(self, attempt: Attempt, artifact: str, text: str) -> Version:
        """Committed at once; it stays if the step fails."""
        check_open(attempt)
        version = self.publish(artifact, text, by=attempt)
        attempt.saved.append(version)
        self._link(attempt, [version])
        return version

    def promote_in(
        self, attempt: Attempt, version: ModelVersion, stage: str, force: bool, expect: str | None
    ) -> None:
        """The step sees it at once, others with its commit."""
        stages = {v: v.stage for v in self.models}
        for earlier in attempt.promotions:
            stages.update(moves(stages, *earlier[:2], True, None))
        list(moves(stages, version, stage, force, expect))
        attempt.promotions.append((version, stage, force, expect))

    # How attempts and runs end

    def commit(self, attempt: Attempt, texts: Mapping[str, str]) -> None:
        """Everything at once, or the attempt has failed."""
        check_open(attempt)
        try:
            moved = self._moved(attempt)
            self._check_outputs(attempt, texts)
            self._check_promotions(attempt)
        except (ReferenceMovedError, VersionConflictError, StageTakenError) as error:
            attempt.state = "failed"
            attempt.moved_away = isinstance(error, ReferenceMovedError)
            return
        attempt.moved, attempt.state = moved, "committed"
        for output in attempt.step.outputs:
            made = self.publish(output.artifact or "", texts[output.name], output.version, attempt)
            attempt.outputs[output.name] = made
            self._link(attempt, [made])
        for promotion in sorted(attempt.promotions, key=lambda p: p[0].model):
            self.promote(*promotion)
        attempt.cacheable = attempt.cacheable and not attempt.promotions
        self.ended.append(attempt)

    def _check_outputs(self, attempt: Attempt, texts: Mapping[str, str]) -> None:
        named = {(v.artifact, v.name): v.text for v in self.versions if v.name}
        for output in attempt.step.outputs:
            place = output.artifact or "", output.version
            if output.version and named.setdefault(place, texts[output.name]) != texts[output.name]:
                raise VersionConflictError("it exists with other bytes")

    def _check_promotions(self, attempt: Attempt) -> None:
        stages = {v: v.stage for v in self.models}
        for promotion in sorted(attempt.promotions, key=lambda p: p[0].model):
            stages.update(moves(stages, *promotion))

    def _moved(self, attempt: Attempt) -> set[tuple[str, str, str]]:
        """What is something else by now than when the attempt resolved or read it."""
        run, step = attempt.run, attempt.step
        moved: set[tuple[str, str, str]] = set()
        if run.replays is not None:
            return moved
        if run.spec.freshness != "run":
            for name, path, source in self.externals(run, step):
                before = attempt.inputs[name, path]
                if self._is_other(attempt, source or ModelReference(), before):
                    if isinstance(source, Guarded) and source.on_moved == "fail":
                        raise ReferenceMovedError("it moved")
                    moved.add((name, path, ""))
        for reference, found in attempt.reads:
            if found.value is NOTHING and self._is_other(attempt, reference, found):
                moved.add(("", "", place_of(reference) + identity_of(found)))
        return moved

    def _is_other(self, attempt: Attempt, reference: Any, before: Found) -> bool:
        try:
            now = self.find(reference, attempt.run, attempt.spec)
        except MissingReferenceError:
            return True
        return not before.same_as(now)

    def fail(self, attempt: Attempt) -> None:
        """What the step saved stays; its promotions never were."""
        check_open(attempt)
        attempt.state = "failed"

    def fence(self, attempt: Attempt) -> None:
        """Nothing of it can be written from now on."""
        attempt.state = "fenced"

    def finish(self, run: Run, phase: str) -> None:
        """A run that went well makes its model versions ready; they are failed otherwise.

        So does one that worked on a named version that a failed run had left.
        """
        run.phase = phase
        self.finished.append(run)
        for version in self.models:
            if version.run is run and version.status == "open":
                version.status = "ready" if phase == "Succeeded" else "failed"
        for attempt in run.attempts:
            model = attempt.model
            if phase == "Succeeded" and attempt.state == "committed" and model and model.name:
                model.status = "ready" if model.status == "failed" else model.status

    # What is deleted

    def delete_versions(self, versions: list[Version]) -> list[Version]:
        """Those that no run and no model version needs."""
        going = [v for v in versions if not self._needs_version(v)]
        self.versions = [v for v in self.versions if v not in going]
        return going

    def _needs_version(self, version: Version) -> bool:
        needed = version.made_by is not None and version.made_by.run in self.runs
        for attempt in (a for run in self.runs for a in run.attempts):
            needed |= version in attempt.outputs.values()
            needed |= any(found.artifact is version for found in all_found(attempt))
        for run in self.runs:
            needed |= any(f.artifact is version for f in all_pinned(run))
        return needed or any(version in model.links for model in self.models)

    def delete_models(self, models: list[ModelVersion]) -> list[ModelVersion]:
        """Those that no run needs, that stand in no stage and never stood in an exclusive one."""
        going = [v for v in models if not self._needs_model(v)]
        self.models = [v for v in self.models if v not in going]
        self.events = [event for event in self.events if event.version not in going]
        return going

    def _needs_model(self, model: ModelVersion) -> bool:
        needed = model.stage in EXCLUSIVE or model.run in self.runs
        needed |= any(e.version is model and e.after in EXCLUSIVE for e in self.events)
        for run in self.runs:
            for found in (*all_pinned(run), *(f for a in run.attempts for f in all_found(a))):
                needed |= found.model is model
                needed |= found.event is not None and found.event.version is model
            needed |= any(attempt.model is model for attempt in run.attempts)
        return needed

    def delete_runs(self, runs: list[Run]) -> list[Run]:
        """Those that are over, whose models stand in no stage, but for the newest success, and
        for what a run replays that goes on.
        """
        staged = {v.run for v in self.models if v.stage in EXCLUSIVE}
        good = {r.spec.name: r for r in self.finished if r.phase == "Succeeded"}
        replayed = [r.replays for r in self.runs if r.phase == "Running"]
        kept = [*staged, *good.values(), *replayed]
        going = [r for r in runs if r.phase != "Running" and r not in kept]
        self.runs = [r for r in self.runs if r not in going]
        self.finished = [r for r in self.finished if r not in going]
        return going
