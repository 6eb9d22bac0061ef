"""When silence counts as silence."""

from datetime import UTC, datetime, timedelta

from services.notifier.platform import GRACE, SILENT_AFTER, Silence

START = datetime(2026, 11, 22, 17, 0, tzinfo=UTC)


def looked(times: range, *, moving: bool, silence: Silence | None = None) -> Silence:
    silence = silence or Silence(since=times.start, looked_at=times.start)
    for second in times:
        silence.look(START + timedelta(seconds=second if moving else 0), float(second))
    return silence


def test_a_minute_without_progress_is_silence_and_not_a_second_less() -> None:
    assert not looked(range(60), moving=False).lasts
    assert looked(range(61), moving=False).lasts


def test_never_caught_up_since_the_start_counts_from_the_start() -> None:
    silence = Silence(0.0, 0.0)
    for second in range(61):
        silence.look(None, float(second))
    assert silence.lasts


def test_progress_starts_the_count_again() -> None:
    silence = looked(range(59), moving=False)
    assert silence.look(START + timedelta(seconds=59), 59.0)
    assert silence.seconds == 0


def test_what_was_not_watched_is_not_silence_until_consumers_could_have_come_back() -> None:
    silence = looked(range(30), moving=False)
    back = 500 + int(GRACE)
    assert not looked(range(500, back), moving=False, silence=silence).lasts
    assert looked(range(back, back + 1), moving=False, silence=silence).lasts


def test_progress_after_a_time_that_was_not_watched_ends_the_silence() -> None:
    silence = looked(range(30), moving=False)
    looked(range(500, 510), moving=False, silence=silence)
    silence.look(START + timedelta(seconds=505), 510.0)
    assert not looked(range(511, 511 + int(SILENT_AFTER) - 2), moving=False, silence=silence).lasts


def test_kafka_is_missed_within_90_seconds_also_when_postgresql_was_away_for_a_while() -> None:
    silence = looked(range(20), moving=False)
    assert looked(range(70, 90), moving=False, silence=silence).lasts


def test_the_first_look_is_no_progress() -> None:
    assert not Silence(0.0, 0.0).look(START, 0.5)
