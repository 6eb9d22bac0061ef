"""The generated pages of docs/reference are those of this code."""

import pytest

from tests.support.reference_pages import FOLDER, pages


@pytest.mark.parametrize("file", sorted(pages()))
def test_the_page_is_up_to_date(file: str) -> None:
    kept = (FOLDER / file).read_text(encoding="utf-8")
    assert kept == pages()[file], "rewrite it: python -m tests.support.reference_pages"
