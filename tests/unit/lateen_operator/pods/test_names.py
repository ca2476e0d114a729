from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from lateen.domain.names import is_dns_name
from lateen_operator.pods.names import label_value, pod_name

run_names = st.from_regex(r"[a-z0-9]([a-z0-9.-]{0,200}[a-z0-9])?", fullmatch=True)
steps = st.from_regex(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", fullmatch=True)


def test_a_pod_is_named_after_run_step_and_attempt() -> None:
    assert pod_name("inference-x7k2p", "uid", "train", 1) == "inference-x7k2p-train-bdca879f-1"


@given(run_names, st.uuids().map(str), steps, st.integers(1, 9999))
def test_every_name_is_one_that_a_node_keeps_whole(run: str, uid: str, step: str, n: int) -> None:
    assert is_dns_name(pod_name(run, uid, step, n))


def test_names_differ_where_attempts_differ_though_they_are_cut() -> None:
    long = "a" * 60
    one = pod_name(long, "uid", long, 1)
    assert one == pod_name(long, "uid", long, 1)
    others = {
        pod_name(long, "uid", long, 2),
        pod_name(long, "uid", long + "b", 1),
        pod_name(long, "other", long, 1),
    }
    assert len({one, *others}) == 4


@given(run_names)
def test_a_label_holds_as_much_of_a_name_as_it_may(name: str) -> None:
    value = label_value(name)
    assert len(value) <= 63
    assert name.startswith(value)
    assert value[0].isalnum()
    assert value[-1].isalnum()
