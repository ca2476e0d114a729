"""Somebody means no good: what a step, a spec or a neighbour may try, tried in real Pods."""

from __future__ import annotations

import base64
import hashlib
import inspect
import io
import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from lateen.domain.spec import PipelineSpec
from lateen.step.operations import OPERATIONS
from lateen.step.session import Session
from lateen_operator.pods.builder import build_pod
from lateen_operator.pods.names import pod_name
from lateen_operator.pods.settings import PodSettings, RunIdentity
from tests.cluster import archives, operator_process, places, workspace
from tests.cluster.api import CORE, EVENTS, LATEEN, Json
from tests.cluster.cluster import Cluster
from tests.cluster.operator_process import OperatorProcess
from tests.cluster.person import Person
from tests.cluster.runs import Run, Space, shell
from tests.cluster.stores import Stores
from tests.cluster.waiting import until
from tests.cluster.workspace import Workspace

pytestmark = pytest.mark.project("attacks")

TOKEN = base64.b64encode(b'{"alg":"RS256","kid":"').decode()[:-3]
"""How every service account token begins."""
LONG = 150
"""Seconds for a Run of several Pods on a busy machine."""
OPERATING = {
    name: list(inspect.signature(getattr(Session, name)).parameters)[1:]
    for name in sorted(OPERATIONS)
}
"""The operations of the socket, with the names of their parameters."""


@pytest.fixture(scope="module")
def attack(person: Person, stores: Stores) -> Any:
    """A Run whose steps try what they can."""
    wanted = [person.workspace.environment["AWS_SECRET_ACCESS_KEY"], stores.password, TOKEN]
    turned = [text[::-1] for text in wanted]
    run = person.module("attacks").attacking.submit(turned, OPERATING)
    return person.finished(run, LONG)


def seen(run: Any, step: str, output: str) -> Any:
    """What a step put out."""
    assert run.steps[step].status == "Succeeded", run.steps[step]
    return run.steps[step].outputs[output].load()


# 4, 9: what a step's code can reach


def test_a_steps_code_finds_no_credential_wherever_it_looks(attack: Any) -> None:
    found = seen(attack, "look", "seen")
    for place in ("files", "environment", "processes", "answers"):
        assert found[place] == [], place
    assert found["read"] > 5000
    assert found["numbers"][0] == 1
    assert len(found["numbers"]) <= 3, "no process of another container"
    assert [point for point in found["mounts"] if "secrets" in point] == []
    assert [point for point in found["mounts"] if "lateen" in point] == [
        "/lateen/given",
        "/lateen/work",
    ]
    assert (found["abstract"], found["listening"]) == ([], [])


def test_each_odd_request_gets_an_answer_and_changes_nothing(attack: Any) -> None:
    found = seen(attack, "look", "seen")
    assert found["unanswered"] == []
    writing = {"save_artifact", "register_artifact", "set_stage", "protect_stage", "fetch"}
    assert writing.isdisjoint(found["done"])


def test_what_a_step_is_given_it_can_read_only(attack: Any) -> None:
    for name, said in seen(attack, "leave", "said")["given"].items():
        assert said.startswith(("OSError: [Errno 30]", "PermissionError")), name


def test_what_is_no_file_or_too_much_is_not_stored(person: Person, attack: Any) -> None:
    said = seen(attack, "leave", "said")
    words = {
        "link to a file": "'x' in an output is a symbolic link",
        "link to a folder": "'x' in an output is a symbolic link",
        "link to what publish keeps": "'x' in an output is a symbolic link",
        "fifo": "'x' in an output is a FIFO",
        "socket": "'x' in an output is a socket",
        "device": "PermissionError",
        "hard link out": "Invalid cross-device link",
        "hard link to a program": "Invalid cross-device link",
        "sparse": "more than 4,398,046,511,104 bytes",
        "newline": "not printable UTF-8",
        "backslash": "a backslash in its name",
        "no text": "not printable UTF-8",
        "deep": "more than 32 directories inside each other",
        "many": "more than 100,000 files and directories",
    }
    assert set(said["folders"]) == set(words)
    for name, wanted in words.items():
        assert wanted in said["folders"][name], name
    for path, answer in said["paths"].items():
        assert not answer.startswith("done"), path
    assert person.space.rows("SELECT count(*) FROM artifacts WHERE name = 'odd'") == [(0,)]


