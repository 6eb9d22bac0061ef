"""Tries mutations: applies each to a copy of the tree, runs its test there, and tells whether the test failed.

`python -m tests.chaos.mutate [part of a name …]`; exit status 1 when a mutant survived. The engines of
TOCSIN_TEST_POSTGRES_URL and TOCSIN_TEST_KAFKA are used where they are given.
"""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.chaos.mutants import MUTANTS, Mutant

ROOT = Path(__file__).resolve().parents[2]
LIMIT = 240
"""Seconds for one test; one that hangs under a mutant has failed."""

CAUGHT, SURVIVED, BROKEN = "caught", "SURVIVED", "did not run"
_OUTCOMES = {0: SURVIVED, 1: CAUGHT}


def main(parts: list[str]) -> int:
    """Try those whose name holds one of `parts`, or all; 1 when one was not caught."""
    chosen = [mutant for mutant in MUTANTS if not parts or any(part in mutant.name for part in parts)]
    outcomes = []
    for mutant in chosen:
        outcomes.append(tried(mutant))
        print(f"{outcomes[-1]:12} {mutant.name}  ({mutant.test} {mutant.chosen})", flush=True)  # noqa: T201
    return int(any(outcome != CAUGHT for outcome in outcomes))


def tried(mutant: Mutant) -> str:
    """What became of the test in a mutated copy."""
    with copied_tree() as tree:
        path = tree / mutant.path
        path.write_text(mutated(mutant, path.read_text(encoding="utf-8")), encoding="utf-8")
        choice = ["-k", mutant.chosen] if mutant.chosen else []
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", mutant.test, *choice]
        try:
            run = subprocess.run(command, cwd=tree, capture_output=True, timeout=LIMIT, check=False)
        except subprocess.TimeoutExpired:
            return CAUGHT
    return _OUTCOMES.get(run.returncode, BROKEN)


def mutated(mutant: Mutant, text: str) -> str:
    """The source with the mutation; raises `ValueError` where its place is not there exactly once."""
    if text.count(mutant.old) != 1:
        raise ValueError(f"{mutant.name}: {mutant.path} holds its place {text.count(mutant.old)} times")
    return text.replace(mutant.old, mutant.new)


@contextmanager
def copied_tree() -> Iterator[Path]:
    """A copy of every file that git knows, or would take up, as it is now."""
    listed = subprocess.run(
        ["git", "ls-files", "-co", "--exclude-standard", "-z"], cwd=ROOT, capture_output=True, check=True
    )
    with tempfile.TemporaryDirectory(prefix="mutant-") as folder:
        tree = Path(folder)
        for name in filter(None, listed.stdout.decode().split("\0")):
            source = ROOT / name
            if source.is_file():
                (tree / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(source, tree / name)
        yield tree


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
