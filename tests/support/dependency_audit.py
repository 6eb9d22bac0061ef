"""`make audit`: known vulnerabilities of what production images install (requirements.lock), by pip-audit.

pip-audit counts a package that its source does not know as fine. Here it is a failure: a package without a verdict
was not audited. Sources are asked in turn until one has a verdict on every package.

Exit codes: 0 every package was looked up and none is vulnerable, 1 some are, 2 no source could be asked.
"""

import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

LOCK = Path("requirements.lock")
SOURCES = ("osv", "pypi")
CLEAN, VULNERABLE, UNKNOWN = 0, 1, 2


@dataclass(frozen=True)
class Verdict:
    """What one source says; `unaudited` were skipped, `vulnerable` is package -> ids of advisories."""

    packages: int
    unaudited: tuple[str, ...]
    vulnerable: dict[str, tuple[str, ...]]

    @property
    def whole(self) -> bool:
        """Whether it looked at every package, and at any at all."""
        return self.packages > 0 and not self.unaudited


def verdict_of(report: str) -> Verdict | None:
    """The verdict in pip-audit's JSON; None when it wrote none (its source cannot be reached)."""
    try:
        found = json.loads(report)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return None
    return Verdict(
        packages=len(found),
        unaudited=tuple(one["name"] for one in found if "skip_reason" in one),
        vulnerable={one["name"]: tuple(v["id"] for v in one["vulns"]) for one in found if one.get("vulns")},
    )


def ask(source: str) -> str:
    """pip-audit's report from one source; empty when there is none."""
    command = [sys.executable, "-m", "pip_audit", "-s", source, "-f", "json", "--progress-spinner", "off"]
    command += ["-r", str(LOCK), "--require-hashes", "--disable-pip"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600)
    return done.stdout


def audit(sources: Sequence[str] = SOURCES, ask: Callable[[str], str] = ask) -> tuple[int, list[str]]:
    """(exit code, what to say)."""
    said = []
    for source in sources:
        verdict = verdict_of(ask(source))
        if verdict is not None and verdict.vulnerable:
            lines = [f"{name}: {', '.join(ids)}" for name, ids in sorted(verdict.vulnerable.items())]
            return VULNERABLE, [*lines, f"{len(lines)} packages of {LOCK} are vulnerable; raise them and lock again"]
        if verdict is not None and verdict.whole:
            return CLEAN, [f"{verdict.packages} packages of {LOCK} looked up at {source}, none is known as vulnerable"]
        said.append(
            f"{source}: cannot be reached"
            if verdict is None
            else f"{source}: no verdict on {len(verdict.unaudited)} of {verdict.packages} packages"
        )
    return UNKNOWN, [*said, "nothing was audited: no source of advisories answers from here; run it where one does"]


def main() -> int:
    code, lines = audit()
    print("\n".join(lines), file=sys.stdout if code == CLEAN else sys.stderr)
    return code


if __name__ == "__main__":
    sys.exit(main())
