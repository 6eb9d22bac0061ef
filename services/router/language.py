"""Languages of cases and specialists: matched by base language; script and region are a preference.

Tags are BCP 47 (RFC 5646). Pure; consumes tags, emits distances.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

from shared.contracts.vocabulary import UNKNOWN_LANGUAGE

_RENAMED = {"iw": "he", "in": "id", "ji": "yi", "tl": "fil"}
"""Codes that the registry deprecated and that upstream tools still send."""

_REGION = re.compile(r"[A-Za-z]{2}|\d{3}")
_LATIN_AMERICA = "419"
_LATIN_AMERICAN = frozenset(
    "AR BO BR CL CO CR CU DO EC GT HN MX NI PA PE PR PY SV UY VE".split()  # noqa: SIM905 - legible as one line
)


@dataclass(frozen=True, slots=True)
class Tag:
    """What of a language tag routing looks at."""

    base: str
    script: str | None = None
    region: str | None = None

    @property
    def unknown(self) -> bool:
        """Whether the language is not known (`und`): anyone matches it."""
        return self.base == UNKNOWN_LANGUAGE


@dataclass(frozen=True, slots=True)
class Spoken:
    """A language that somebody speaks; `level` from 5 native to 1 basic."""

    tag: Tag
    level: int


@lru_cache(maxsize=4096)
def parse(text: str) -> Tag:
    """The tag in its parts; whatever is no script or region (variants, extensions) is left out."""
    base, *rest = text.replace("_", "-").split("-")
    script = region = None
    for part in rest:
        if len(part) == 1:  # an extension or private use begins
            break
        if script is None and region is None and len(part) == 4 and part.isalpha():
            script = part.title()
        elif region is None and _REGION.fullmatch(part):
            region = part.upper()
    base = base.lower()
    return Tag(_RENAMED.get(base, base), script, region)


def distance(wanted: Tag, spoken: Tag) -> float | None:
    """0 for the same variety up to 1 for another script and region; None when the base languages differ."""
    if wanted.base != spoken.base:
        return None
    script = _apart(wanted.script, spoken.script)
    region = 0.25 if _covers(wanted.region, spoken.region) else _apart(wanted.region, spoken.region)
    return (2 * script + region) / 3


def closest(wanted: Tag, languages: Iterable[Spoken], *, min_proficiency: int) -> float | None:
    """How far the best of `languages` is from `wanted`; None when nobody would understand it.

    A language below `min_proficiency` does not count. An unknown language matches anyone, and the more
    languages a person has, the closer.
    """
    counted = [spoken.tag for spoken in languages if spoken.level >= min_proficiency]
    if wanted.unknown:
        return 1 / max(1, len({tag.base for tag in counted}))
    found = [apart for tag in counted if (apart := distance(wanted, tag)) is not None]
    return min(found, default=None)


def _apart(one: str | None, other: str | None) -> float:
    """0 when equal, half when one side does not say, 1 when they differ."""
    if one == other:
        return 0.0
    return 0.5 if one is None or other is None else 1.0


def _covers(one: str | None, other: str | None) -> bool:
    """Whether one is Latin America (UN M.49) and the other a country of it."""
    return (one == _LATIN_AMERICA and other in _LATIN_AMERICAN) or (other == _LATIN_AMERICA and one in _LATIN_AMERICAN)
