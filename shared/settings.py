"""Settings of a process from the environment (contract section 2).

Every variable `TOCSIN_X` may instead be given as a file with `TOCSIN_X_FILE`, the way container
secrets are mounted.
"""

import os
import re
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import parse_qs

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from shared.errors import TocsinError

PREFIX = "TOCSIN_"
_HOST = r"(\[[0-9A-Fa-f:.%]+\]|[^/:@?#,]*)(:\d+)?"
_DATABASE_URL = re.compile(rf"postgres(ql)?://([^/@?#]*@)?{_HOST}(,{_HOST})*(/[^?#]*)?(\?(?P<query>[^#]*))?")


class SettingsError(TocsinError):
    """An environment variable is missing or has a value that cannot be used; the message names it."""


class KafkaSettings(BaseModel):
    """How to reach the brokers. `topic_prefix` keeps the topics of tests apart and is empty elsewhere."""

    model_config = ConfigDict(frozen=True)

    bootstrap: str = "127.0.0.1:9092"
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_SSL", "SASL_PLAINTEXT"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER", "GSSAPI"] | None = None
    username: str | None = None
    password: str | None = Field(default=None, repr=False)
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    replication: int = Field(default=3, ge=1)
    session_timeout_ms: int = Field(default=3000, ge=1)
    topic_prefix: str = ""


class Settings(BaseModel):
    """One service process. Beyond `outbox_limit` rows (or bytes of events) that wait for Kafka commands are refused.

    Instants are shifted by `clock_offset` in tests only.
    """

    model_config = ConfigDict(frozen=True)

    kafka: KafkaSettings = KafkaSettings()
    database_url: str = Field(default="postgresql://postgres@127.0.0.1:5432/tocsin", repr=False)
    config_dir: Path = Path("deploy/config")
    host: str = "127.0.0.1"
    port: int = Field(default=8001, ge=0, le=65535)
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "console"] = "json"
    public_url: str | None = None
    secret_key: str | None = Field(default=None, repr=False)
    development_access: Path | None = None
    outbox_limit: int = Field(default=200_000, ge=1)
    outbox_limit_bytes: int = Field(default=1_073_741_824, ge=1)
    clock_offset: timedelta = timedelta(0)

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read every `TOCSIN_*` variable (or its `_FILE`); raise `SettingsError` naming the first bad one."""
        env = _with_files(os.environ if environ is None else environ)
        kafka = {k.removeprefix("kafka_"): v for k, v in env.items() if k.startswith("kafka_")}
        own: dict[str, Any] = {k: v for k, v in env.items() if k in cls.model_fields and k != "kafka"}
        if "log_level" in own:
            own["log_level"] = own["log_level"].lower()
        if "clock_offset" in own:
            own["clock_offset"] = timedelta(seconds=float(own["clock_offset"]))
        try:
            found = cls(kafka=KafkaSettings.model_validate(kafka), **own)
        except ValidationError as error:
            raise SettingsError(_named(error)) from None
        for name in ("ca_file", "cert_file", "key_file"):
            _require_file(f"KAFKA_{name.upper()}", getattr(found.kafka, name))
        return found

    @field_validator("database_url")
    @classmethod
    def _is_database_url(cls, value: str) -> str:
        """The driver's own errors quote what it could not read, which may be half of a password."""
        parts = _DATABASE_URL.fullmatch(value)
        if parts is None:
            raise ValueError(
                "this is no URL of PostgreSQL; write postgresql://user:password@host:5432/database and "
                "percent-encode what in the password is neither letter nor digit"
            )
        _require_file("DATABASE_URL", next(iter(parse_qs(parts["query"] or "").get("sslrootcert", [])), None))
        return value


def _with_files(environ: Mapping[str, str]) -> dict[str, str]:
    """Lower-cased names without the prefix; a `_FILE` variable is replaced by the file's text.

    `TOCSIN_KAFKA_CA_FILE`, `_CERT_FILE` and `_KEY_FILE` are paths themselves.
    """
    paths = {"kafka_ca_file", "kafka_cert_file", "kafka_key_file"}
    found = {k.removeprefix(PREFIX).lower(): v for k, v in environ.items() if k.startswith(PREFIX) and v != ""}
    values = {k: v for k, v in found.items() if k in paths or not k.endswith("_file")}
    for name, path in found.items():
        if name.endswith("_file") and name not in paths:
            values[name.removesuffix("_file")] = _read(name, path)
    return values


def _require_file(name: str, path: str | Path | None) -> None:
    if path is not None and str(path) != "system" and not Path(path).is_file():
        raise SettingsError(f"{PREFIX}{name}: there is no file {path}; mount it where the service can read it")


def _read(name: str, path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise SettingsError(
            f"{PREFIX}{name.upper()}: cannot read {path} ({error.strerror}); point it at a readable file"
        ) from None


def _named(error: ValidationError) -> str:
    first = error.errors()[0]
    kafka = "KAFKA_" if error.title == "KafkaSettings" else ""
    return f"{PREFIX}{kafka}{'_'.join(str(p) for p in first['loc']).upper()}: {first['msg']}"
