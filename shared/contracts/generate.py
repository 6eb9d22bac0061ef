"""Writes what others read of the events: one JSON Schema a type, and one AsyncAPI document (`make contracts`).

Both come from the event classes alone and are checked in; a test compares them with the code.
"""

import json
import sys
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from shared.contracts.registry import EVENT_TYPES, Event
from shared.contracts.vocabulary import PARTITIONS, Topic

HERE = Path(__file__).parent

_TOPIC_TEXT = {
    Topic.CASES: "What intake says happened to a case; key: the case id.",
    Topic.ASSIGNMENTS: "What router says of offers and of cases that wait; key: the case id (staffing: the language).",
    Topic.CLOCKS: "What sla_monitor says happened to a clock of a case; key: the case id.",
    Topic.PAGES: "What notifier says happened to a page; key: the case id, or the page id without a case.",
}
_SENDERS = {
    Topic.CASES: "intake",
    Topic.ASSIGNMENTS: "router",
    Topic.CLOCKS: "sla_monitor",
    Topic.PAGES: "notifier",
}


def schema_name(event: type[Event]) -> str:
    """The file's name in `schemas/`: `tocsin.case.opened.1.json`."""
    return f"{event.type}.{event.version}.json"


def schema_of(event: type[Event]) -> dict[str, Any]:
    """JSON Schema 2020-12 of the record's value."""
    schema = event.model_json_schema(mode="serialization")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": event.schema_id(), **schema}


def asyncapi() -> dict[str, Any]:
    """AsyncAPI 3.0: a channel a topic, a message an event type, an operation a sender."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Tocsin events",
            "version": "1",
            "description": "CloudEvents 1.0 in the Kafka binding's binary mode; values are JSON.",
        },
        "defaultContentType": "application/json",
        "channels": {topic.value: _channel(topic) for topic in _TOPIC_TEXT},
        "operations": {
            f"{sender}.send": {
                "action": "send",
                "channel": {"$ref": f"#/channels/{topic.value}"},
                "summary": f"{sender} is the only sender of {topic.value}.",
            }
            for topic, sender in _SENDERS.items()
        },
        "components": {"messages": {event.type: _message(event) for event in _events()}},
    }


def _events(topic: Topic | None = None) -> Iterator[type[Event]]:
    for name in sorted(EVENT_TYPES):
        if topic is None or EVENT_TYPES[name].topic == topic:
            yield EVENT_TYPES[name]


def _channel(topic: Topic) -> dict[str, Any]:
    return {
        "address": topic.value,
        "description": _TOPIC_TEXT[topic],
        "messages": {event.type: {"$ref": f"#/components/messages/{event.type}"} for event in _events(topic)},
        "bindings": {"kafka": {"partitions": PARTITIONS}},
    }


def _message(event: type[Event]) -> dict[str, Any]:
    return {
        "name": event.type,
        "headers": {"type": "object", "properties": _HEADERS | {"ce_type": {"const": event.type}}},
        "payload": {"$ref": f"schemas/{schema_name(event)}"},
    }


_HEADERS: dict[str, Any] = {
    "ce_specversion": {"const": "1.0"},
    "ce_id": {"type": "string", "format": "uuid", "description": "the same at every resend"},
    "ce_source": {"type": "string", "description": "/tocsin/<service>"},
    "ce_subject": {"type": "string", "description": "the record's key"},
    "ce_time": {"type": "string", "format": "date-time", "description": "occurred_at"},
    "ce_dataschema": {"type": "string"},
    "ce_sequence": {"type": "string", "description": "per key and source, from 1, no gaps"},
    "content-type": {"const": "application/json"},
    "traceparent": {"type": "string"},
}


def render() -> dict[str, str]:
    """Every generated file by its path relative to this folder."""
    files = {
        f"schemas/{schema_name(event)}": json.dumps(schema_of(event), indent=1, sort_keys=True) + "\n"
        for event in _events()
    }
    yaml = YAML()
    yaml.width = 110
    text = StringIO()
    yaml.dump(asyncapi(), text)
    return files | {"asyncapi.yaml": text.getvalue()}


def write(folder: Path = HERE) -> int:
    """Write every file below `folder` and drop schemas of no type; return how many were written."""
    files = render()
    (folder / "schemas").mkdir(exist_ok=True)
    for stale in {f"schemas/{path.name}" for path in (folder / "schemas").glob("*.json")} - files.keys():
        (folder / stale).unlink()
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    return len(files)


if __name__ == "__main__":
    sys.stdout.write(f"wrote {write()} files\n")
