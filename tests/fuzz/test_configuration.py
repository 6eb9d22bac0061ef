"""The configuration reader against whatever may lie in the files: faults, never another exception, and soon.

Bytes at random, the example with pieces of it changed, and what is known to hurt readers of YAML.
"""

import json
import os
import random
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.config.document import read
from shared.config.loading import MODELS
from shared.config.messages import faults_of
from tests.fuzz.shapes import broken, documents

EXAMPLE = {name: Path(f"deploy/config/{name}.yaml").read_bytes() for name in MODELS}
EXAMPLES = int(os.environ.get("TOCSIN_FUZZ_EXAMPLES", "5"))
SECONDS = 5.0
"""Of this process; a small file takes a hundredth of it."""

BOMB = b"a: &a [x, x, x, x, x, x, x, x, x]\n" + b"".join(
    f"{chr(98 + n)}: &{chr(98 + n)} [{', '.join([f'*{chr(97 + n)}'] * 9)}]\n".encode() for n in range(9)
)
HURTFUL = {
    "alias bomb": BOMB,
    "recursive alias": b"a: &a\n  b: *a\n",
    "merge of itself": b"a: &a\n  <<: *a\n",
    "unknown alias": b"a: *b\n",
    "deep flow": b"a: " + b"[" * 5000,
    "deep closed flow": b"a: " + b"[" * 3000 + b"]" * 3000,
    "deep blocks": b"".join(b" " * n + b"a:\n" for n in range(1500)),
    "tabs": b"a:\n\t- b\n",
    "byte order mark": b"\xef\xbb\xbfversion: 1\n",
    "utf-16": "version: 1\n".encode("utf-16"),
    "no utf-8": b"version: \xff\xfe\n",
    "nul": b"version: \x00\n",
    "surrogate": b'version: "\\ud800"\n',
    "duplicate keys": b"version: 1\nversion: 2\n",
    "huge number": b"version: " + b"9" * 100_000 + b"\n",
    "huge exponent": b"version: 1e999999999\n",
    "two documents": b"version: 1\n---\nversion: 2\n",
    "python object": b"!!python/object/apply:os.system [echo]\n",
    "complex key": b"? [a, b]\n: c\n",
    "only text": b"hello",
    "empty": b"",
    "long line": b"a: " + b"x" * 1_000_000 + b"\n",
    "timestamp": b"version: 2026-13-45T99:99:99Z\n",
}


def taken(name: str, content: bytes) -> None:
    """The file is read and validated, or its faults are named, soon."""
    began = time.process_time()
    document = read(f"{name}.yaml", content)
    if document.data is not None:
        try:
            MODELS[name].model_validate(document.data)
        except ValidationError as error:
            faults_of(document, MODELS[name], error)
    assert time.process_time() - began < SECONDS


@pytest.mark.parametrize("name", ["taxonomy", "oncall"])
@pytest.mark.parametrize("content", HURTFUL.values(), ids=HURTFUL)
def test_what_hurts_readers_of_yaml_is_refused_or_taken(name: str, content: bytes) -> None:
    taken(name, content)


@settings(max_examples=60, deadline=None)
@given(name=st.sampled_from(sorted(MODELS)), content=st.binary(max_size=300))
def test_any_bytes(name: str, content: bytes) -> None:
    taken(name, content)


@settings(max_examples=60, deadline=None)
@given(name=st.sampled_from(sorted(MODELS)), seed=st.integers(0, 2**32))
def test_the_example_with_something_changed(name: str, seed: int) -> None:
    chance = random.Random(seed)
    lines = EXAMPLE[name].split(b"\n")
    for _ in range(chance.randrange(1, 4)):
        at = chance.randrange(len(lines))
        change = chance.choice(["gone", "twice", "indented", "value", "cut"])
        line = lines[at]
        strange = chance.choice([b"null", b"-1", b"[]", b"{}", b"PT-1S", b"9" * 400, b'"\\u0000"', b"*x", b"P9999999Y"])
        lines[at : at + 1] = {
            "gone": [],
            "twice": [line, line],
            "indented": [b"  " + line],
            "value": [line.partition(b":")[0] + b": " + strange],
            "cut": [line[: len(line) // 2]],
        }[change] or [b""]
    taken(name, b"\n".join(lines))


@pytest.mark.parametrize("name", sorted(MODELS))
def test_documents_of_its_shape_and_what_becomes_of_them(name: str) -> None:
    @settings(max_examples=EXAMPLES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(document=documents(MODELS[name].model_json_schema()), seed=st.integers(0, 2**32))
    def shaped(document: Any, seed: int) -> None:
        taken(name, json.dumps(document).encode())
        taken(name, json.dumps(broken(document, random.Random(seed))).encode())

    shaped()


def test_a_duration_of_hundreds_of_digits_is_a_fault() -> None:
    content = EXAMPLE["routing"].replace(b"PT60S", b"9" * 400)
    assert content != EXAMPLE["routing"]

    taken("routing", content)
