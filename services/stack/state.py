"""The data directory of a stack: its lock, its format, what is chosen once and kept, and `stack.json`.

Files: `lock` (held while the stack lives), `format`, `kept.json` (ports and secrets, owner only), `token`,
`demo-keys.json`, `access-dev.yaml`, `stack.json` (written when ready), `postgres/`, `kafka/`, `log/`.
"""

import fcntl
import hashlib
import os
import secrets
import struct
from base64 import b64encode
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

import orjson

from services.stack import ports
from services.stack.faults import StackFault
from shared.contracts.vocabulary import PrincipalKind

FORMAT = 1
"""Version of what lies in the directory; a higher one than this is refused."""

DEVELOPER = {"id": "developer", "kind": "person", "role": "lead", "scopes": ["admin"], "rate_per_second": 2000}
_FLOCK = "hhqqi4x"
"""`struct flock` of 64-bit Linux: type, whence, start, length, process."""


@dataclass(frozen=True)
class Kept:
    """Chosen at the first start and the same ever after."""

    postgres_port: int
    kafka_port: int
    controller_port: int
    receiver_port: int
    postgres_password: str = field(default_factory=lambda: secrets.token_hex(16))
    secret_key: str = field(default_factory=lambda: secrets.token_hex(32))
    pager_secret: str = field(default_factory=lambda: "whsec_" + b64encode(secrets.token_bytes(24)).decode())

    @property
    def engine_ports(self) -> dict[int, str]:
        """What listens where, beside the services."""
        return {
            self.postgres_port: "PostgreSQL",
            self.kafka_port: "Kafka",
            self.controller_port: "Kafka's controller",
            self.receiver_port: "the pager's receiver",
        }


class DataDirectory:
    """One data directory, locked by this process from `open` until the process ends."""

    def __init__(self, path: Path, lock: IO[str]) -> None:
        self.path = path
        self._lock = lock

    @classmethod
    def open(cls, path: Path) -> "DataDirectory":
        """Make it where it is missing, and lock it; raises `StackFault` when it is in use, newer or not writable."""
        try:
            path.mkdir(parents=True, exist_ok=True)
            lock = (path / "lock").open("a+")
        except OSError as error:
            raise StackFault(f"cannot write {path} ({error.strerror}); choose another with --data-dir") from None
        try:
            cls._lock_or_refuse(path, lock)
            _claim_format(path)
        except StackFault:
            lock.close()
            raise
        (path / "stack.json").unlink(missing_ok=True)
        return cls(path.resolve(), lock)

    @staticmethod
    def _lock_or_refuse(path: Path, lock: IO[str]) -> None:
        try:
            fcntl.lockf(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise StackFault(
                f"a stack already runs on {path} (process {holder(path)}); stop it, or choose another with --data-dir"
            ) from None

    def kept(self) -> Kept:
        """What was chosen at the first start; chosen now when this is it."""
        path = self.path / "kept.json"
        if path.exists():
            return Kept(**orjson.loads(path.read_bytes()))
        postgres, kafka, controller, receiver = ports.choose(4)
        kept = Kept(postgres, kafka, controller, receiver)
        write_private(path, orjson.dumps(asdict(kept), option=orjson.OPT_INDENT_2))
        return kept

    @property
    def token_file(self) -> Path:
        """The key of the principal `developer`, who may do everything."""
        return self.path / "token"

    @property
    def access_file(self) -> Path:
        """Development keys, merged into access.yaml by the services of this stack."""
        return self.path / "access-dev.yaml"

    def log(self, name: str) -> Path:
        """Where a child's output goes."""
        return self.path / "log" / f"{name}.log"

    def write_keys(self, principals: Iterable[tuple[str, PrincipalKind]]) -> None:
        """A key for `developer` and for each principal, the same at every start, and the file of their hashes."""
        if not self.token_file.exists():
            write_private(self.token_file, f"{secrets.token_urlsafe(32)}\n".encode())
        path = self.path / "demo-keys.json"
        known = orjson.loads(path.read_bytes()) if path.exists() else {}
        kinds = dict(principals)
        keys = {name: known.get(name) or secrets.token_urlsafe(32) for name in kinds}
        write_private(path, orjson.dumps(known | keys))
        developer = {**DEVELOPER, "key_sha256": [_digest(self.token_file.read_text(encoding="utf-8").strip())]}
        others = [{"id": name, "kind": kinds[name], "key_sha256": [_digest(key)]} for name, key in keys.items()]
        merged = [developer, *(other for other in others if other["id"] != developer["id"])]
        write_private(self.access_file, orjson.dumps({"principals": merged}, option=orjson.OPT_INDENT_2))

    def publish(self, stack: Mapping[str, Any]) -> None:
        """Write `stack.json` in one step, for whoever looks for this stack."""
        write_private(self.path / "stack.json", orjson.dumps(stack, option=orjson.OPT_INDENT_2))

    def close(self) -> None:
        """Take `stack.json` away and let the next one in."""
        (self.path / "stack.json").unlink(missing_ok=True)
        self._lock.close()


def _claim_format(directory: Path) -> None:
    """Refuse what a newer version wrote; mark what is new as of this version."""
    path = directory / "format"
    found = path.read_text(encoding="utf-8").strip() if path.exists() else str(FORMAT)
    if not found.isdecimal() or int(found) > FORMAT:
        raise StackFault(
            f"{directory} was written by a newer Tocsin (format {found}, this one knows {FORMAT})\n"
            "Start it with that version, or choose another directory with --data-dir."
        )
    path.write_text(f"{FORMAT}\n", encoding="utf-8")


def holder(path: Path) -> int | None:
    """The process that holds the lock of a data directory; None when no stack runs there."""
    try:
        with (path / "lock").open() as file:
            ask = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, 0, 0, 0)
            kind, _, _, _, pid = struct.unpack(_FLOCK, fcntl.fcntl(file, fcntl.F_GETLK, ask))
    except OSError:
        return None
    return None if kind == fcntl.F_UNLCK else int(pid)


def running_stack(path: Path) -> dict[str, Any] | None:
    """The `stack.json` of the stack that runs on this data directory; None when none does or it is not ready."""
    if holder(path) is None:
        return None
    try:
        found = orjson.loads((path / "stack.json").read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def write_private(path: Path, content: bytes) -> None:
    """Replace a file in one step, readable by its owner alone."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    with open(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:  # noqa: PTH123
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()
