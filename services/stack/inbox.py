"""What the built-in receiver got, in memory and in one file of JSON lines."""

import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson


@dataclass
class Inbox:
    """What came, in order of arrival, by `webhook-id`; the file and the memory hold the same."""

    path: Path
    messages: dict[str, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def open(cls, path: Path) -> "Inbox":
        """Read what earlier runs kept; a line cut short by a crash is left out."""
        inbox = cls(path)
        kept = path.read_bytes() if path.exists() else b""
        for line in kept.split(b"\n"):
            with suppress(orjson.JSONDecodeError, KeyError, TypeError):
                inbox._remember(orjson.loads(line))
        if kept and not kept.endswith(b"\n"):
            path.write_bytes(kept + b"\n")
        return inbox

    def keep(self, webhook_id: str, body: Mapping[str, Any]) -> None:
        """Write one delivery to the file, then remember it."""
        delivery = {"received_at": datetime.now(UTC), "webhook_id": webhook_id, "body": body}
        with self.path.open("ab") as file:
            file.write(orjson.dumps(delivery, option=orjson.OPT_APPEND_NEWLINE))
            file.flush()
            os.fsync(file.fileno())
        self._remember(orjson.loads(orjson.dumps(delivery)))

    def _remember(self, delivery: dict[str, Any]) -> None:
        known = self.messages.get(delivery["webhook_id"])
        if known is not None:
            known["deliveries"] += 1
            return
        self.messages[delivery["webhook_id"]] = {**delivery, **brief(delivery["body"]), "deliveries": 1}


def brief(body: Mapping[str, Any]) -> dict[str, Any]:
    """What a reader of `/pages` looks for first."""
    data = body["data"]
    page = data["page"]
    return {
        "type": body["type"],
        "page_id": page["page_id"],
        "case_id": page.get("case_id"),
        "responder": data.get("responder"),
        "ack_url": data.get("ack_url"),
    }
