"""Kafka's jars: damage is noticed at every start, and mended or explained."""

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest
import requests

from services.stack import jars
from services.stack.faults import StackFault
from services.stack.jars import Jar, JarStore, locked

CONTENT = b"what a jar holds"


def jar(name: str, content: bytes = CONTENT) -> Jar:
    return Jar("org.example", name, "1.0", hashlib.sha256(content).hexdigest(), len(content))


def no_progress(_done: int, _total: int) -> None:
    """Nobody looks."""


@pytest.fixture
def maven(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty local Maven repository, and no network."""

    def unreachable(*_args: object, **_kwargs: object) -> None:
        raise requests.ConnectionError("no network")

    monkeypatch.setattr(requests, "request", unreachable)
    monkeypatch.setenv("M2_REPO", str(tmp_path / "m2"))
    return tmp_path / "m2"


def put_in_maven(repository: Path, name: str, content: bytes = CONTENT) -> None:
    folder = repository / "org/example" / name / "1.0"
    folder.mkdir(parents=True)
    (folder / f"{name}-1.0.jar").write_bytes(content)


def test_the_lock_names_every_jar_of_the_broker() -> None:
    names = {jar.name for jar in locked()}
    assert len(names) == 46
    assert {"kafka_2.13-4.3.1.jar", "kafka-clients-4.3.1.jar", "slf4j-simple-1.7.36.jar"} <= names
    assert all(len(jar.sha256) == 64 and jar.size > 1000 for jar in locked())


@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda path: path.unlink(), id="missing"),
        pytest.param(lambda path: path.write_bytes(CONTENT[:-1]), id="truncated"),
        pytest.param(lambda path: path.write_bytes(CONTENT.swapcase()), id="altered"),
    ],
)
def test_a_damaged_jar_is_noticed(tmp_path: Path, damage: Callable[[Path], object]) -> None:
    store = JarStore(tmp_path, (jar("whole"), jar("hurt")))
    for path in store.paths:
        path.write_bytes(CONTENT)
    assert store.faulty() == []

    damage(tmp_path / "hurt-1.0.jar")
    assert [found.artifact for found in store.faulty()] == ["hurt"]


def test_a_damaged_jar_is_replaced_and_the_others_are_left_alone(tmp_path: Path, maven: Path) -> None:
    put_in_maven(maven, "hurt")
    store = JarStore(tmp_path / "store", (jar("whole"), jar("hurt")))
    store.directory.mkdir()
    (store.directory / "whole-1.0.jar").write_bytes(CONTENT)
    (store.directory / "hurt-1.0.jar").write_bytes(b"")

    told: list[tuple[int, int]] = []
    assert store.ensure(lambda done, total: told.append((done, total))) == store.paths
    assert store.faulty() == []
    assert told == [(len(CONTENT), len(CONTENT))]


def test_whole_jars_need_no_network(tmp_path: Path, maven: Path) -> None:
    store = JarStore(tmp_path, (jar("whole"),))
    (tmp_path / "whole-1.0.jar").write_bytes(CONTENT)
    assert store.ensure(no_progress) == [tmp_path / "whole-1.0.jar"]


def test_without_network_the_first_start_says_what_it_needs(tmp_path: Path, maven: Path) -> None:
    store = JarStore(tmp_path / "store", (jar("missing"),))
    with pytest.raises(StackFault, match=r"missing-1.0.jar cannot be fetched(.|\n)*first start needs the network"):
        store.ensure(no_progress)
    assert not (store.directory / "missing-1.0.jar").exists()


def test_a_damaged_local_repository_is_not_trusted(tmp_path: Path, maven: Path) -> None:
    put_in_maven(maven, "hurt", CONTENT[:-1])
    with pytest.raises(StackFault, match="cannot be fetched"):
        JarStore(tmp_path / "store", (jar("hurt"),)).ensure(no_progress)


def test_what_comes_over_the_network_must_be_what_the_lock_says(
    tmp_path: Path, maven: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Changed:
        status_code = 200
        text = "0"
        headers = {"content-length": "7"}  # noqa: RUF012 - one answer

        def iter_content(self, chunk_size: int) -> list[bytes]:
            return [b"changed"]

    monkeypatch.setattr(requests, "request", lambda *_args, **_kwargs: Changed())
    with pytest.raises(StackFault, match=r"changed-1.0.jar .*not the file that kafka.lock names"):
        JarStore(tmp_path / "store", (jar("changed"),)).ensure(no_progress)
    assert not (tmp_path / "store/changed-1.0.jar").exists()


def test_another_lock_has_another_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = jars.store_in(tmp_path).directory
    other = tmp_path / "kafka.lock"
    other.write_text("org.example:new:1.0 00 1\n")
    monkeypatch.setattr(jars, "LOCK_FILE", other)
    assert jars.store_in(tmp_path).directory != before
