"""The audit of dependencies never says that it is clean when it did not look."""

import json
from typing import Any

from tests.support.dependency_audit import CLEAN, UNKNOWN, VULNERABLE, audit

GOOD = {"name": "httpx", "version": "1", "vulns": []}
BAD = {"name": "jinja2", "version": "2", "vulns": [{"id": "PYSEC-1"}, {"id": "PYSEC-2"}]}
SKIPPED = {"name": "uvicorn", "skip_reason": "Dependency not found on PyPI and could not be audited"}


def answer(**reports: list[dict[str, Any]] | str) -> tuple[int, str]:
    def ask(source: str) -> str:
        report = reports.get(source, "")
        return report if isinstance(report, str) else json.dumps({"dependencies": report})

    code, lines = audit(tuple(reports), ask)
    return code, "\n".join(lines)


def test_every_package_without_advisories_is_clean() -> None:
    assert answer(osv=[GOOD])[0] == CLEAN


def test_a_vulnerable_package_is_named_with_its_advisories() -> None:
    code, said = answer(osv=[GOOD, BAD])

    assert code == VULNERABLE
    assert "jinja2: PYSEC-1, PYSEC-2" in said


def test_a_package_that_the_source_does_not_know_was_not_audited() -> None:
    code, said = answer(pypi=[GOOD, SKIPPED])

    assert code == UNKNOWN
    assert "no verdict on 1 of 2" in said


def test_another_source_is_asked_when_one_is_away() -> None:
    assert answer(osv="", pypi=[GOOD])[0] == CLEAN


def test_without_any_source_it_fails_and_says_so() -> None:
    for report in ("", "[]", "not json", []):
        code, said = answer(osv=report)
        assert code == UNKNOWN
        assert "nothing was audited" in said