def test_a_name_that_is_none_is_refused(attack: Any) -> None:
    for name, said in seen(attack, "leave", "said")["names"].items():
        assert said.startswith(("InvalidNameError", "TypeError")), name


def test_a_folder_that_becomes_a_link_meanwhile_leads_nowhere(person: Person, attack: Any) -> None:
    counts = seen(attack, "leave", "said")["swapping"]
    assert min(counts.values()) > 0, "it was stored at times, and met in between at others"
    rows = person.space.rows(
        "SELECT DISTINCT m.body FROM artifact_versions v JOIN artifacts a ON a.id = v.artifact_id"
        " JOIN manifests m ON m.digest = v.digest WHERE a.name = 'swapped'"
    )
    harmless = hashlib.sha256(b"harmless").hexdigest()
    stored = {file["sha256"] for (text,) in rows for file in json.loads(text)["files"]}
    assert stored == {harmless}


def test_an_end_that_a_step_made_up_is_none(person: Person, attack: Any) -> None:
    words = {
        "forge-undeclared": "put out '../other', which it does not declare",
        "forge-pickled": "it holds a pickle, which its author did not allow",
        "forge-nothing": "of an output cannot be read",
        "forge-cause": "cannot tell that it was lost",
    }
    run = person.run(attack)
    for step, wanted in words.items():
        assert run.ends(step) == [("failed", "user")]
        assert wanted in run.step(step)["message"]
        assert run.committed(step) == 0


def test_a_step_that_removes_all_that_it_shares_ends_as_it_does(attack: Any) -> None:
    assert seen(attack, "remove", "left") == 1


def test_a_step_that_takes_all_that_it_can_harms_nobody(person: Person) -> None:
    """Processes, requests without end, a flood of output: each in a Pod, beside one that works."""
    wasting = person.module("attacks").wasting.submit()
    beside = person.space.start(shell("beside", "sleep 1"))
    run = person.finished(wasting, LONG)
    assert beside.finished() == "Succeeded"
    assert person.run(run).ends("fill") == [("failed", "user")]
    assert "No space left on device" in person.run(run).step("fill")["message"]
    assert seen(run, "multiply", "children") == 300
    assert seen(run, "flood", "flooded")["sent"] > 100 << 20
    assert seen(run, "print_much", "printed") == 1024
    flooded = person.run(run).pod("flood")["status"]["containerStatuses"]
    assert {it["name"]: it["restartCount"] for it in flooded}["publish"] == 0
    text = run.steps["print_much"].logs
    assert len(text) < 2 << 20
    assert "bytes of this log were cut here" in text
    assert text.endswith("the last line\n")


# 9: outputs and volumes of plain commands


def test_a_plain_command_that_leaves_no_output_or_no_room_fails_with_clear_words(
    person: Person,
) -> None:
    out, small = "$LATEEN_OUTPUTS/out", {"size": "1Mi", "medium": "Memory"}
    run = person.space.start(
        shell("link", f"ln -s /proc/self/environ {out}/out.txt; exit 0"),
        shell("folder", f"rm -r {out}; ln -s /proc/self {out}; exit 0"),
        shell("fifo", f"mkfifo {out}/x"),
        shell("nothing", "rm -rf /lateen/work/* /lateen/given/* || exit 0"),
        shell("full", "dd if=/dev/zero of=$HOME/big bs=64k count=64", workDir=small),
        failurePolicy="continue",
    )
    words = {
        "link": "'out.txt' in an output is a symbolic link",
        "folder": "'outputs/out' of an output cannot be read",
        "fifo": "'x' in an output is a FIFO",
        "nothing": "'outputs/out' of an output cannot be read",
        "full": "its work directory is full: enlarge workDir.size",
    }
    assert run.finished(LONG) == "Failed"
    for step, wanted in words.items():
        assert wanted in run.step(step)["message"], step
    assert sum(run.committed(step) for step in words) == 0


# 1: source archives


