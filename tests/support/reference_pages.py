"""The generated pages of docs/reference: metrics, events, configuration, environment. Rewrite them with
`python -m tests.support.reference_pages`; a contract test compares.
"""

import inspect
import types
import typing
from collections.abc import Iterator
from datetime import timedelta
from enum import Enum
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from shared.config.access import Access
from shared.config.channels import Channels
from shared.config.oncall import OnCallConfig
from shared.config.roster import Roster
from shared.config.routing import Routing
from shared.config.sla import SlaConfig
from shared.config.taxonomy import Taxonomy
from shared.contracts.registry import EVENT_TYPES
from shared.contracts.scalars import format_duration
from shared.settings import PREFIX, KafkaSettings, Settings
from tests.support.declared_metrics import declared

FOLDER = Path("docs/reference")
GENERATED = "<!-- generated: python -m tests.support.reference_pages -->\n"
FILES: dict[str, type[BaseModel]] = {
    "taxonomy.yaml": Taxonomy,
    "access.yaml": Access,
    "roster.yaml": Roster,
    "routing.yaml": Routing,
    "sla.yaml": SlaConfig,
    "oncall.yaml": OnCallConfig,
    "channels.yaml": Channels,
}
FOR_TESTS = {"clock_offset", "topic_prefix"}


def pages() -> dict[str, str]:
    """File name and content of every generated page."""
    return {
        "metrics.md": _page("Metrics", "Scraped from `/metrics` of every service, without a key.", _metrics()),
        "events.md": _page("Events", "What travels on Kafka; schemas lie in `shared/contracts/schemas`.", _events()),
        "configuration.md": _page(
            "Configuration", "The seven files of `TOCSIN_CONFIG_DIR`; `deploy/config` is a commented example.", _files()
        ),
        "environment.md": _page(
            "Environment", "Each variable may be given as a file instead, with `_FILE` appended.", _environment()
        ),
    }


def _page(title: str, about: str, lines: Iterator[str]) -> str:
    return f"{GENERATED}\n# {title}\n\n{about}\n\n" + "\n".join(lines) + "\n"


def _metrics() -> Iterator[str]:
    yield "| metric | kind | labels | says |"
    yield "| --- | --- | --- | --- |"
    for name, metric in sorted(declared().items()):
        labels = ", ".join(f"`{label}`" for label in metric.labels)
        yield f"| `{name}` | {metric.kind} | {labels} | {metric.doc} |"


def _events() -> Iterator[str]:
    yield "| type | topic | change |"
    yield "| --- | --- | --- |"
    for name, event in sorted(EVENT_TYPES.items(), key=lambda item: (item[1].topic, item[0])):
        change = event.model_fields["change"].annotation
        fields = ", ".join(f"`{field}`" for field in getattr(change, "model_fields", {}))
        yield f"| `{name}` {event.version} | `{event.topic}` | {fields} |"


def _environment() -> Iterator[str]:
    yield "| variable | default | values |"
    yield "| --- | --- | --- |"
    yield from _variables(Settings, PREFIX)
    yield from _variables(KafkaSettings, f"{PREFIX}KAFKA_")
    yield "\nTracing is set up as OpenTelemetry defines it, by `OTEL_*`."


def _variables(model: type[BaseModel], prefix: str) -> Iterator[str]:
    for name, field in model.model_fields.items():
        if name not in FOR_TESTS and not _is_model(field.annotation):
            default = "" if field.default is None else f"`{field.default}`"
            yield f"| `{prefix}{name.upper()}` | {default} | {_type(field.annotation)} |"


def _files() -> Iterator[str]:
    told: set[type[BaseModel]] = set()
    for name, model in FILES.items():
        yield f"## {name}\n"
        yield from _model(model, told)


def _model(model: type[BaseModel], told: set[type[BaseModel]]) -> Iterator[str]:
    """A table of the model's keys, then those of the models inside that no table was made of yet."""
    told.add(model)
    yield f"{_first(model)}\n"
    yield "| key | default | value |"
    yield "| --- | --- | --- |"
    for name, field in model.model_fields.items():
        default = "required" if field.is_required() else _default(field.get_default(call_default_factory=True))
        yield f"| `{field.alias or name}` | {default} | {_type(field.annotation)} |"
    yield ""
    for field in model.model_fields.values():
        for inner in _models(field.annotation):
            if inner not in told:
                yield f"### {inner.__name__}\n"
                yield from _model(inner, told)


def _first(model: type[BaseModel]) -> str:
    return inspect.cleandoc(model.__doc__ or "").partition("\n\n")[0].replace("\n", " ")


def _default(value: Any) -> str:
    if value is None or value in ((), {}, []) or isinstance(value, BaseModel):
        return ""
    return f"`{_yaml(value)}`"


def _yaml(value: Any) -> str:
    """A value as one would write it in the file."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, timedelta):
        return format_duration(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_yaml(key)}: {_yaml(item)}" for key, item in value.items()) + "}"
    if isinstance(value, tuple | list | frozenset):
        return f"[{', '.join(map(_yaml, value))}]"
    return str(value)


def _is_model(annotation: Any) -> bool:
    return isinstance(annotation, type) and issubclass(annotation, BaseModel)


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if _is_model(annotation):
        yield annotation
    for argument in typing.get_args(annotation):
        yield from _models(argument)


def _type(annotation: Any) -> str:
    """A type as a reader of YAML would name it."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _type(arguments[0])
    if origin in (typing.Union, types.UnionType):
        return " or ".join(_type(argument) for argument in arguments if argument is not type(None))
    if origin is typing.Literal:
        return ", ".join(f"`{argument}`" for argument in arguments)
    if origin in (tuple, list, frozenset, set):
        return f"list of {_type(arguments[0])}"
    if origin is not None and len(arguments) == 2:
        return f"{_type(arguments[0])}: {_type(arguments[1])}"
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return ", ".join(f"`{member.value}`" for member in annotation)
    return _NAMES.get(getattr(annotation, "__name__", ""), getattr(annotation, "__name__", str(annotation)))


_NAMES = {
    "str": "text",
    "int": "whole number",
    "float": "number",
    "bool": "`true`, `false`",
    "timedelta": "duration",
    "Path": "path",
}


if __name__ == "__main__":
    for file, content in pages().items():
        (FOLDER / file).write_text(content, encoding="utf-8")
