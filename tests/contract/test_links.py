"""Links in the documentation lead somewhere; the README keeps its promises of shape."""

import re
from pathlib import Path

import pytest

PAGES = [*sorted(Path().glob("*.md")), *sorted(Path("docs").rglob("*.md"))]
LINK = re.compile(r"\]\(([^)#\s]+)(#[^)\s]+)?\)")
CODE = re.compile(r"```.*?```", re.DOTALL)


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_every_relative_link_leads_to_a_file(page: Path) -> None:
    text = CODE.sub("", page.read_text(encoding="utf-8"))
    targets = [target for target, _ in LINK.findall(text) if "://" not in target and not target.startswith("mailto:")]
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_a_guarantee_links_to_a_test_that_exists() -> None:
    readme = Path("README.md").read_text(encoding="utf-8")
    _, _, guarantees = readme.partition("## Guarantees")
    rows = [line for line in guarantees.partition("\n## ")[0].splitlines() if line.startswith("| ")][2:]
    assert len(rows) >= 8
    for row in rows:
        found = re.findall(r"\[`(test_\w+)`\]\((tests/[\w/]+\.py)\)", row)
        assert found, row
        for name, path in found:
            assert re.search(rf"^\s*(async )?def {name}\(", Path(path).read_text(encoding="utf-8"), re.MULTILINE), row


def test_the_readme_is_short_and_begins_with_its_promise() -> None:
    lines = Path("README.md").read_text(encoding="utf-8").splitlines()
    assert len(lines) < 200
    promise = next(line for line in lines[1:] if line)
    assert len(promise.split()) <= 25


def test_every_decision_record_is_listed_and_says_why_and_what_follows() -> None:
    records = sorted(Path("docs/adr").glob("*.md"))
    listed = Path("docs/README.md").read_text(encoding="utf-8")
    for path in records:
        text = path.read_text(encoding="utf-8")
        assert re.findall(r"^\*\*(\w+)\.\*\* ", text, re.MULTILINE) == ["Decision", "Why", "Consequences"], path
        assert f"(adr/{path.name})" in listed, path
