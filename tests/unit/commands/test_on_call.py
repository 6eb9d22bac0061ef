"""`tocsin on-call`, as a person types it, on the example configuration."""

import json

import pytest

from services.cli import main

AT = ("--at", "2026-11-23T09:00:00Z")


def tocsin(*arguments: str) -> int:
    """The exit code of the command."""
    with pytest.raises(SystemExit) as ended:
        main(("on-call", *arguments))
    return int(ended.value.code or 0)


def test_it_says_who_why_until_when_and_who_is_next(capsys: pytest.CaptureFixture[str]) -> None:
    assert tocsin("safety-primary", *AT) == 0

    said = capsys.readouterr().out
    assert said.startswith(
        "lena is on call on safety-primary at 2026-11-23 09:00+00:00 by emea, until 2026-11-23 16:00"
    )
    assert "next: rosa, from 2026-11-23 16:00+00:00" in said


def test_a_program_reads_what_the_service_answers(capsys: pytest.CaptureFixture[str]) -> None:
    assert tocsin("safety-primary", *AT, "--json") == 0

    answer = json.loads(capsys.readouterr().out)
    assert (answer["responder"], answer["source"], answer["until"]) == ("lena", "emea", "2026-11-23T16:00:00Z")
    assert answer["next"] == {"responder": "rosa", "start": "2026-11-23T16:00:00Z"}
    assert set(answer) == {"at", "responder", "source", "until", "next", "config_version", "tzdata_version"}


def test_an_unknown_schedule_is_named_with_those_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert tocsin("nope", *AT) == 1

    assert "'nope' in oncall.yaml; it has safety-primary" in capsys.readouterr().err


def test_a_time_without_an_offset_is_wrong_usage() -> None:
    assert tocsin("safety-primary", "--at", "2026-11-23T09:00:00") == 2
