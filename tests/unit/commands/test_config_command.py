"""`tocsin config check` and `tocsin keys new`, as a person types them."""

import hashlib
import json
import re

import pytest

from services.cli import main
from tests.support.example_config import Example


@pytest.fixture
def example(tmp_path_factory: pytest.TempPathFactory) -> Example:
    return Example(tmp_path_factory.mktemp("check"))


def tocsin(*arguments: str) -> int:
    """The exit code of the command."""
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    return int(ended.value.code or 0)


def test_a_valid_directory_is_said_to_be(example: Example, capsys: pytest.CaptureFixture[str]) -> None:
    assert tocsin("config", "check", str(example.folder)) == 0

    said = capsys.readouterr().out
    assert "is valid" in said
    assert example.load().version in said


def test_a_secret_that_is_not_here_is_a_note_and_no_fault(
    example: Example, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PAGER_SECRET", raising=False)

    assert tocsin("config", "check", str(example.folder)) == 0
    assert "note: channels.yaml: pager: env:PAGER_SECRET is not set" in capsys.readouterr().err


def test_every_fault_is_a_line_that_begins_with_its_place(example: Example, capsys: pytest.CaptureFixture[str]) -> None:
    roster = example.replace("roster", "regions: [BR, PT", "regions: [BR, UK")
    oncall = example.replace("oncall", "policy: leads", "policy: nobody")

    assert tocsin("config", "check", str(example.folder)) == 1

    said = capsys.readouterr()
    first, second = said.out.splitlines()
    assert first.startswith(f"oncall.yaml:{oncall}: paging[4].policy: ")
    assert second.startswith(f"roster.yaml:{roster}: specialists[0].regions[1]: ")
    assert "2 faults" in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize("host", ["127.0.0.1:9000", "localhost", "169.254.169.254", "[::ffff:10.0.0.1]", "0x7f000001"])
def test_a_url_that_its_channel_may_not_reach_is_a_fault_for_who_checks(
    example: Example, capsys: pytest.CaptureFixture[str], host: str
) -> None:
    log = "{id: logbook, kind: log}"
    inner = f'{{id: inner, kind: webhook, url: "http://{host}/x", secret: env:PAGER_SECRET}}'
    line = example.replace("channels", log, f"{log}\n  - {inner}")

    assert tocsin("config", "check", str(example.folder)) == 1
    assert f"channels.yaml:{line + 1}: channels[2].url: " in capsys.readouterr().out

    example.replace("channels", "secret: env:PAGER_SECRET}", "secret: env:PAGER_SECRET, allow_private: true}")
    assert tocsin("config", "check", str(example.folder)) == 0


def test_faults_may_be_read_by_a_program(example: Example, capsys: pytest.CaptureFixture[str]) -> None:
    line = example.replace("routing", "min_proficiency: 2", "min_proficiency: 6")

    assert tocsin("config", "check", str(example.folder), "--json") == 1

    answer = json.loads(capsys.readouterr().out)
    assert answer["valid"] is False
    assert [(f["file"], f["line"], f["path"]) for f in answer["faults"]] == [("routing.yaml", line, "min_proficiency")]


def test_a_directory_that_is_not_there_is_one_line(example: Example, capsys: pytest.CaptureFixture[str]) -> None:
    assert tocsin("config", "check", str(example.folder / "nowhere")) == 1
    assert capsys.readouterr().err.count("\n") == 1


def test_a_new_key_comes_with_its_hash(capsys: pytest.CaptureFixture[str]) -> None:
    assert tocsin("keys", "new", "--principal", "report-tool") == 0

    said = capsys.readouterr().out
    [digest] = re.findall(r'key_sha256: \["([0-9a-f]{64})"\]', said)
    [key] = re.findall(r"^  (tocsin_\S+)$", said, re.MULTILINE)
    assert hashlib.sha256(key.encode()).hexdigest() == digest


def test_the_hash_line_fits_access_yaml(example: Example, capsys: pytest.CaptureFixture[str]) -> None:
    tocsin("keys", "new", "--principal", "report-tool")
    [line] = re.findall(r"key_sha256: \[.*\]", capsys.readouterr().out)
    example.replace("access", "key_sha256: []", line)

    assert example.load().access.principals[0].key_sha256


def test_no_two_keys_are_alike(capsys: pytest.CaptureFixture[str]) -> None:
    keys = set()
    for _ in range(3):
        tocsin("keys", "new", "--principal", "ana", "--json")
        keys.add(json.loads(capsys.readouterr().out)["key"])

    assert len(keys) == 3


@pytest.mark.parametrize(
    "arguments", [("config",), ("config", "check"), ("keys", "new"), ("keys", "new", "--principal", "a b")]
)
def test_wrong_usage_is_exit_code_two(arguments: tuple[str, ...]) -> None:
    assert tocsin(*arguments) == 2
