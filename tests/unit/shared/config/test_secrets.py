"""Secrets stand in the configuration by reference and are read at the moment of use."""

from pathlib import Path

import pytest

from shared.config.secrets import SecretUnavailable, is_reference, resolve


def test_a_variable_is_read_anew_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PAGER_SECRET", "first")
    assert resolve("env:PAGER_SECRET") == "first"

    monkeypatch.setenv("PAGER_SECRET", "second\n")
    assert resolve("env:PAGER_SECRET") == "second"


def test_a_file_is_read_without_its_last_newline(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("whsec_abc\n", encoding="utf-8")

    assert resolve(f"file:{tmp_path / 'secret'}") == "whsec_abc"


@pytest.mark.parametrize("reference", ["env:TOCSIN_NOT_SET", "file:/nowhere/secret", "file:/"])
def test_a_reference_that_leads_nowhere_says_so(reference: str) -> None:
    with pytest.raises(SecretUnavailable, match=reference):
        resolve(reference)


def test_anything_else_is_itself() -> None:
    assert resolve("https://example.org/hook") == "https://example.org/hook"
    assert not is_reference("env:")
