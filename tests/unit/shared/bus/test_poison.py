"""Too large a share of poison stops the consumer; single records never do."""

import pytest

from shared.bus.poison import AT_LEAST, WINDOW, PoisonGauge, TooMuchPoison
from shared.bus.positions import Place

PLACE = Place("tocsin.cases", 3)


def test_a_few_bad_records_are_buried_however_few_there_were_in_all() -> None:
    gauge = PoisonGauge()
    for _ in range(AT_LEAST - 1):
        gauge.admit(total=1, dead=1, place=PLACE)
        gauge.count(total=1, dead=1)


def test_a_topic_of_bad_records_stops_at_the_limit() -> None:
    gauge = PoisonGauge()
    gauge.count(total=AT_LEAST - 1, dead=AT_LEAST - 1)
    with pytest.raises(TooMuchPoison, match="runbooks"):
        gauge.admit(total=1, dead=1, place=PLACE)


def test_a_bad_batch_is_refused_before_it_is_committed() -> None:
    with pytest.raises(TooMuchPoison):
        PoisonGauge().admit(total=500, dead=200, place=PLACE)


def test_bad_records_among_many_good_ones_do_not_stop_it() -> None:
    gauge = PoisonGauge()
    for _ in range(50):
        gauge.admit(total=100, dead=10, place=PLACE)
        gauge.count(total=100, dead=10)


def test_what_lies_long_back_is_forgotten() -> None:
    gauge = PoisonGauge()
    gauge.count(total=AT_LEAST, dead=AT_LEAST)
    gauge.count(total=WINDOW, dead=0)
    gauge.admit(total=1, dead=1, place=PLACE)
