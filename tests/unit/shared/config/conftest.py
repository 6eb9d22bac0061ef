"""Every test here changes a copy of the shipped configuration."""

from pathlib import Path

import pytest

from tests.support.example_config import Example


@pytest.fixture
def example(tmp_path: Path) -> Example:
    return Example(tmp_path)
