"""A crash point ends the process once, at the chosen pass, and leaves its mark."""

from pathlib import Path

import pytest

from shared.components.crash import CrashPlan, crash_point


class Ended(BaseException):
    """Stands for SIGKILL."""


def end() -> None:
    raise Ended


def test_the_chosen_point_ends_the_process_and_leaves_the_mark(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    plan = CrashPlan("relay.after_send", mark, end)
    plan.reach("relay.before_send")
    with pytest.raises(Ended):
        plan.reach("relay.after_send")
    assert mark.read_text().startswith("relay.after_send")


def test_the_nth_pass_counts(tmp_path: Path) -> None:
    plan = CrashPlan("timer.in_transaction:3", tmp_path / "mark", end)
    plan.reach("timer.in_transaction")
    plan.reach("timer.in_transaction")
    with pytest.raises(Ended):
        plan.reach("timer.in_transaction")


def test_the_restarted_process_goes_on(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    mark.touch()
    CrashPlan("relay.after_send", mark, end).reach("relay.after_send")


def test_without_a_plan_every_point_is_passed() -> None:
    crash_point("relay.after_send")
