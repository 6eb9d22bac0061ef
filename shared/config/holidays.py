"""Public holidays by region, from the library `holidays`: which dates a calendar with `holidays: DE-BE` closes. Pure.

A code is a country of ISO 3166-1, with a subdivision of ISO 3166-2 where the library knows one: `DE`, `DE-BE`,
`US-CA`. Only holidays for everyone count (the library's category `public`), with the days on which they are observed
instead. In years for which the library has no data no date is a holiday.
"""

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any


@dataclass(frozen=True)
class Holidays:
    """The holidays of `code`. Years in `kept` (as stored with a definition) are answered from there, others by the
    library of this process."""

    code: str
    kept: tuple[tuple[int, frozenset[date]], ...] = ()

    def __contains__(self, day: date) -> bool:
        """Whether `day` is a holiday."""
        for year, dates in self.kept:
            if year == day.year:
                return day in dates
        return day in dates_of(self.code, day.year)

    @property
    def dates(self) -> tuple[date, ...]:
        """Every date that is kept, in order."""
        return tuple(sorted(day for _, dates in self.kept for day in dates))


KEPT_YEARS = range(2020, 2051)
"""The years whose holidays are kept with a definition, so that another library changes nothing of what runs."""


def kept(code: str) -> Holidays:
    """The holidays of `code` as the library of this process has them, written out for `KEPT_YEARS`."""
    return Holidays(code, tuple((year, dates_of(code, year)) for year in KEPT_YEARS))


def restored(code: str, dates: Iterable[date]) -> Holidays:
    """The holidays that were kept as one list of dates for all of `KEPT_YEARS`."""
    by_year: dict[int, set[date]] = {year: set() for year in KEPT_YEARS}
    for day in dates:
        by_year.setdefault(day.year, set()).add(day)
    return Holidays(code, tuple((year, frozenset(days)) for year, days in sorted(by_year.items())))


@cache
def library_version() -> str:
    """The library and its version, as answers name it."""
    return f"holidays {_library().__version__}"


@cache
def supported() -> Mapping[str, tuple[str, ...]]:
    """Countries (ISO 3166-1 alpha-2) with their subdivisions, as the library knows them."""
    countries = _library().list_supported_countries(include_aliases=False)
    return {code: tuple(parts) for code, parts in countries.items() if len(code) == 2}


@cache
def dates_of(code: str, year: int) -> frozenset[date]:
    """The holidays of `code` in `year`; none for a code or a year that the library does not know."""
    if code not in codes():
        return frozenset()
    country, _, part = code.partition("-")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns of years without data: answered with no dates
        found = _library().country_holidays(country, subdiv=part or None, years=year)
    return frozenset(day for day in found if day.year == year)


@cache
def codes() -> frozenset[str]:
    """Every code that can be written."""
    known = supported()
    return frozenset(known) | {f"{country}-{part}" for country, parts in known.items() for part in parts}


def misspelt(code: str) -> str | None:
    """What is wrong with a code, and what would be right; None when it is known."""
    if code in codes():
        return None
    country, _, part = code.partition("-")
    parts = supported().get(country)
    if parts is None:
        return f"no holidays are known for {country!r}; write an ISO 3166-1 code such as DE, or DE-BE for a part of it"
    if not parts:
        return f"{country} has no parts with holidays of their own; write {country}"
    choices = ", ".join(parts)
    return (
        f"{country} has no part {part!r} with holidays of its own; write {country}, or {country}- and one of {choices}"
    )


def _library() -> Any:
    """Imported when a calendar first asks: it takes a third of a second."""
    import holidays

    return holidays
