"""`tocsin sla-due`: the calculator on a terminal."""

import json
from pathlib import Path

import pytest

from services.cli import main
from shared.config.holidays import library_version
from tests.support import config_dir
from tests.unit.sla_monitor.rules import SLA


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    files = config_dir.configuration(pager_url="http://127.0.0.1:1/") | {"sla": SLA}
    return config_dir.write(tmp_path / "config", files)


def run(folder: Path, capsys: pytest.CaptureFixture[str], *options: str) -> tuple[int, str, str]:
    """Exit code, stdout, stderr."""
    with pytest.raises(SystemExit) as ended:
        main(["sla-due", "--config-dir", str(folder), *options])
    printed = capsys.readouterr()
    return int(ended.value.code or 0), printed.out, printed.err


def test_it_says_when_a_target_falls_due_in_a_calendar(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(folder, capsys, "--target", "PT8H", "--calendar", "berlin", "--start", "2026-11-27T08:00:00Z")

    assert code == 0
    assert "due    2026-11-27T16:00:00Z" in out


def test_a_program_gets_the_shape_of_the_preview(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(folder, capsys, "--target", "3600", "--start", "2026-11-27T08:00:00Z", "--json")

    assert code == 0
    answer = json.loads(out)
    assert answer["due_at"] == "2026-11-27T09:00:00Z"
    assert [level["percent"] for level in answer["thresholds"]] == [50, 75, 90]


@pytest.mark.parametrize(
    ("options", "code", "named"),
    [
        (["--target", "PT0S"], 2, "--target"),
        (["--target", "soon"], 2, "--target"),
        (["--target", "PT1H", "--start", "yesterday"], 2, "--start"),
        (["--target", "PT1H", "--calendar", "nowhere"], 2, "berlin"),
        (["--target", "P3000D"], 1, "5 years"),
        ([], 2, "--target"),
    ],
)
def test_what_is_wrong_is_said_in_a_line_or_two(
    folder: Path, capsys: pytest.CaptureFixture[str], options: list[str], code: int, named: str
) -> None:
    found, out, err = run(folder, capsys, *options)

    assert (found, out) == (code, "")
    assert named in err
    assert len(err.strip().splitlines()) <= 2


def test_holidays_are_closed_and_the_library_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    calendar = {**SLA["calendars"]["berlin"], "holidays": "DE-BE"}
    files = config_dir.configuration(pager_url="http://127.0.0.1:1/") | {
        "sla": {**SLA, "calendars": {"berlin": calendar}}
    }
    folder = config_dir.write(tmp_path / "config", files)

    code, out, _ = run(folder, capsys, "--target", "PT9H", "--calendar", "berlin", "--start", "2026-12-24T08:00:00Z")

    assert code == 0
    assert "due    2026-12-28T09:00:00Z" in out  # Christmas is a Friday
    assert f"holidays of DE-BE by {library_version()}" in out
