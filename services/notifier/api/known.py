"""What a path or a body names must be known: 404 or 422 otherwise."""

from uuid import UUID

from services.notifier.rulebooks import Rulebooks
from shared.config.schedules import Schedule
from shared.http.problems import not_found, unprocessable


def known_schedule(rulebooks: Rulebooks, schedule_id: str) -> Schedule:
    """The schedule, or 404."""
    for schedule in rulebooks.configuration.oncall.schedules:
        if schedule.id == schedule_id:
            return schedule
    raise not_found("There is no such schedule in oncall.yaml.")


def require_responder(rulebooks: Rulebooks, name: str, field: str) -> None:
    """422 unless the responder is configured."""
    if all(responder.id != name for responder in rulebooks.configuration.oncall.responders):
        raise unprocessable(("body", field), f"{name!r} is no responder in oncall.yaml")


def require_policy(rulebooks: Rulebooks, name: str) -> None:
    """422 unless the policy is configured."""
    if all(policy.id != name for policy in rulebooks.configuration.oncall.policies):
        raise unprocessable(("body", "policy"), f"{name!r} is no policy in oncall.yaml")


def uuid_or_404(value: str) -> UUID:
    """An id out of a path; what is no UUID names nothing."""
    try:
        return UUID(value)
    except ValueError:
        raise not_found() from None
