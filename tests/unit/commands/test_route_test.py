"""`tocsin route-test` explains a decision from configuration files alone."""

import io
import json
from pathlib import Path
from typing import Any

import pytest

from services.cli import main
from tests.support import config_dir

ESCALATION = {
    "external_id": "r-1", "summary": "s", "policy_area": "violent_content", "language": "es-419", "region": "MX"
}  # fmt: skip
NIGHTS = {"time_zone": "UTC", "weekly": [{"days": ["mon"], "open": "20:00", "close": "04:00"}]}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Ana speaks Spanish, Ben works Monday nights."""
    files = config_dir.configuration(pager_url="http://127.0.0.1:1/")
    files["roster"]["specialists"][1]["shifts"] = NIGHTS
    return config_dir.write(tmp_path / "config", files)


def run(
    folder: Path, capsys: pytest.CaptureFixture[str], *options: str, escalation: Any = ESCALATION
) -> tuple[int, str, str]:
    """Exit code, stdout, stderr."""
    path = folder.parent / "escalation.json"
    path.write_text(json.dumps(escalation), encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        main(["route-test", str(path), "--config-dir", str(folder), *options])
    printed = capsys.readouterr()
    return int(ended.value.code or 0), printed.out, printed.err


def test_it_says_who_gets_it_and_why_others_do_not(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(folder, capsys, "--at", "2026-11-23T10:00:00Z")

    assert code == 0
    assert "violent content, high, es-419, MX, at 2026-11-23T10:00:00Z" in out
    assert "Given to ana" in out
    assert "ben          off shift, language" in out


def test_a_program_gets_the_whole_decision(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(folder, capsys, "--at", "2026-11-23T22:00:00+01:00", "--json")

    assert code == 0
    decision = json.loads(out)
    assert (decision["outcome"], decision["specialist"]) == ("assigned", "ana")
    assert decision["decided_at"] == "2026-11-23T21:00:00Z"
    assert decision["excluded_by"] == {"ben": ["language"]}
    assert decision["score"] == pytest.approx(sum(decision["candidates"][0]["parts"].values()))


def test_the_instant_decides_who_is_on_shift(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    german = {**ESCALATION, "language": "de", "region": "DE", "severity": "critical"}
    code, out, _ = run(folder, capsys, "--at", "2026-11-23T10:00:00Z", escalation=german)
    assert (code, "Nobody can take it before its deadline: off shift" in out) == (0, True)
    _, out, _ = run(folder, capsys, "--at", "2026-11-23T21:00:00Z", escalation=german)
    assert "Given to ben" in out


def test_it_reads_standard_input(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    stdin = io.TextIOWrapper(io.BytesIO(json.dumps(ESCALATION).encode()))
    monkeypatch.setattr("sys.stdin", stdin)
    with pytest.raises(SystemExit) as ended:
        main(["route-test", "-", "--config-dir", str(folder)])
    assert not ended.value.code
    assert "Given to ana" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("escalation", "said"),
    [
        ({**ESCALATION, "policy_area": "nonsense"}, "policy_area: 'nonsense' is not in the taxonomy"),
        ({**ESCALATION, "region": "XQ"}, "region: 'XQ' is no ISO 3166-1 code"),
        ({**ESCALATION, "colour": "red"}, "colour: Extra inputs are not permitted"),
        ([ESCALATION, ESCALATION], "holds 2 escalations; route-test explains one"),
    ],
)
def test_what_is_no_escalation_is_refused_by_name(
    folder: Path, capsys: pytest.CaptureFixture[str], escalation: Any, said: str
) -> None:
    code, _, err = run(folder, capsys, escalation=escalation)
    assert code == 1
    assert said in err


def test_a_wrong_instant_is_wrong_usage(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(folder, capsys, "--at", "yesterday")
    assert code == 2
    assert "--at" in err
