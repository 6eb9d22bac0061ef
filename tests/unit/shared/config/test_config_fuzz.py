"""Whatever stands in the files, reading them ends in a configuration or in faults, never in another error."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.config.document import read
from shared.config.faults import ConfigFaults, Fault
from shared.config.loading import MODELS, Snapshot, parse, snapshot
from tests.support.example_config import SHIPPED

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12) | st.dates().map(str)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)
QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def shipped() -> Snapshot:
    return snapshot(SHIPPED)


def content(files: Snapshot, name: str) -> bytes:
    raw = files.files[f"{name}.yaml"]
    assert isinstance(raw, bytes)
    return raw


def read_whole(files: Snapshot) -> None:
    """Ends in a configuration, or in faults that each name a line."""
    faults: tuple[Fault, ...] = ()
    try:
        parse(files)
    except ConfigFaults as error:
        faults = error.faults
    assert all(fault.line >= 1 and fault.message for fault in faults)


@QUICK
@given(name=st.sampled_from(sorted(MODELS)), at=st.floats(0, 1), noise=st.text(max_size=6))
def test_noise_in_the_text(shipped: Snapshot, name: str, at: float, noise: str) -> None:
    text = content(shipped, name).decode()
    place = int(at * len(text))
    noisy = (text[:place] + noise + text[place:]).encode(errors="replace")

    read_whole(Snapshot({**shipped.files, f"{name}.yaml": noisy}))


@QUICK
@given(raw=st.binary(max_size=200))
def test_any_bytes_as_yaml(raw: bytes) -> None:
    document = read("x.yaml", raw)

    assert isinstance(document.data, dict) or document.faults


@QUICK
@given(data=st.data(), value=VALUES)
def test_any_value_in_any_place(shipped: Snapshot, data: st.DataObject, value: Any) -> None:
    """JSON is YAML, so a tree with one value changed is written as JSON."""
    name = data.draw(st.sampled_from(sorted(MODELS)))
    tree = read(f"{name}.yaml", content(shipped, name)).data
    place = data.draw(st.sampled_from(list(places(tree))))
    put(tree, place, value)

    read_whole(Snapshot({**shipped.files, f"{name}.yaml": json.dumps(tree).encode()}))


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in entries:
        yield (*path, key)
        yield from places(item, (*path, key))


def put(tree: Any, place: tuple[Any, ...], value: Any) -> None:
    for step in place[:-1]:
        tree = tree[step]
    tree[place[-1]] = value
