"""Log lines: JSON with the service's name, and never the content of a case or a secret."""

import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from shared.observability.logging import REDACTED, configure_logging, redact
from shared.settings import KafkaSettings, Settings


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


SECRETS = Settings(
    database_url="postgresql://tocsin:p%40ss%22word@db/tocsin",
    kafka=KafkaSettings(password="kafka-canary"),
    secret_key="new-link-canary\nold-link-canary\n",
)


@pytest.mark.parametrize("log_format", ["json", "console"])
@pytest.mark.parametrize(
    "secret",
    [
        'p@ss"word',
        "p%40ss%22word",
        "kafka-canary",
        "new-link-canary",
        "old-link-canary",
        "postgresql://somebody:else@db/x",
        "Bearer key-canary",
        "/v1/ack/dG9rZW4tY2FuYXJ5",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "victim@example.org",
    ],
)
def test_a_secret_is_taken_out_wherever_it_stands(
    capsys: pytest.CaptureFixture[str], log_format: str, secret: str
) -> None:
    """In a field, deep inside one, in the event, in an exception, and in a library's own words."""
    settings = SECRETS.model_copy(update={"log_format": log_format})
    configure_logging("intake", settings)
    log = structlog.get_logger("test")
    log.error(f"cannot use {secret} here", error=secret, many=[{"deep": f"({secret})"}])
    try:
        connect(secret)
    except ConnectionError:
        log.exception("failed")
        logging.getLogger("aiokafka").exception("lost %s", secret)

    shown = capsys.readouterr().out
    for core in (secret, secret.removeprefix("Bearer ").removeprefix("/v1/ack/"), json.dumps(secret)[1:-1]):
        assert core not in shown
    assert "ConnectionError" in shown
    assert REDACTED in shown


def connect(secret: str) -> None:
    raise ConnectionError(f"refused: {secret}")


def test_what_is_no_secret_stays(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging("intake", SECRETS)
    structlog.get_logger("test").info("at http://intake:8001/v1/cases", at_host="db:5432", share="3@once")

    [line] = lines(capsys)
    assert (line["event"], line["at_host"], line["share"]) == ("at http://intake:8001/v1/cases", "db:5432", "3@once")
