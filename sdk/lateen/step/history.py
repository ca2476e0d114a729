"""What happened, as the operations of the client's protocol tell it; all of it reads only."""

from __future__ import annotations

import secrets
from pathlib import Path
from urllib.parse import unquote

from lateen.domain.errors import NotFoundError
from lateen.domain.names import did_you_mean
from lateen.step.explaining import Facts, explained
from lateen.step.ports import Catalog, Json, Stores
from lateen.step.transfer import fetch_blob


class History:
    """Looks back; ``scratch`` is a folder for what is fetched."""

    def __init__(self, stores: Stores, scratch: Path) -> None:
        self.stores = stores
        self.catalog = stores.catalog
        self.objects = stores.objects
        self.private = stores.private
        self.scratch = scratch

    def artifact_versions(self, name: str) -> list[Json]:
        return self.catalog.reading.versions_of_artifact(name)

    def artifacts(self) -> list[Json]:
        return self.catalog.reading.artifacts()

    def model_versions(self, name: str) -> list[Json]:
        return self.catalog.reading.versions_of_model(name)

    def models(self, name: str | None = None) -> list[Json]:
        return self.catalog.reading.models(name)

    def stage_history(self, model: str, limit: int | None = None) -> list[Json]:
        """The stage events of a model in their order, or so many of the newest."""
        found = self.catalog.reading.stage_history(model, limit)
        if not found:
            known = [each["name"] for each in self.models()]
            if model not in known:
                raise NotFoundError(f"there is no model {model!r}{did_you_mean(model, known)}")
        return found[::-1]

    def details(
        self, artifact_version: str | None = None, model_version: str | None = None
    ) -> Json:
        """A version in full, by its id."""
        if model_version is not None:
            return self._model_by_id(model_version)
        found = self.catalog.reading.artifact_versions([str(artifact_version)])
        if not found:
            raise NotFoundError(f"there is no artifact version {artifact_version} any more")
        return found[0]

    def model_artifacts(self, model_version: str) -> list[Json]:
        return self.catalog.reading.linked(model_version)

    def pipeline(self, name: str) -> Json:
        return self.catalog.reading.pipeline(name)

    def pipelines(self) -> list[Json]:
        return self.catalog.reading.pipelines()

    def runs(
        self,
        pipeline: str | None = None,
        status: str | None = None,
        limit: int | None = None,
        newest_first: bool = False,
    ) -> list[Json]:
        by_finish = pipeline is not None and status == "Succeeded"
        reading = self.catalog.reading
        found = reading.runs(reading.run_ids(pipeline, status, limit, by_finish))
        return found if newest_first else found[::-1]

    def run(self, name: str) -> Json:
        return self.catalog.reading.run(self.catalog.reading.run_id(name))

    def differences(self, run: str) -> list[Json]:
        return self.catalog.reading.differences(self.catalog.reading.run_id(run))

    def step(self, run: str, step: str) -> Json:
        found, run_id = self._step(run, step)
        reading, name = self.catalog.reading, found["name"]
        attempt = reading.attempt(run_id, name)
        receipts = [] if attempt is None else reading.receipts(run_id, name, attempt["n"])
        whole = reading.runs([run_id])[0]
        facts = Facts(
            found,
            whole,
            reading.step_spec(whole["spec_digest"], name),
            receipts,
            attempt["cache_parts"] if attempt else None,
            reading.previous(run_id, name),
            reading.same_key(run_id, name, attempt["n"]) if attempt else None,
        )
        return {
            **found,
            "why": explained(facts),
            "receipts": receipts,
            "inputs": inputs_of(self.catalog, receipts),
            "outputs": reading.outputs(run_id, name),
            "metadata": reading.metadata_of_step(run_id, name),
        }

    def logs(self, run: str, step: str, n: int | None = None) -> str:
        found, run_id = self._step(run, step)
        attempt = self.catalog.reading.attempt(run_id, found["name"], n)
        log = attempt["log"] if attempt else None
        if not log:
            return ""
        path = self.new_place() / "log"
        path.parent.mkdir(parents=True, exist_ok=True)
        fetch_blob(log["sha256"], log["generation"], self.stores, path)
        return path.read_bytes().decode("utf-8", "replace")

    def stack(self) -> Json:
        uri = self.objects.uri
        is_folder = uri.startswith("file://")
        return {"artifact_store": unquote(uri.removeprefix("file://")) if is_folder else uri}

    def new_place(self) -> Path:
        """A path for a new directory; nothing is there."""
        return self.scratch / secrets.token_hex(8)

    def _step(self, run: str, step: str) -> tuple[Json, str]:
        run_id = self.catalog.reading.run_id(run)
        found = self.catalog.reading.step(run_id, step)
        if found is not None:
            return found, run_id
        whole = self.catalog.reading.run(run_id)
        known = [each["history_name"] for each in whole["steps"]]
        raise NotFoundError(
            f"the run {whole['name']!r} has no step {step!r}{did_you_mean(step, known)}"
        )

    def _model_by_id(self, model_version: str) -> Json:
        found = self.catalog.reading.model_versions([model_version])
        if not found:
            raise NotFoundError(f"there is no model version {model_version} any more")
        return found[0]


def inputs_of(catalog: Catalog, receipts: list[Json]) -> Json:
    """The inputs of a step by name, from its receipts; lists and dicts as they were written."""
    wanted = [r for r in receipts if r["kind"] == "input" and r["input"]]
    ids = {r["artifact"]["id"] for r in wanted if r["artifact"] and not r["has_value"]}
    versions = {version["id"]: version for version in catalog.reading.artifact_versions(ids)}
    inputs: Json = {}
    for receipt in wanted:
        artifact = None if receipt["has_value"] else receipt["artifact"]
        leaf: Json = versions[artifact["id"]] if artifact else {"value": receipt["value"]}
        if receipt["path"]:
            inputs.setdefault(receipt["input"], {"map": {}})["map"][receipt["path"]] = leaf
        else:
            inputs[receipt["input"]] = leaf
    return {name: _as_list(item) for name, item in inputs.items()}


def _as_list(item: Json) -> Json:
    entries = item.get("map")
    if entries and list(entries) == [str(place) for place in range(len(entries))]:
        return {"list": list(entries.values()), "as": "list"}
    return item
