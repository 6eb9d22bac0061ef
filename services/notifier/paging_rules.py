"""Which rule of `paging` (oncall.yaml) a reason meets: the first that matches; none means no page. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from shared.config.oncall import PagingRule
from shared.contracts.vocabulary import ClockKind, PageReasonKind, Severity


@dataclass(frozen=True)
class Occasion:
    """What the rules look at. What does not apply (a platform page has no severity) is None."""

    on: PageReasonKind
    severity: Severity | None = None
    kind: ClockKind | None = None
    percent: int | None = None


def first_match(rules: Iterable[PagingRule], occasion: Occasion) -> PagingRule | None:
    """The first rule that matches."""
    return next((rule for rule in rules if matches(rule, occasion)), None)


def matches(rule: PagingRule, occasion: Occasion) -> bool:
    """Whether each condition that the rule names holds."""
    return (
        rule.on == occasion.on
        and (not rule.severities or occasion.severity in rule.severities)
        and (not rule.kinds or occasion.kind in rule.kinds)
        and (rule.percent is None or rule.percent == occasion.percent)
    )
