"""Plans are made by chance and repeated by seed, and spread the rounds evenly over all acts."""

from collections import Counter
from itertools import pairwise

import pytest

from tests.chaos.plan import ACTS, CLUSTER, plan, spread, walk


@pytest.mark.parametrize("name", ACTS)
def test_the_same_seed_makes_the_same_plan(name: str) -> None:
    assert plan(name, 7) == plan(name, 7)
    assert len({str(plan(name, seed)) for seed in range(20)}) > 1


@pytest.mark.parametrize("name", ACTS)
def test_strikes_of_a_plan_never_overlap(name: str) -> None:
    for seed in range(20):
        strikes = plan(name, seed).strikes
        assert all(a.at + a.seconds <= b.at for a, b in pairwise(strikes))
        assert plan(name, seed).length >= strikes[-1].at + strikes[-1].seconds


def test_what_is_frozen_has_another_instance_beside_it() -> None:
    for seed in range(20):
        assert plan("freeze router", seed).instances["router"] >= 2  # type: ignore[index]


def test_rounds_are_spread_evenly_and_the_cluster_is_needed_once() -> None:
    plans = spread(2 * len(ACTS), list(ACTS), seed=1)
    assert set(Counter(made.act for made in plans).values()) == {2}
    brokers = [made.brokers for made in plans]
    assert brokers == sorted(brokers)
    assert CLUSTER in brokers


def test_a_round_of_a_spread_is_repeated_alone_by_its_seed() -> None:
    made = spread(50, list(ACTS), seed=100)[30]
    assert spread(1, [made.act], made.seed) == [made]


def test_a_walk_goes_through_every_act_in_order() -> None:
    names = [name for name in ACTS if ACTS[name].brokers == 1]
    assert [strike.act.name for strike in walk(names, 1, pause=1.0).strikes] == names
