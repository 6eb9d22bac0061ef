"""`tocsin post`, `case` and `watch` as a person types them, against a running stack and against none."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from shared.ids import uuid7
from tests.support.caller import Caller
from tests.support.running_stack import RunningStack
from tests.support.waiting import wait_for

pytestmark = pytest.mark.timeout(300)

UNKNOWN = "0190b6a0-0000-7000-8000-000000000001"


def arguments(*command: str) -> list[str]:
    return [sys.executable, "-m", "services.cli", *command]


def tocsin(*command: str, given: str = "") -> subprocess.CompletedProcess[str]:
    """A command, to its end."""
    return subprocess.run(arguments(*command), input=given, capture_output=True, text=True, timeout=60, check=False)


def escalation(**changes: Any) -> str:
    """One line of JSON that every configuration of the tests takes."""
    body = {
        "external_id": str(uuid7()),
        "summary": "Threat against a school",
        "policy_area": "violent_content",
        "language": "en",
        "region": "US",
    }
    return json.dumps(body | changes)


@pytest.fixture
def here(stack: RunningStack) -> list[str]:
    """The options that name the running stack."""
    return ["--data-dir", str(stack.data_dir)]


@pytest.fixture
def case_id(here: list[str], lead: Caller) -> Iterator[str]:
    """A case that `tocsin post` made; resolved afterwards, so that it takes nobody's capacity."""
    answer = tocsin("post", "-", "--json", *here, given=escalation())
    assert answer.returncode == 0, answer.stderr
    made = str(json.loads(answer.stdout)["results"][0]["body"]["case_id"])
    yield made
    lead.command(made, "resolve", outcome="no_violation", summary="Of a test.")


def test_a_file_is_posted_and_what_was_refused_is_named(here: list[str], lead: Caller, tmp_path: Path) -> None:
    file = tmp_path / "escalations.ndjson"
    good = escalation()
    file.write_text(f"{good}\n{escalation(external_id='odd', policy_area='nonsense')}\n{{oops\n{good}\n")
    answer = tocsin("post", str(file), *here)
    assert answer.returncode == 1
    assert "4 escalations: 1 accepted, 1 duplicate, 2 refused" in answer.stdout
    refused = answer.stderr.splitlines()
    assert refused[0].startswith("line 2 (odd): policy_area: ")
    assert refused[1].startswith("line 3: not JSON")
    assert refused[2] == "tocsin: 2 of 4 refused; correct those and post the file again"
    lead.command(answer.stdout.split()[3], "resolve", outcome="no_violation", summary="Of a test.")


def test_a_case_is_shown_with_clocks_routing_and_timeline_of_all_services(
    here: list[str], lead: Caller, case_id: str
) -> None:
    lead.wait_items("sla_monitor", f"/v1/cases/{case_id}/clocks", lambda clocks: len(clocks) > 0)
    wait_for(lambda: "assignment.offered" in lead.timeline(case_id), what="an offer")
    answer = tocsin("case", case_id, *here)
    assert answer.returncode == 0, answer.stderr
    for expected in (case_id, "Threat against a school", "Clocks", " left", "Given to ", "case.opened"):
        assert expected in answer.stdout
    assert not any(line.endswith(" ") for line in answer.stdout.splitlines())
    told = json.loads(tocsin("case", case_id, "--json", *here).stdout)
    assert told["case"]["case_id"] == case_id
    assert told["missing"] == {}
    assert all(told[part] for part in ("timeline", "routing", "assignments", "clocks"))


def test_watch_shows_open_cases_until_ctrl_c(here: list[str], case_id: str) -> None:
    with subprocess.Popen(
        arguments("watch", *here),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=_take_ctrl_c,
    ) as process:
        assert process.stdout is not None
        try:
            seen = ""
            while case_id not in seen:
                line = process.stdout.readline()
                assert line, "watch ended by itself"
                seen += line
            process.send_signal(signal.SIGINT)
            _, complaints = process.communicate(timeout=15)
        finally:
            process.kill()
    assert (process.returncode, complaints) == (0, "")


def _take_ctrl_c() -> None:
    """As in a terminal: a shell that starts the tests in the background has its children ignore SIGINT."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def test_watch_once_is_for_programs_too(here: list[str], case_id: str) -> None:
    rows = [json.loads(line) for line in tocsin("watch", "--once", "--json", *here).stdout.splitlines()]
    assert case_id in {row["case_id"] for row in rows}


def test_the_services_can_be_named_without_a_data_directory(stack: RunningStack, case_id: str) -> None:
    key = Path(stack.info()["token_file"]).read_text().strip()
    named = ("--url", stack.url("intake"), "--token", key)
    assert tocsin("case", case_id, "--data-dir", "nowhere", *named).returncode == 0


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        (["case", UNKNOWN], 1, "tocsin watch"),
        (["case", "nonsense"], 2, "--help"),
        (["case", UNKNOWN, "--token", "wrong"], 1, "--token"),
        (["post", "absent.json"], 2, "absent.json"),
        (["case", UNKNOWN, "--url", "http://127.0.0.1:9", "--token", "any"], 1, "tocsin up"),
    ],
    ids=["unknown case", "no id", "wrong key", "absent file", "nobody there"],
)
def test_an_error_is_a_line_or_two_with_the_remedy(here: list[str], command: list[str], code: int, said: str) -> None:
    answer = tocsin(*command, *here)
    assert answer.returncode == code
    assert said in answer.stderr
    assert len(answer.stderr.strip().splitlines()) <= 2
    assert "Traceback" not in answer.stderr


def test_without_a_stack_every_command_says_how_to_start_one(tmp_path: Path) -> None:
    for command in (["post", "-"], ["case", UNKNOWN], ["watch"]):
        answer = tocsin(*command, "--data-dir", str(tmp_path), given=escalation())
        assert answer.returncode == 1
        assert "tocsin up" in answer.stderr
