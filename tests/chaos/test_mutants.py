"""The mutations still fit the sources, and each is listed where people look for it."""

from pathlib import Path

import pytest

from tests.chaos.mutants import MUTANTS, Mutant
from tests.chaos.mutate import ROOT, mutated
from tests.chaos.plan import ACTS
from tests.chaos.round_mutants import ROUND_MUTANTS, RoundMutant

LISTED = (ROOT / "tests/chaos/mutations.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutation_fits_its_source_and_names_its_test(mutant: Mutant) -> None:
    source = (ROOT / mutant.path).read_text(encoding="utf-8")

    assert mutated(mutant, source) != source
    assert (ROOT / mutant.test).is_file()
    assert mutant.name in LISTED


@pytest.mark.parametrize("mutant", ROUND_MUTANTS, ids=lambda mutant: mutant.name)
def test_a_mutation_of_a_round_fits_its_sources(mutant: RoundMutant, tmp_path: Path) -> None:
    for path, _, _ in mutant.edits:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text((ROOT / path).read_text(encoding="utf-8"), encoding="utf-8")

    mutant.applied(tmp_path)

    assert all((tmp_path / path).read_text() != (ROOT / path).read_text() for path, _, _ in mutant.edits)
    assert mutant.act in ACTS
    assert mutant.name in LISTED


def test_a_place_that_is_not_there_is_no_mutation() -> None:
    with pytest.raises(ValueError, match="holds its place 0 times"):
        mutated(MUTANTS[0], "nothing of it")