@pytest.mark.needs_machine("own_node")
def test_an_archive_that_would_write_elsewhere_is_refused_and_has_written_nothing(
    person: Person,
) -> None:
    steps = {}
    for name, (make, words) in archives.HOSTILE.items():
        digest = uploaded(make())
        steps[name] = (person.space.start(shell("step", out=False), code={"digest": digest}), words)
    for name, (run, words) in steps.items():
        assert run.finished(LONG) == "Failed", name
        assert run.ends("step") == [("failed", "reference")], name
        message = run.step("step")["message"]
        assert "source archive is not unpacked" in message, (name, message)
        (full,) = run.space.rows("SELECT error FROM attempts WHERE run_id = %s", run.uid)[0]
        assert words in full["message"], name
        uid = run.pod("step")["metadata"]["uid"]
        volumes = places.node() / "kubelet" / "pods" / uid / "volumes"
        assert volumes.is_dir(), name
        assert archives.forged_below(volumes) == [], name


def uploaded(content: bytes) -> str:
    """Stores an archive in the workspace; how a spec names it."""
    from lateen.local.target import default
    from lateen.step.leases import leasing

    made, sha256 = default().workspace, hashlib.sha256(content).hexdigest()
    with leasing(made.catalog.attempts, "uploading/test", release=False) as lease:
        generation = lease([(sha256, len(content))])[sha256]
        made.objects.put(sha256, generation, io.BytesIO(content), len(content))
    return f"sha256:{sha256}"


# 3: what a podTemplate may not hold


def container(**fields: Any) -> Json:
    return {"spec": {"containers": [{"name": "step", **fields}]}}


def volume(**source: Any) -> Json:
    return {"spec": {"volumes": [{"name": "x", **source}]}}


STORE = {"name": "lateen-stores"}
FIRST = "podTemplate.spec.containers[0]"
VOLUME = "podTemplate.spec.volumes[0]"
PROJECTED = {"sources": [{"serviceAccountToken": {"path": "token"}}]}
TEMPLATES: Mapping[str, tuple[Json, str]] = {
    "host path": (volume(hostPath={"path": "/"}), f"{VOLUME}.hostPath"),
    "host network": ({"spec": {"hostNetwork": True}}, "podTemplate.spec.hostNetwork"),
    "host processes": ({"spec": {"hostPID": True}}, "podTemplate.spec.hostPID"),
    "shared processes": (
        {"spec": {"shareProcessNamespace": True}},
        "podTemplate.spec.shareProcessNamespace",
    ),
    "token": (volume(projected=PROJECTED), f"{VOLUME}.projected"),
    "token by mount": (
        {"spec": {"automountServiceAccountToken": True}},
        "podTemplate.spec.automountServiceAccountToken",
    ),
    "driver": (volume(csi={"driver": "secrets-store.csi.k8s.io"}), f"{VOLUME}.csi"),
    "store in env": (
        container(env=[{"name": "X", "valueFrom": {"secretKeyRef": {**STORE, "key": "k"}}}]),
        f"{FIRST}.env[0].valueFrom.secretKeyRef.name",
    ),
    "store in envFrom": (
        container(envFrom=[{"secretRef": STORE}]),
        f"{FIRST}.envFrom[0].secretRef.name",
    ),
    "store as volume": (volume(secret={"secretName": "lateen-stores"}), f"{VOLUME}.secret"),
    "store to pull by": (
        {"spec": {"imagePullSecrets": [STORE]}},
        "podTemplate.spec.imagePullSecrets[0].name",
    ),
    "init container": ({"spec": {"initContainers": []}}, "podTemplate.spec.initContainers"),
    "ephemeral": ({"spec": {"ephemeralContainers": []}}, "podTemplate.spec.ephemeralContainers"),
    "second container": (
        {"spec": {"containers": [{"name": "step"}, {"name": "step"}]}},
        "podTemplate.spec.containers",
    ),
    "our container": ({"spec": {"containers": [{"name": "publish"}]}}, f"{FIRST}.name"),
    "our volume": (
        container(volumeMounts=[{"name": "lateen-given", "mountPath": "/x"}]),
        f"{FIRST}.volumeMounts[0].name",
    ),
    "over our mounts": (
        container(volumeMounts=[{"name": "x", "mountPath": "/lateen/given"}]),
        f"{FIRST}.volumeMounts[0].mountPath",
    ),
    "privileged": (
        container(securityContext={"privileged": True}),
        f"{FIRST}.securityContext.privileged",
    ),
    "root": (
        container(securityContext={"runAsUser": 0}),
        f"{FIRST}.securityContext.runAsUser",
    ),
    "command": (container(command=["sh"]), f"{FIRST}.command"),
    "nested template": (
        {"spec": {"podTemplate": {"spec": {"hostNetwork": True}}}},
        "podTemplate.spec.podTemplate",
    ),
    "names of hosts": ({"spec": {"hostAliases": []}}, "podTemplate.spec.hostAliases"),
    "node": ({"spec": {"nodeName": "x"}}, "podTemplate.spec.nodeName"),
    "our labels": ({"metadata": {"labels": {"lateen.dev/run": "x"}}}, "podTemplate.metadata"),
    "a database's labels": (
        {"metadata": {"labels": {"cnpg.io/cluster": "x", "cnpg.io/podRole": "instance"}}},
        "podTemplate.metadata.labels",
    ),
}


