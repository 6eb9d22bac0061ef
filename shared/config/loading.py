"""Reads the seven files of a directory into one `Configuration`, or names every fault in them."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from shared.config.access import Access, DevelopmentAccess
from shared.config.channels import Channels
from shared.config.checks import check
from shared.config.document import Document, read
from shared.config.faults import ConfigFaults, Fault
from shared.config.messages import faults_of
from shared.config.models import Configuration
from shared.config.oncall import OnCallConfig
from shared.config.reach import out_of_reach
from shared.config.roster import Roster
from shared.config.routing import Routing
from shared.config.sla import SlaConfig
from shared.config.taxonomy import Taxonomy

MODELS: Mapping[str, type[BaseModel]] = {
    "taxonomy": Taxonomy,
    "access": Access,
    "roster": Roster,
    "routing": Routing,
    "sla": SlaConfig,
    "oncall": OnCallConfig,
    "channels": Channels,
}
"""The model of each file `<name>.yaml`."""

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True)
class Snapshot:
    """The contents of the files at one moment; an error's text where a file could not be read."""

    files: Mapping[str, bytes | str]

    @property
    def digest(self) -> str:
        """Hash of everything read."""
        total = hashlib.sha256()
        for name, content in sorted(self.files.items()):
            raw = _raw(content)
            total.update(f"{name}:{type(content).__name__}:{len(raw)}\n".encode() + raw)
        return total.hexdigest()

    @property
    def versions(self) -> dict[str, str]:
        """The short hash of each file."""
        return {name: hashlib.sha256(_raw(content)).hexdigest()[:12] for name, content in self.files.items()}

    @property
    def version(self) -> str:
        """The short hash by which decisions and pages name the configuration."""
        return self.digest[:12]


def load(directory: Path | str, today: date | None = None, *, strictly: bool = False) -> Configuration:
    """The configuration in `directory`; raises `ConfigFaults` with every fault. `today` begins the calendars' year.

    `strictly` is for people who check: it also finds what a service takes but never uses.
    """
    return parse(snapshot(Path(directory)), today, strictly=strictly)


def snapshot(directory: Path) -> Snapshot:
    """Read the seven files."""
    return Snapshot({f"{name}.yaml": _content(directory, f"{name}.yaml") for name in MODELS})


def parse(files: Snapshot, today: date | None = None, *, strictly: bool = False) -> Configuration:
    """Validate what was read: each file by its model, then all of them together."""
    documents = {name: _document(f"{name}.yaml", files.files[f"{name}.yaml"]) for name in MODELS}
    faults = [fault for document in documents.values() for fault in document.faults]
    parts = {name: _validated(documents[name], model, faults) for name, model in MODELS.items()}
    faults += check(documents, today or datetime.now(UTC).date())
    faults += out_of_reach(documents["channels"]) if strictly else ()
    if faults:
        raise ConfigFaults(list(dict.fromkeys(faults)))
    return Configuration(**parts, version=files.version, files=files.versions)


def load_development_access(path: Path) -> DevelopmentAccess:
    """The extra access file of an embedded stack; raises `ConfigFaults`."""
    document = _document(path.name, _content(path.parent, path.name))
    faults = list(document.faults)
    access: DevelopmentAccess | None = _validated(document, DevelopmentAccess, faults)
    if faults or access is None:
        raise ConfigFaults(faults)
    return access


def _content(directory: Path, name: str) -> bytes | str:
    try:
        return (directory / name).read_bytes()
    except FileNotFoundError:
        return f"the file is missing in {directory}; write it (deploy/config has an example)"
    except OSError as error:
        return f"the file cannot be read ({error.strerror}); make it a readable file"


def _raw(content: bytes | str) -> bytes:
    return content if isinstance(content, bytes) else content.encode()


def _document(file: str, content: bytes | str) -> Document:
    if isinstance(content, bytes):
        return read(file, content)
    return Document(file, faults=[Fault(file, 1, "", content)])


def _validated(document: Document, model: type[Model], faults: list[Fault]) -> Any:
    """The model, or None with its faults added."""
    if document.data is None:
        return None
    try:
        return model.model_validate(document.data)
    except ValidationError as error:
        faults += faults_of(document, model, error)
        return None
