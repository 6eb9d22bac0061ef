"""What remains of a document when its texts and personal data are taken out: the skeleton, in the same shape.

Pure. Works on JSON as it is stored: values of events, reports as they were sent, stored answers. Pend reasons stay,
because clocks are suspended by them.
"""

from collections.abc import Mapping
from typing import Any

import orjson

ERASED = "[erased]"

_REPORT_DROPS = frozenset({"description", "stakeholders", "labels"})
_TEXTS = frozenset({"summary", "text", "root_cause", "description"})
_EMPTIED = frozenset({"stakeholders", "labels"})


def report(body: Mapping[str, Any]) -> dict[str, Any]:
    """A report as it was sent, without what was written, who wrote it, and where it points to."""
    kept = {name: value for name, value in body.items() if name not in _REPORT_DROPS}
    kept["summary"] = ERASED
    if kept.get("reporter"):
        kept["reporter"] = {name: value for name, value in kept["reporter"].items() if name == "type"}
    if kept.get("subject"):
        kept["subject"] = {name: value for name, value in kept["subject"].items() if name != "url"}
    if kept.get("evidence"):
        kept["evidence"] = [{**item, "value": ERASED} for item in kept["evidence"]]
    return kept


def change(told: Mapping[str, Any]) -> dict[str, Any]:
    """The `change` of an event: no addresses, no texts, no reasons but those that a case waits for."""
    kept = document(told)
    if isinstance(kept.get("reason"), str) and "reasons" not in kept:
        kept["reason"] = ERASED
    return kept


def event(value: Mapping[str, Any]) -> dict[str, Any]:
    """The value of an event."""
    kept = dict(value)
    if isinstance(kept.get("change"), Mapping):
        kept["change"] = change(kept["change"])
    if isinstance(kept.get("case"), Mapping):
        kept["case"] = document(kept["case"])
    return kept


def assignment(value: Mapping[str, Any]) -> dict[str, Any]:
    """An assignment: why a person declined is in their words, every other reason in ours."""
    declined = value.get("state") == "declined" and value.get("reason") is not None
    return {**document(value), **({"reason": ERASED} if declined else {})}


def document(value: Mapping[str, Any]) -> dict[str, Any]:
    """Any object: texts replaced, addresses and labels emptied, wherever they stand."""
    return {name: _kept(name, item) for name, item in value.items()}


def raw(payload: bytes | None) -> bytes | None:
    """The value of a Kafka record; nothing is left of one that cannot be read."""
    if not payload:
        return payload
    try:
        value = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return b""
    return orjson.dumps(event(value)) if isinstance(value, dict) else b""


def _kept(name: str, item: Any) -> Any:
    if name in _EMPTIED and item:
        return type(item)()
    if name in _TEXTS and isinstance(item, str):
        return ERASED
    if name == "url":
        return None
    if name == "assignment" and isinstance(item, Mapping):
        return assignment(item)
    if isinstance(item, Mapping):
        return document(item)
    if isinstance(item, list):
        return [document(one) if isinstance(one, Mapping) else one for one in item]
    return item