def test_a_template_that_reaches_too_far_is_refused_with_the_path_of_the_field(
    person: Person,
) -> None:
    made = {
        name: person.space.start(shell("step", podTemplate=template))
        for name, (template, _) in TEMPLATES.items()
    }
    made["store by name"] = person.space.start(
        shell("step", envFrom=[{"secretRef": STORE}]),
    )
    paths = {name: path for name, (_, path) in TEMPLATES.items()}
    paths["store by name"] = "lateen-stores"
    for name, run in made.items():
        assert run.finished() == "Failed", name
        accepted = run.condition("Accepted")
        assert accepted["status"] == "False", name
        assert paths[name] in accepted["message"], (name, accepted["message"])
        run.until(lambda run=run: run.events(), "the Event", 10)
        told = run.events()[accepted["reason"]]
        assert paths[name] in told, name
        assert run.pods() == [], name


# 7: a forged child


@pytest.mark.parametrize("owned", [False, True], ids=["a stranger", "with a forged owner"])
def test_a_pod_that_took_a_steps_name_is_neither_taken_for_it_nor_deleted(
    person: Person, owned: bool
) -> None:
    body = {"name": "x", "image": person.space.image, "steps": [shell("step")]}
    name = f"forged-{'owned' if owned else 'plain'}"
    made = person.space.api.create(
        person.space.path("runs"),
        {
            "apiVersion": "lateen.dev/v1alpha1",
            "kind": "Run",
            "metadata": {"name": name},
            "spec": {"pipelineSpec": body, "desired": "Paused"},
        },
    )
    run = Run(person.space, name, made["metadata"]["uid"])
    forged = person.space.api.create(
        person.space.path("pods", api=CORE), forgery(person.space, run, owned)
    )
    run.desire("Running")
    assert run.finished(LONG) == "Succeeded"
    assert run.ends("step") == [("failed", "infrastructure"), ("committed", None)]
    assert "a Pod that Lateen did not make has the name" in run.events()["PodNameTaken"]
    still = person.space.api.get(person.space.path("pods", forged["metadata"]["name"], api=CORE))
    assert still is not None
    assert still["metadata"]["uid"] == forged["metadata"]["uid"]
    assert "deletionTimestamp" not in still["metadata"]


def forgery(space: Space, run: Run, owned: bool) -> Json:
    """A Pod with the name and the labels of the Run's first attempt, that has failed."""
    spec = PipelineSpec.from_json({"name": "x", "image": space.image, "steps": [shell("step")]})
    identity = RunIdentity(run.name, run.uid, space.namespace)
    body = build_pod(identity, spec, spec.steps[0], 1, PodSettings(space.image))
    only = body["spec"]["containers"][0]
    only["command"] = ["sh", "-c", "exit 1"]
    if not owned:
        del body["metadata"]["ownerReferences"]
    volumes = body["spec"]["volumes"]
    kept = {key: body["spec"][key] for key in ("securityContext", "restartPolicy")}
    body["spec"] = {**kept, "containers": [only], "volumes": volumes}
    assert body["metadata"]["name"] == pod_name(run.name, run.uid, "step", 1)
    return body


