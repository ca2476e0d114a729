"""The floor: Pods of the shape of a step's, made by a program that does nothing else."""

import os
import threading
import time
from collections.abc import Sequence
from secrets import token_hex
from typing import Any

import psycopg

from benchmarks.cluster.ground import Ground
from lateen_operator.kinds import PODS
from tests.cluster.workspace import SECRET

Json = dict[str, Any]
NOTHING = ("python3", "-c", "pass")
OURS = (
    "python3",
    "-c",
    "import lateen.pod.publish, lateen.stores.objects.s3.store, psycopg",
)
TELLING = (
    *OURS[:2],
    f"{OURS[2]}, os\n"
    "url = os.environ['LATEEN_DATABASE_URL']\n"
    "psycopg.connect(url, autocommit=True).execute('NOTIFY floor')",
)
"""As ``OURS``, and tells its end to whoever listens at the workspace's database."""
THEIRS = ("python3", "-c", "import json, socket, threading, traceback")
"""About what a step's own container imports of Lateen."""


def chain_seconds(ground: Ground, length: int) -> float:
    """How long Pods take of which each is made when the one before it has ended."""
    began = time.perf_counter()
    for _ in range(length):
        _wait(ground, {_create(ground, _pod(ground, NOTHING, NOTHING))})
    return time.perf_counter() - began


def told_chain_seconds(ground: Ground, length: int) -> float:
    """How long Pods take of which each is made as soon as the one before it tells its end.

    Their containers import what a step's containers import.
    """
    names = set()
    with psycopg.connect(os.environ["LATEEN_DATABASE_URL"], autocommit=True) as connection:
        connection.execute("LISTEN floor")
        began = time.perf_counter()
        for _ in range(length):
            names.add(_create(ground, _pod(ground, OURS, THEIRS, TELLING)))
            for _told in connection.notifies(stop_after=1):
                pass
        seconds = time.perf_counter() - began
    _wait(ground, names)
    return seconds


def crowd_seconds(ground: Ground, width: int, *, importing: bool = True) -> float:
    """How long Pods take that are made at once, and import what a step's containers import."""
    began = time.perf_counter()
    names: set[str] = set()
    commands = (OURS, THEIRS) if importing else (NOTHING, NOTHING)
    bodies = [_pod(ground, *commands) for _ in range(width)]
    threads = [
        threading.Thread(target=lambda body: names.add(_create(ground, body)), args=(body,))
        for body in bodies
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    _wait(ground, names)
    return time.perf_counter() - began


def _create(ground: Ground, body: Json) -> str:
    name: str = ground.api.create(PODS, ground.namespace, body)["metadata"]["name"]
    return name


def _wait(ground: Ground, names: set[str]) -> None:
    """Until all of them have succeeded, as a list that is asked for often shows it."""
    left = set(names)
    while left:
        for page in ground.api.pages(PODS, ground.namespace, labelSelector="benchmark=floor"):
            for pod in page["items"]:
                if pod["status"].get("phase") in ("Succeeded", "Failed"):
                    assert pod["status"]["phase"] == "Succeeded", pod["status"]
                    left.discard(pod["metadata"]["name"])
        time.sleep(0.05)
    for page in ground.api.pages(PODS, ground.namespace, labelSelector="benchmark=floor"):
        for pod in page["items"]:
            metadata = pod["metadata"]
            ground.api.delete(PODS, ground.namespace, metadata["name"], metadata["uid"])


def _pod(
    ground: Ground, ours: Sequence[str], theirs: Sequence[str], last: Sequence[str] = ()
) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": f"floor-{token_hex(4)}", "labels": {"benchmark": "floor"}},
        "spec": {
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "enableServiceLinks": False,
            "terminationGracePeriodSeconds": 0,
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 65532,
                "fsGroup": 65532,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "initContainers": [_container("resolve", ground.image, ours)],
            "containers": [
                _container("publish", ground.image, last or ours),
                _container("step", ground.step_image, theirs),
            ],
            "volumes": [{"name": "work", "emptyDir": {}}],
        },
    }


def _container(name: str, image: str, command: Sequence[str]) -> Json:
    return {
        "name": name,
        "image": image,
        "imagePullPolicy": "IfNotPresent",
        "command": list(command),
        "envFrom": [{"secretRef": {"name": SECRET}}] if command is TELLING else [],
        "volumeMounts": [{"name": "work", "mountPath": "/work"}],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "capabilities": {"drop": ["ALL"]},
        },
    }
