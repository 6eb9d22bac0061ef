"""The story itself: what the demo promises to show is in it, and the shipped configuration can play it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from services.stack.demo.progress import Posted, Progress
from services.stack.demo.scripts import Part, Scripted
from services.stack.demo.story import LEFT_FOR, story
from shared.config.loading import load
from shared.contracts.vocabulary import Severity
from tests.support.shapes import CASE, NOON

DESK = {"en", "es", "fr", "de", "pt", "ja", "hi", "th", "ko", "ur"}
CONFIG = Path("deploy/config")


def bodies(run: str = "run") -> dict[str, dict[str, object]]:
    return {script.key: script.body(run, NOON) for script in story()}


def parts() -> dict[Part, Scripted]:
    return {script.part: script for script in story() if script.part is not Part.PLAIN}


def test_it_has_a_few_dozen_escalations_in_all_ten_languages_from_two_sources() -> None:
    spoken = {str(script.fields["language"]).partition("-")[0] for script in story()}
    assert spoken >= DESK
    assert len(story()) >= 36
    assert len({script.source for script in story()}) == 2
    assert set(parts()) == set(Part) - {Part.PLAIN}


def test_keys_and_external_ids_are_unique_but_for_the_duplicate() -> None:
    assert len({script.key for script in story()}) == len(story())
    ids = [body["external_id"] for body in bodies().values()]
    assert len(ids) - len(set(ids)) == 1


def test_the_duplicate_is_the_same_body_and_the_grouped_one_the_same_subject() -> None:
    posted, duplicate, grouped = bodies(), parts()[Part.DUPLICATE], parts()[Part.GROUPED]
    assert duplicate.twin is not None
    assert grouped.twin is not None
    assert posted[duplicate.key] == posted[duplicate.twin]
    first, second = posted[grouped.twin], posted[grouped.key]
    assert (first["subject"], first["policy_area"]) == (second["subject"], second["policy_area"])
    assert first["external_id"] != second["external_id"]


def test_two_runs_share_no_external_id_and_no_subject() -> None:
    one, other = bodies("one").values(), bodies("other").values()
    for name in ("external_id", "subject"):
        assert not {str(body[name]) for body in one} & {str(body[name]) for body in other}


def test_the_shipped_configuration_knows_every_word_of_the_story() -> None:
    configuration = load(CONFIG)
    areas = configuration.taxonomy.policy_areas
    actions = configuration.taxonomy.actions
    sources = {principal.id for principal in configuration.access.principals}
    for script in story():
        assert script.fields["policy_area"] in areas, script.key
        assert script.source in sources, script.key
        assert {act.action for act in script.acts} <= actions.keys(), script.key
    spoken = {language for who in configuration.roster.specialists for language in who.languages}
    assert spoken >= DESK
    assert str(parts()[Part.UNHEARD].fields["language"]) not in spoken


def test_the_case_left_alone_falls_due_seconds_after_it_is_posted() -> None:
    configuration = load(CONFIG)
    target = configuration.sla.internal.acknowledge[Severity.CRITICAL].target
    assert timedelta(seconds=5) <= target - LEFT_FOR <= timedelta(seconds=30)


@pytest.mark.parametrize("age", [timedelta(seconds=1), timedelta(minutes=9)])
def test_a_run_that_was_interrupted_goes_on(tmp_path: Path, age: timedelta) -> None:
    run = Progress(run="demo-1", began=NOON)
    run.posted["a"] = Posted(case_id=CASE, status="accepted", sent_at=NOON)
    run.done["a:accept"] = NOON
    run.save(tmp_path)
    assert Progress.load(tmp_path, NOON + age) == run


@pytest.mark.parametrize("how", ["over", "stale", "unreadable", "absent"])
def test_otherwise_a_new_run_begins(tmp_path: Path, how: str) -> None:
    now = datetime(2026, 11, 23, 13, 0, tzinfo=UTC)
    if how != "absent":
        began = now - timedelta(hours=1) if how == "stale" else now
        Progress(run="old", began=began, over=how == "over").save(tmp_path)
    if how == "unreadable":
        (tmp_path / "demo.json").write_text('{"run": ')
    assert Progress.load(tmp_path, now).run == "demo-1123-130000"