# 9: the neighbours


@pytest.fixture(scope="module")
def theirs(cluster: Cluster, stores: Stores, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What a run in another workspace made: its name, id, and its artifact's version and digest."""
    made = workspace.create(cluster, stores)
    project = tmp_path_factory.mktemp("theirs")
    (project / "pyproject.toml").touch()
    (project / "making.py").write_text(MAKING)
    environment = {
        **cluster.environment,
        **made.environment,
        "LATEEN_TARGET": "local",
        "LATEEN_HOME": str(project / "home"),
        "LATEEN_PROGRESS": "none",
    }
    done = subprocess.run(
        [sys.executable, "making.py"],
        cwd=project,
        env=environment,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    yield json.loads(done.stdout)
    made.delete()


MAKING = """
import json
from typing import Annotated
from lateen import pipeline, step

@step
def make() -> Annotated[str, "theirs"]:
    return "a neighbour's secret"

@pipeline
def making():
    make()

if __name__ == "__main__":
    run = making()
    version = run.steps["make"].outputs["theirs"]
    print(json.dumps({"run": run.id, "name": run.name, "id": version.id, "digest": version.digest}))
"""


def test_what_a_neighbour_made_is_not_there_by_any_name(person: Person, theirs: Any) -> None:
    sources = {
        "by-name": {"artifact": {"name": "theirs"}},
        "by-digest": {"artifact": {"digest": theirs["digest"]}},
        "by-run": {
            "run": {
                "pipeline": "making",
                "select": "latest-successful",
                "step": "make",
                "output": "theirs",
            }
        },
    }
    steps = [shell(name, inputs={"given": source}) for name, source in sources.items()]
    run = person.space.start(*steps, failurePolicy="continue")
    code = person.space.start(shell("step"), code={"digest": theirs["digest"]})
    asked = person.module("attacks").peeking.submit(theirs)
    assert run.finished(LONG) == "Failed"
    for name in sources:
        assert run.ends(name) == [("failed", "reference")], name
        assert run.committed(name) == 0
    assert code.finished(LONG) == "Failed"
    assert "is not in the object store" in code.step("step")["message"]
    for request, answer in seen(person.finished(asked, LONG), "peek", "answers").items():
        assert answer.startswith(("NotFoundError", "MissingReferenceError")), request


# names in resources


def test_a_name_that_is_none_is_refused_by_the_api_server(person: Person) -> None:
    odd = ["..", "../x", "a/b", "a\nb", "a\0b", "x" * 10_000, "\u0430bc", "", "A", "-a", "a$(b)"]
    for name in odd:
        for step in (shell(name), {**shell("step"), "outputs": [{"name": f"{name}/"}]}):
            whole = {"name": "x", "image": "x", "steps": [step]}
            body = {
                "apiVersion": "lateen.dev/v1alpha1",
                "kind": "Run",
                "metadata": {"name": "named"},
                "spec": {"pipelineSpec": whole},
            }
            status, answer = person.space.api.asked("POST", person.space.path("runs"), body)
            assert status in (400, 422), (name, answer)
        body = {**body, "metadata": {"name": name}}
        body["spec"] = {"pipelineSpec": {**whole, "steps": [shell("step")]}}
        status, answer = person.space.api.asked("POST", person.space.path("runs"), body)
        assert status in (400, 422), (name, answer)


def test_a_key_that_is_no_name_is_refused_by_the_operator_and_reaches_no_pod(
    person: Person,
) -> None:
    """The API server looks at no map's keys; where else a name stands: test_definitions."""
    odd = ["..", "../x", "a\n", "a\nb", "a\0b", "x" * 10_000, "\u0430bc", "", "a$(b)", "a=b", "/a"]
    fields = [
        field for name in odd for field in ({"env": {name: "1"}}, {"inputs": {name: {"value": 1}}})
    ]
    runs = [person.space.start(shell("step", **field)) for field in fields]
    for run, field in zip(runs, fields, strict=True):
        assert run.finished() == "Failed", field
        accepted = run.condition("Accepted")
        assert accepted["status"] == "False", field
        assert accepted["reason"] in ("InvalidResource", "InvalidName"), field
        assert "PodInvalid" not in run.events()
        assert run.pods() == [], field


# Pod Security


def test_python_steps_and_cached_ones_pass_where_restricted_is_enforced(person: Person) -> None:
    namespace = person.space.api.get(f"{CORE}/namespaces/{person.space.namespace}")
    assert namespace is not None
    assert namespace["metadata"]["labels"][ENFORCE] == "restricted"
    for phase, pods in (("Succeeded", 1), ("Cached", 0)):
        run = person.finished(person.module("attacks").keeping.submit())
        assert run.steps["keep"].status == phase
        assert len(person.run(run).pods()) == pods


# 6: what a parameter may hold


def test_a_parameter_reaches_every_kind_of_step_as_it_is(person: Person) -> None:
    odd = person.module("attacks").ODD
    texts = {"a": odd, "$(HOME)": "$$(LATEEN_STEP) $(LATEEN_WORK)"}
    python = person.module("attacks").giving_back.submit(odd, texts)
    script = 'printf %s "$1" > $LATEEN_OUTPUTS/out/word; printf %s "$ODD" > $LATEEN_OUTPUTS/out/env'
    script += '; printf %s "$LATEEN_PARAMETERS" > $LATEEN_OUTPUTS/out/parameters'
    plain = shell(
        "step",
        command=["sh", "-c", script, "sh", odd],
        env={"ODD": odd},
        inputs={"text": {"parameter": "text"}, "texts": {"parameter": "texts"}},
    )
    names = [{"name": "text", "type": "string"}, {"name": "texts", "type": "object"}]
    name = "giving-plain"
    person.space.api.create(
        person.space.path("runs"),
        {
            "apiVersion": "lateen.dev/v1alpha1",
            "kind": "Run",
            "metadata": {"name": name},
            "spec": {
                "pipelineSpec": {
                    "name": name,
                    "image": person.space.image,
                    "parameters": names,
                    "steps": [plain],
                },
                "parameters": {"text": odd, "texts": texts},
            },
        },
    )
    from lateen import Client

    back = seen(person.finished(python), "give_back", "back")
    assert (back["text"], back["texts"], back["env"]) == (odd, texts, odd)
    until(lambda: Client().get_pipeline_run(name).status == "Succeeded", name)
    folder = Client().get_pipeline_run(name).steps["step"].outputs["out"].load()
    assert (folder / "word").read_text() == odd
    assert (folder / "env").read_text() == odd
    assert json.loads((folder / "parameters").read_text()) == {"text": odd, "texts": texts}


# 2: credentials in words


@dataclass(frozen=True, slots=True)
class Broken:
    """Namespaces whose Secrets are wrong in different ways."""

    namespaces: Mapping[str, str]
    secret: str
    operator: OperatorProcess


SECRET = "S3cr3t0fTheStores"


@pytest.fixture(scope="module")
def broken(
    person: Person, cluster: Cluster, stores: Stores, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Broken]:
    environment = dict(person.workspace.environment)
    database, store = environment["LATEEN_DATABASE_URL"], environment["LATEEN_STORE_URL"]
    host = database.rpartition("@")[2]
    bad = {
        "password": {"LATEEN_DATABASE_URL": f"postgresql://somebody:{SECRET}@{host}"},
        "host": {"LATEEN_DATABASE_URL": f"postgresql://user:pass@{SECRET}@{host}"},
        "port": {"LATEEN_DATABASE_URL": f"postgresql://user:{SECRET}/x@{host}"},
        "url": {"LATEEN_DATABASE_URL": f"postgres//user:{SECRET}@{host}"},
        "option": {"LATEEN_DATABASE_URL": f"{database}?{SECRET}=1"},
        "key": {"AWS_SECRET_ACCESS_KEY": SECRET},
        "store": {"LATEEN_STORE_URL": f"s3://key:{SECRET}@bucket/x"},
        "endpoint": {"LATEEN_STORE_URL": f"{store.partition('?')[0]}?endpoint=http://a:{SECRET}@h"},
        "scheme": {"LATEEN_STORE_URL": f"https://key:{SECRET}@bucket"},
    }
    made = {why: f"broken-{why}-{person.workspace.namespace[-6:]}" for why in bad}
    api = person.space.api
    for why, namespace in made.items():
        metadata = {"name": namespace, "labels": {ENFORCE: "restricted"}}
        api.create(f"{CORE}/namespaces", {"metadata": metadata})
        secret = {"metadata": {"name": workspace.SECRET}, "stringData": {**environment, **bad[why]}}
        api.create(f"{CORE}/namespaces/{namespace}/secrets", secret)
    folder = tmp_path_factory.mktemp("broken")
    namespaces = list(made.values())
    with operator_process.running(cluster, folder, namespaces, LATEEN_GRACE="5s") as operator:
        yield Broken(made, SECRET, operator)
    for namespace in made.values():
        api.delete(f"{CORE}/namespaces/{namespace}")


ENFORCE = "pod-security.kubernetes.io/enforce"


def test_no_credential_is_in_any_words_of_ours_when_the_stores_cannot_be_opened(
    person: Person, cluster: Cluster, broken: Broken
) -> None:
    api, image = person.space.api, cluster.load("lateen")
    said: dict[str, str] = {}
    spaces = {
        why: Space(Workspace(cluster, person.workspace.stores, namespace, {}), api, image)
        for why, namespace in broken.namespaces.items()
    }
    runs = {why: space.start(shell("step")) for why, space in spaces.items()}
    for space in spaces.values():
        space.api.create(space.path("pods", api=CORE), resolving(space))
    for why, space in spaces.items():
        if why != "key":  # which the operator itself has no need of yet
            runs[why].until(lambda run=runs[why]: run.status, "some words", 30)
        said[why] = all_words(space)
    for why, words in {**said, "operator": broken.operator.logs()}.items():
        assert broken.secret.lower() not in words.lower(), (why, words)
        assert person.workspace.environment["AWS_SECRET_ACCESS_KEY"] not in words, why


def resolving(space: Space) -> Json:
    """A Pod as the operator makes it, whose init container is alone with its Secret."""
    spec = PipelineSpec.from_json({"name": "x", "image": space.image, "steps": [shell("step")]})
    identity = RunIdentity("x", "11111111-1111-1111-1111-111111111111", space.namespace)
    body = build_pod(identity, spec, spec.steps[0], 1, PodSettings(space.image))
    body["metadata"] = {"name": "resolve"}
    body["spec"]["containers"] = body["spec"].pop("initContainers")
    return body


def all_words(space: Space) -> str:
    """What anybody can read there: the Pod's log, and all of Pods, Runs and Events."""
    path = space.path("pods", "resolve", api=CORE)

    def ended() -> bool:
        return (space.api.get(path) or {})["status"]["phase"] == "Failed"

    until(ended, path, LONG)
    found = [space.api.items(space.path(kind, api=api)) for kind, api in SPEAKING.items()]
    return json.dumps(found) + space.workspace.kubectl("logs", "resolve")


SPEAKING = {"pods": CORE, "events": EVENTS, "runs": LATEEN}


def test_nothing_of_all_that_was_said_here_is_a_credential(person: Person, attack: Any) -> None:
    kubectl = person.workspace.kubectl
    words = [(person.project.parent / "operator.log").read_text()]
    words += [kubectl("get", kind, "--output=json") for kind in ("pods", "events", "runs")]
    for pod in json.loads(kubectl("get", "pods", "--output=json"))["items"]:
        name = pod["metadata"]["name"]
        words.append(kubectl("logs", name, "--all-containers", "--ignore-errors", "--tail=2000"))
    words += [str(row) for row in person.space.rows("SELECT error FROM attempts")]
    password = person.workspace.environment["AWS_SECRET_ACCESS_KEY"]
    assert all(password not in text for text in words)
    coded = base64.b64encode(password.encode()).decode()
    assert all(coded not in text for text in words)
