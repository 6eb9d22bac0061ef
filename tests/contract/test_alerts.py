"""Every alert has a runbook: what it means, whom it hurts, how to look, what to do. No runbook is left over."""

import re
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

RUNBOOKS = Path("docs/runbooks")
SECTIONS = ["Meaning", "Impact", "Diagnosis", "Remedy"]
WITHOUT_ALERT = {"position-out-of-range"}


def rules() -> list[dict[str, Any]]:
    groups = YAML(typ="safe").load(Path("deploy/prometheus/alerts.yml"))["groups"]
    return [rule for group in groups for rule in group["rules"]]


def runbooks() -> list[Path]:
    return sorted(RUNBOOKS.glob("*.md"))


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule["alert"])
def test_an_alert_says_what_is_wrong_and_links_its_runbook(rule: dict[str, Any]) -> None:
    assert rule["labels"]["severity"] in ("critical", "warning")
    assert rule["annotations"]["summary"]
    runbook = Path(rule["annotations"]["runbook"])
    assert runbook.parent == RUNBOOKS
    assert f"`{rule['alert']}`" in runbook.read_text(encoding="utf-8")


def test_every_runbook_belongs_to_an_alert_or_to_a_message_of_the_code() -> None:
    linked = {Path(rule["annotations"]["runbook"]).stem for rule in rules()}
    assert {path.stem for path in runbooks()} == linked | WITHOUT_ALERT


@pytest.mark.parametrize("path", runbooks(), ids=lambda path: path.stem)
def test_a_runbook_has_its_four_parts(path: Path) -> None:
    assert re.findall(r"^## (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE) == SECTIONS


def test_runbooks_that_the_code_names_exist() -> None:
    sources = [*Path("shared").rglob("*.py"), *Path("services").rglob("*.py")]
    named = {name for path in sources for name in re.findall(r"docs/runbooks/[a-z-]+\.md", path.read_text("utf-8"))}
    assert named
    assert [name for name in named if not Path(name).exists()] == []
