"""Languages are matched by base; script and region only say who is closer."""

import pytest

from services.router.language import Spoken, Tag, closest, distance, parse


@pytest.mark.parametrize(
    ("text", "tag"),
    [
        ("es", Tag("es")),
        ("es-419", Tag("es", region="419")),
        ("hi-Latn", Tag("hi", script="Latn")),
        ("zh-hant-tw", Tag("zh", "Hant", "TW")),
        ("de-CH-1996", Tag("de", region="CH")),
        ("en-u-ca-gregory", Tag("en")),
        ("iw-IL", Tag("he", region="IL")),
        ("EN_us", Tag("en", region="US")),
    ],
)
def test_a_tag_is_read_in_its_parts(text: str, tag: Tag) -> None:
    assert parse(text) == tag


def test_other_base_languages_do_not_match_however_near() -> None:
    assert distance(parse("pt"), parse("es")) is None
    assert distance(parse("nb"), parse("da")) is None


def test_a_variety_matches_and_the_nearer_is_preferred() -> None:
    wanted = parse("es-419")
    order = ["es-419", "es-MX", "es", "es-ES"]
    distances = [distance(wanted, parse(tag)) for tag in order]
    assert None not in distances
    assert distances == sorted(distances, key=lambda apart: apart or 0.0)
    assert len(set(distances)) == len(order)


def test_script_counts_for_more_than_region() -> None:
    wanted = parse("hi-Latn-IN")
    assert (distance(wanted, parse("hi-Latn-FJ")) or 0) < (distance(wanted, parse("hi-Deva-IN")) or 0)


def test_a_language_below_the_least_proficiency_does_not_count() -> None:
    languages = (Spoken(parse("fr"), 1), Spoken(parse("en"), 5))
    assert closest(parse("fr"), languages, min_proficiency=2) is None
    assert closest(parse("fr"), languages, min_proficiency=1) == 0.0


def test_the_best_of_several_varieties_decides() -> None:
    languages = (Spoken(parse("es-ES"), 5), Spoken(parse("es-MX"), 3))
    assert closest(parse("es-MX"), languages, min_proficiency=2) == 0.0


def test_an_unknown_language_matches_anyone_and_many_languages_are_closer() -> None:
    one = (Spoken(parse("en"), 5),)
    three = (*one, Spoken(parse("fr"), 4), Spoken(parse("de"), 3))
    alone, many = (closest(parse("und"), who, min_proficiency=2) for who in (one, three))
    assert alone is not None
    assert many is not None
    assert many < alone
    assert closest(parse("und"), (), min_proficiency=2) is not None
