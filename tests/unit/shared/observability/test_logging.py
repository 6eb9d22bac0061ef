"""Log lines: JSON with the service's name, and never the content of a case or a secret."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from shared.observability.logging import REDACTED, configure_logging, redact
from shared.settings import Settings


@pytest.fixture(autouse=True)
def logging_put_back() -> Iterator[None]:
    handlers, level = logging.root.handlers[:], logging.root.level
    yield
    structlog.reset_defaults()
    logging.root.handlers[:] = handlers
    logging.root.setLevel(level)


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_a_line_is_json_with_its_service(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("router", Settings())
    structlog.get_logger("test").warning("lease lost", lease="match")

    [line] = lines(capsys)
    assert (line["event"], line["level"], line["service"], line["lease"]) == (
        "lease lost",
        "warning",
        "router",
        "match",
    )
    assert line["at"].endswith("Z")


def test_lines_of_libraries_look_alike_and_only_their_warnings_show(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("router", Settings())
    logging.getLogger("aiokafka.consumer").info("heartbeat")
    logging.getLogger("aiokafka.consumer").warning("node %s is away", 1)

    [line] = lines(capsys)
    assert (line["event"], line["service"]) == ("node 1 is away", "router")


def test_content_and_secrets_are_never_written(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("intake", Settings())
    structlog.get_logger("test").error("refused", summary="a threat", case={"description": "long", "case_id": "c-1"})

    [line] = lines(capsys)
    assert line["summary"] == REDACTED
    assert line["case"] == {"description": REDACTED, "case_id": "c-1"}


def test_a_traceback_shows_no_local_variables(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("intake", Settings(log_format="console"))
    key = "key-that-must-not-show"
    try:
        int(key[:0])
    except ValueError:
        structlog.get_logger("test").exception("failed")

    shown = capsys.readouterr().out
    assert "ValueError" in shown
    assert key not in shown


def test_redacting_leaves_the_callers_map_alone() -> None:
    case = {"text": "private"}
    redact(None, "info", {"case": case})

    assert case == {"text": "private"}
