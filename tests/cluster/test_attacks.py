"""Somebody means no good: what a step, a spec or a neighbour may try, tried in real Pods."""

from __future__ import annotations

import base64
import hashlib
import inspect
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from lateen.domain.errors import UserError
from lateen.step.session import Session
from lateen.step.operations import OPERATIONS
from tests.cluster import archives, operator_process, places, workspace
from tests.cluster.api import CORE, LATEEN, Json
from tests.cluster.cluster import Cluster
from tests.cluster.person import Person, at_a_computer
from tests.cluster.runs import Run, shell
from tests.cluster.stores import Stores
from tests.cluster.workspace import Workspace

TOKEN = base64.b64encode(b'{"alg":"RS256","kid":"').decode()[:-3]
"""How every service account token begins."""


@pytest.fixture(scope="module")
def person(
    alone: None, cluster: Cluster, stores: Stores, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Person]:
    folder = tmp_path_factory.mktemp("attacks")
    with at_a_computer(cluster, stores, folder, "attacks", LATEEN_GRACE="20s") as person:
        yield person


@pytest.fixture(scope="module")
def attack(person: Person, stores: Stores) -> Any:
    """A Run whose steps try what they can, under way."""
    secrets = [person.workspace.environment["AWS_SECRET_ACCESS_KEY"], stores.password, TOKEN]
    operations = {
        name: list(inspect.signature(getattr(Session, name)).parameters)[1:]
        for name in sorted(OPERATIONS)
    }
    turned = [text[::-1] for text in secrets]
    return person.module("attacks").attacking.submit(turned, operations)


@pytest.fixture(scope="module")
def waste(person: Person, attack: Any) -> Any:
    """A Run whose steps take all that they can, under way."""
    return person.module("attacks").wasting.submit()


def test_try(person: Person, attack: Any, waste: Any) -> None:
    import time
    t=time.time()
    run = person.finished(attack, 120)
    print("took", time.time()-t)
    for name, step in run.steps.items():
        print(name, step.status)
        for key, out in step.outputs.items():
            print(json.dumps(out.load(), indent=1))
    print(json.dumps(person.run(attack).status, indent=1))
    run = person.finished(waste, 120)
    print("took", time.time()-t)
    for name, step in run.steps.items():
        print(name, step.status)
        for key, out in step.outputs.items():
            print(json.dumps(out.load(), indent=1))
    print(json.dumps(person.run(waste).status, indent=1))
    print(person.run(waste).everything()[:20000])
    print(person.run(attack).everything()[:20000])
