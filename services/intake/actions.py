"""Actions on a case: what the taxonomy allows, and the rule of two persons.

Pure. An action that needs two persons is proposed by one principal and done when another sends the same
action and scope with `confirms`.
"""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from services.intake.case import Case, Decision, Who, advance
from services.intake.checks import region_faults
from services.intake.commands import LONGEST, Act
from services.intake.refusal import Fault, Invalid, Reason, Refusal
from shared.config.models import Taxonomy
from shared.contracts.case_events import ActionChange, CaseActionProposed, CaseActionTaken
from shared.contracts.views import ActionView
from shared.contracts.vocabulary import ActionScope, ActionState


def act(
    case: Case, command: Act, *, taxonomy: Taxonomy, who: Who, now: datetime, new_id: Callable[[], UUID]
) -> Decision:
    """Take, propose or confirm; `Invalid` for what the taxonomy does not have, `Refusal` for a wrong confirmation."""
    _check(command, taxonomy)
    if faults := [fault for i, region in enumerate(command.regions) for fault in region_faults(region, "regions", i)]:
        raise Invalid(*faults)
    at = command.occurred_at or max(now, case.recorded_at)
    action = taxonomy.actions[command.action]
    hold = None if action.preserve is None else at + min(command.duration or action.preserve, LONGEST)
    if command.confirms is not None:
        return _changed(case, _confirmed(case, command, who, at), who, now, hold)
    item = ActionView(
        action_id=new_id(),
        action=command.action,
        scope=command.scope,
        regions=command.regions,
        state=ActionState.PROPOSED if action.two_person else ActionState.DONE,
        by=who.id,
        at=at,
    )
    return _changed(case, item, who, now, hold)


def _check(command: Act, taxonomy: Taxonomy) -> None:
    action = taxonomy.actions.get(command.action)
    if action is None:
        raise Invalid(Fault(("action",), f"{command.action!r} is no action of the taxonomy; see GET /v1/taxonomy"))
    if command.scope not in action.scopes:
        allowed = " or ".join(scope for scope in action.scopes)
        raise Invalid(Fault(("scope",), f"{command.action} has the scope {allowed}"))
    if command.scope is ActionScope.GLOBAL and command.regions:
        raise Invalid(Fault(("regions",), "a global action names no regions; use the scope geo"))
    if command.scope is ActionScope.GEO and not command.regions and command.confirms is None:
        raise Invalid(Fault(("regions",), "the scope geo needs the regions in which the action holds"))


def _confirmed(case: Case, command: Act, who: Who, at: datetime) -> ActionView:
    proposed = next((item for item in case.actions if item.action_id == command.confirms), None)
    if proposed is None:
        raise Invalid(Fault(("confirms",), "the case has no such proposed action"))
    if proposed.state is ActionState.DONE:
        raise Refusal(Reason.ALREADY_DONE, "the action is done already")
    if proposed.by == who.id:
        raise Refusal(Reason.SAME_PRINCIPAL, "another principal than the proposer confirms")
    if not _same(proposed, command):
        raise Refusal(Reason.NOT_THE_PROPOSAL, "confirm the same action and scope as proposed")
    return proposed.model_copy(update={"state": ActionState.DONE, "confirmed_by": who.id, "at": at})


def _same(proposed: ActionView, command: Act) -> bool:
    """The same action, scope and regions; regions left out are those proposed."""
    regions = not command.regions or set(command.regions) == set(proposed.regions)
    return regions and (proposed.action, proposed.scope) == (command.action, command.scope)


def _changed(case: Case, item: ActionView, who: Who, now: datetime, hold: datetime | None) -> Decision:
    """The case with the item in place of the one with the same id, or at the end; a hold only grows longer."""
    others = {known.action_id: known for known in case.actions}
    others[item.action_id] = item
    done = item.state is ActionState.DONE
    step = advance(
        case,
        CaseActionTaken if done else CaseActionProposed,
        ActionChange(action=item),
        who=who,
        now=now,
        occurred_at=item.at,
        actions=tuple(others.values()),
        preserve_until=_longer(case.preserve_until, hold if done else None),
    )
    return Decision((step,))


def _longer(one: datetime | None, other: datetime | None) -> datetime | None:
    return max((until for until in (one, other) if until is not None), default=None)
