"""Kafka's jars: which they are (`kafka.lock`), whether they are whole, and where they come from.

They lie in a cache that all stacks and tests of a user share. Every jar is compared with its sha256 at each start; a
missing or damaged one is fetched again (jgo speaks Maven in pure Python) under a temporary name and then renamed.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from fcntl import LOCK_EX, flock
from functools import cached_property
from pathlib import Path
from typing import Any

from services.stack.faults import StackFault

LOCK_FILE = Path(__file__).with_name("kafka.lock")
FETCHERS = 4
TRIES = 3

Progress = Callable[[int, int], None]
"""Told the bytes fetched so far and the bytes to fetch; may raise to give up."""


@dataclass(frozen=True)
class Jar:
    """One line of the lock: Maven coordinates, digest and size."""

    group: str
    artifact: str
    version: str
    sha256: str
    size: int

    @property
    def name(self) -> str:
        """The file's name."""
        return f"{self.artifact}-{self.version}.jar"

    def is_whole(self, path: Path) -> bool:
        """Whether the file at `path` is this jar, byte for byte."""
        try:
            if path.stat().st_size != self.size:
                return False
            with path.open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == self.sha256
        except OSError:
            return False


def locked(path: Path = LOCK_FILE) -> tuple[Jar, ...]:
    """The jars that the lock names."""
    lines = (line for line in path.read_text(encoding="utf-8").splitlines() if line and not line.startswith("#"))
    return tuple(_jar(*line.split()) for line in lines)


def _jar(coordinates: str, sha256: str, size: str) -> Jar:
    group, artifact, version = coordinates.split(":")
    return Jar(group, artifact, version, sha256, int(size))


@dataclass(frozen=True)
class JarStore:
    """The jars of one lock in one directory."""

    directory: Path
    jars: tuple[Jar, ...]

    @cached_property
    def paths(self) -> list[Path]:
        """Where the jars lie, or will."""
        return [self.directory / jar.name for jar in self.jars]

    def faulty(self) -> list[Jar]:
        """The jars that are missing, truncated or otherwise not what the lock says."""
        return [jar for jar in self.jars if not jar.is_whole(self.directory / jar.name)]

    def ensure(self, progress: Progress) -> list[Path]:
        """The paths of all jars, each whole; fetches what is not. Raises `StackFault` when that cannot be done."""
        if self.faulty():
            self.directory.mkdir(parents=True, exist_ok=True)
            with _one_at_a_time(self.directory / ".fetching"), tempfile.TemporaryDirectory(dir=self.directory) as place:
                self._fetch_all(self.faulty(), Path(place), progress)
        return self.paths

    def _fetch_all(self, jars: Sequence[Jar], place: Path, progress: Progress) -> None:
        fetcher = _Fetcher(place, sum(jar.size for jar in jars), progress)
        with ThreadPoolExecutor(FETCHERS) as pool:
            for jar, path in zip(jars, pool.map(fetcher.fetch, jars), strict=True):
                path.replace(self.directory / jar.name)


def default_cache() -> Path:
    """The user's cache directory for Tocsin (XDG)."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tocsin"


def store_in(cache: Path) -> JarStore:
    """The store below `cache`, one directory for each content of the lock."""
    digest = hashlib.sha256(LOCK_FILE.read_bytes()).hexdigest()[:12]
    return JarStore(cache / f"kafka-{digest}", locked())


@contextmanager
def _one_at_a_time(path: Path) -> Iterator[None]:
    """Two starts at once fetch once: the second waits, then finds the jars whole."""
    with path.open("w") as file:
        flock(file, LOCK_EX)
        yield


class _Fetcher:
    """Fetches jars into `place`, from the local Maven repository where it holds them, else from the network."""

    def __init__(self, place: Path, total: int, progress: Progress) -> None:
        from jgo.constants import default_maven_repo
        from jgo.maven import MavenContext, PythonResolver

        self._fetched = 0
        self._total = total
        self._progress = progress
        self._local = MavenContext(repo_cache=default_maven_repo())
        self._context = MavenContext(repo_cache=place, resolver=PythonResolver(progress_callback=self._watched))

    def fetch(self, jar: Jar) -> Path:
        local = self._artifact(self._local, jar).cached_path
        if jar.is_whole(local):
            path = Path(shutil.copy(local, self._context.repo_cache / jar.name))
            self._advance(jar.size)
        else:
            path = self._download(jar)
        if not jar.is_whole(path):
            raise StackFault(
                f"{jar.name} from the network is not the file that kafka.lock names; something on the way changed it\n"
                "Try again from another network, or without the proxy."
            )
        return path

    def _download(self, jar: Jar) -> Path:
        import requests

        artifact = self._artifact(self._context, jar)
        for attempt in range(1, TRIES + 1):
            try:
                return Path(artifact.resolve())
            except (requests.RequestException, OSError, RuntimeError) as error:
                artifact.cached_path.unlink(missing_ok=True)
                if attempt == TRIES:
                    raise StackFault(_unreachable(jar, error)) from error
        raise AssertionError("the last try returns or raises")

    @staticmethod
    def _artifact(context: Any, jar: Jar) -> Any:
        return context.project(jar.group, jar.artifact).at_version(jar.version).artifact()

    @contextmanager
    def _watched(self, _name: str, _size: int) -> Iterator[Callable[[int], None]]:
        yield self._advance

    def _advance(self, size: int) -> None:
        self._fetched += size
        self._progress(self._fetched, self._total)


def _unreachable(jar: Jar, error: Exception) -> str:
    return (
        f"Apache Kafka is not on this machine yet, and {jar.name} cannot be fetched ({type(error).__name__})\n"
        "The first start needs the network (Maven Central, 44 MB): connect, or set HTTPS_PROXY, and start again."
    )
