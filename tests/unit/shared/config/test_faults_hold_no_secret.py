"""What `tocsin config check` and the log say of a fault never quotes what may be a secret or its hash."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from shared.config.faults import ConfigFaults
from shared.config.loading import parse, snapshot
from tests.support.config_dir import configuration, write

CANARY = "canary-literal"

CHANNELS: list[dict[str, Any]] = [
    {"id": "w", "kind": "webhook", "url": "https://pager.example/hook", "secret": CANARY},
    {"id": "p", "kind": "pagerduty", "routing_key": CANARY},
    {"id": "s", "kind": "slack", "channel": "C01", "token": CANARY, "signing_secret": CANARY},
    {
        "id": "t",
        "kind": "twilio_sms",
        "to": "+4915112345678",
        "account": CANARY,
        "token": CANARY,
        "from": "+15005550006",
    },
    {"id": "m", "kind": "email", "to": "ana@example.org", "smtp": f"smtp://ana:{CANARY}@mail.example"},
    {"id": "o", "kind": "apprise", "url": f"slack://{CANARY}/x/y"},
    {"id": "u", "kind": "webhook", "url": "https://pager.example/hook", "secret": "env:A", "unknown": CANARY},
]


def faults(folder: Path, files: dict[str, Any]) -> str:
    """All that is said of these files; nothing when they are in order."""
    try:
        parse(snapshot(write(folder, files)), date(2026, 11, 22))
    except ConfigFaults as found:
        return "\n".join([str(found), repr(found), *map(str, found.faults)])
    return ""


@pytest.mark.parametrize("channel", CHANNELS, ids=lambda channel: str(channel["id"]))
def test_a_secret_written_out_is_refused_unquoted(tmp_path: Path, channel: dict[str, Any]) -> None:
    files = configuration(pager_url="https://pager.example/hook")
    files["channels"]["channels"].append(channel)

    assert CANARY not in faults(tmp_path, files)


@pytest.mark.parametrize("secret", [CHANNELS[0], CHANNELS[1], CHANNELS[2], CHANNELS[3]], ids=["w", "p", "s", "t"])
def test_such_a_secret_is_a_fault(tmp_path: Path, secret: dict[str, Any]) -> None:
    files = configuration(pager_url="https://pager.example/hook")
    files["channels"]["channels"].append(secret)

    assert "by reference only" in faults(tmp_path, files)


@pytest.mark.parametrize("value", [CANARY, CANARY.upper(), [CANARY], {CANARY: 1}])
def test_a_key_in_place_of_its_hash_is_refused_unquoted(tmp_path: Path, value: Any) -> None:
    """Somebody pastes the key itself: it must not go on into logs."""
    files = configuration(pager_url="https://pager.example/hook")
    files["access"]["principals"][0]["key_sha256"] = [value]

    said = faults(tmp_path, files)

    assert "principals[0].key_sha256" in said
    assert CANARY not in said.lower()
