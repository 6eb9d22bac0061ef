"""`make chaos`: seeded rounds, spread over the acts; a table at the end and `chaos.json`; 1 when anything is not zero.

A single round again: `make chaos ACTS="kill kafka" ROUNDS=1 SEED=<its seed>`.
"""

import argparse
import asyncio
import json
import logging
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.chaos.plan import ACTS, Plan, spread
from tests.chaos.rounds import Ground, Outcome, ground
from tests.chaos.table import rows, text, told

RESULT = Path("chaos.json")


def main() -> int:
    """Run what the command line asks for."""
    wanted = _arguments()
    unknown = set(wanted.acts) - set(ACTS)
    if unknown:
        sys.stderr.write(f"no such act: {', '.join(sorted(unknown))}; there are: {', '.join(ACTS)}\n")
        return 2
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # brokers are killed all the time
    plans = spread(wanted.rounds, wanted.acts or list(ACTS), wanted.seed)
    home = Path(tempfile.mkdtemp(prefix="tocsin-chaos-"))
    home.chmod(0o755)
    outcomes = asyncio.run(_play(plans, home, _say))
    _say(f"\n{text(outcomes)}")
    RESULT.write_text(json.dumps(rows(outcomes), indent=1), encoding="utf-8")
    return int(not all(outcome.clean for outcome in outcomes) or len(outcomes) < len(plans))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--rounds", type=int, default=len(ACTS))
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--acts", type=lambda text: [a.strip() for a in text.split(",") if a.strip()], default=[])
    return parser.parse_args()


async def _play(plans: Sequence[Plan], home: Path, say: Callable[[str], None]) -> list[Outcome]:
    """All rounds, those on the same Kafka on the same engines; after one that did not end on new engines."""
    outcomes: list[Outcome] = []
    say(f"{len(plans)} rounds; logs in {home}")
    while len(outcomes) < len(plans):
        brokers, rest = plans[len(outcomes)].brokers, plans[len(outcomes) :]
        async with ground(home / f"from-{len(outcomes) + 1}", brokers, _silent) as field:
            for plan in (plan for plan in rest if plan.brokers == brokers):
                say(f"round {len(outcomes) + 1} of {len(plans)}: {plan.act} seed {plan.seed}")
                outcomes.append(await _outcome(field, plan))
                say(told(outcomes[-1]))
                if outcomes[-1].broken:
                    break
    return outcomes


async def _outcome(field: Ground, plan: Plan) -> Outcome:
    """What the round came to, be it that it did not come to its end."""
    began = time.monotonic()
    try:
        return await field.play(plan)
    except Exception as error:  # noqa: BLE001 - a round that raises is one that found something
        return Outcome(plan, time.monotonic() - began, broken=f"{type(error).__name__}: {error}")


def _silent(_line: str) -> None:
    """The supervisor's lines are expected here: things die all the time."""


def _say(line: str) -> None:
    sys.stdout.write(f"{time.strftime('%H:%M:%S')} {line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
