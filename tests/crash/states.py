"""What must hold of a workspace whatever died in it."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from lateen.domain.artifacts import Content, File, Manifest

OUTPUTS = {"train": 2}
"""How many outputs a step has, but for those that have one."""

UNCOMMITTED = "(SELECT run_id, step, n FROM attempts WHERE state <> 'committed')"
HALF_VISIBLE = {
    "outputs": f"""
        SELECT step, output FROM attempt_outputs WHERE (run_id, step, attempt) IN {UNCOMMITTED}""",
    "versions, but for those that were saved at once": f"""
        SELECT a.name, v.number FROM artifact_versions v JOIN artifacts a ON a.id = v.artifact_id
         WHERE a.name <> 'size' AND (v.run_id, v.step, v.attempt) IN {UNCOMMITTED}""",
    "links": f"""
        SELECT a.name FROM model_links l JOIN artifact_versions v ON v.id = l.artifact_version_id
          JOIN artifacts a ON a.id = v.artifact_id
         WHERE a.name <> 'size' AND (v.run_id, v.step, v.attempt) IN {UNCOMMITTED}""",
    "promotions": f"""
        SELECT to_stage FROM stage_events WHERE (run_id, step, attempt) IN {UNCOMMITTED}""",
    "metadata of the step": """
        SELECT step, key FROM metadata WHERE run_id IS NOT NULL AND (run_id, step) NOT IN
        (SELECT run_id, step FROM attempts WHERE state = 'committed')""",
    "logs": """
        SELECT step FROM attempts WHERE log IS NOT NULL AND state IN ('open', 'began')""",
    "receipts of no attempt": """
        SELECT step FROM receipts WHERE (run_id, step, attempt) NOT IN
        (SELECT run_id, step, n FROM attempts)""",
}
WRONG_IN_THE_END = {
    "attempts that could still write": """
        SELECT step, n, state FROM attempts WHERE state IN ('open', 'began')""",
    "runs that seem to go on": "SELECT name, phase FROM runs WHERE finished_at IS NULL",
    "steps that seem to go on": """
        SELECT name, phase FROM steps WHERE phase IN ('Pending', 'Waiting', 'Running')""",
    "steps that did not commit and look as if": """
        SELECT name, phase FROM steps s WHERE phase IN ('Succeeded', 'Cached') AND NOT EXISTS
        (SELECT FROM attempts a WHERE (a.run_id, a.step) = (s.run_id, s.name)
            AND a.state = 'committed')""",
    "model versions whose run has ended": """
        SELECT number FROM model_version_states WHERE status = 'open'""",
}


def check_nothing_half(workspace: Any) -> None:
    """What did not commit is invisible; what is visible is whole, and its bytes are there."""
    _check_empty(workspace, HALF_VISIBLE)
    committed = workspace.rows(
        "SELECT a.step, (SELECT count(*) FROM attempt_outputs o"
        " WHERE (o.run_id, o.step, o.attempt) = (a.run_id, a.step, a.n))"
        " FROM attempts a WHERE a.state = 'committed'"
    )
    assert all(outputs == OUTPUTS.get(step, 1) for step, outputs in committed), committed
    check_bytes(workspace)


def check_bytes(workspace: Any) -> None:
    """Every file of every version is a blob in the store or lies in the catalog, as its digest
    promises."""
    for digest, body, kept in workspace.rows(
        "SELECT m.digest, m.body, m.content FROM artifact_versions v"
        " JOIN manifests m ON m.digest = v.digest WHERE m.content IS NOT NULL"
    ):
        content = Content(Manifest.from_json(json.loads(body)), kept=kept)
        assert content.manifest.digest == digest
        assert all(File.of(file.path, held) == file for file, held in content.kept_files())
    assert (
        workspace.rows(
            "SELECT digest FROM manifests m WHERE content IS NULL AND NOT EXISTS"
            " (SELECT FROM manifest_blobs b WHERE b.digest = m.digest)"
        )
        == []
    )
    blobs = workspace.rows(
        "SELECT m.sha256, max(b.generation) FROM artifact_versions v"
        " JOIN manifests n ON n.digest = v.digest AND n.content IS NULL"
        " JOIN manifest_blobs m ON m.digest = v.digest"
        " LEFT JOIN blobs b ON b.sha256 = m.sha256 AND b.state = 'present' GROUP BY m.sha256"
    )
    for sha256, generation in blobs:
        blob = workspace.blob(sha256, generation)
        assert hashlib.sha256(blob.read_bytes()).hexdigest() == sha256


def check_all_ended(workspace: Any) -> None:
    """Nothing looks as if it went on."""
    _check_empty(workspace, WRONG_IN_THE_END)


def _check_empty(workspace: Any, queries: dict[str, str]) -> None:
    for what, query in queries.items():
        assert (what, workspace.rows(query)) == (what, [])
