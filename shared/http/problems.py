"""Errors as RFC 9457 problems: one exception, the usual ones ready made, and what they look like on the wire."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.exceptions import HTTPException
from starlette.responses import Response

from shared.http.responses import json_bytes

MEDIA_TYPE = "application/problem+json"
Location = Sequence[str | int]

MOST_ERRORS = 1000
"""Named in one problem."""


class Problem(HTTPException):
    """Raise it anywhere below a route; the edge answers with it.

    `slug` names the kind of problem (`/problems/<slug>`), `errors` what is wrong where (422), `extra`
    further members.
    """

    def __init__(
        self,
        status: int,
        slug: str,
        title: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        errors: Sequence[tuple[Location, str]] | None = None,
        extra: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(status_code=status, detail=detail, headers=dict(headers or {}))
        self.slug = slug
        self.title = title
        self.errors = errors
        self.extra = dict(extra or {})

    def content(self, instance: str) -> dict[str, Any]:
        """The members of the problem; `instance` is the path that was asked for."""
        found: dict[str, Any] = {
            "type": f"/problems/{self.slug}",
            "title": self.title,
            "status": self.status_code,
            "detail": self.detail,
            "instance": instance,
        }
        if self.errors is not None:
            found["errors"] = [{"loc": list(loc), "msg": msg} for loc, msg in self.errors]
        return {**found, **self.extra}

    def response(self, instance: str) -> Response:
        """The whole answer."""
        body = json_bytes(self.content(instance))
        return Response(body, self.status_code, headers=self.headers, media_type=MEDIA_TYPE)


def unauthenticated(detail: str) -> Problem:
    """401: no key, or one that nobody holds."""
    return Problem(401, "unauthenticated", "No valid key", detail, headers={"WWW-Authenticate": "Bearer"})


def forbidden(detail: str) -> Problem:
    """403: the key is known, what it asks for is not for it."""
    return Problem(403, "forbidden", "Not allowed", detail)


def not_found(detail: str = "There is nothing here.") -> Problem:
    """404, also for what the principal may not know of."""
    return Problem(404, "not-found", "Not found", detail)


def not_yet_known(detail: str = "This service has not yet read of this case; ask again.") -> Problem:
    """404 for a case of which no event has been read: it may be there in a moment."""
    return Problem(404, "not-yet-known", "Not yet known", detail, headers={"Retry-After": "1"})


def conflict(slug: str, detail: str, *, title: str = "Conflict", extra: Mapping[str, Any] | None = None) -> Problem:
    """409: not in this state."""
    return Problem(409, slug, title, detail, extra=extra)


def version_mismatch(detail: str) -> Problem:
    """412: `If-Match` names another version."""
    return Problem(412, "version-mismatch", "Another version", detail)


def too_large(limit: int) -> Problem:
    """413."""
    return Problem(413, "body-too-large", "Body too large", f"A body here has at most {limit} bytes.")


def not_json() -> Problem:
    """415."""
    detail = "Send the body as Content-Type: application/json in UTF-8, without Content-Encoding."
    return Problem(415, "unsupported-media-type", "Not JSON", detail)


def invalid(errors: Sequence[tuple[Location, str]]) -> Problem:
    """422 with what is wrong where: the first thousand, so that no answer is many times what was sent."""
    errors = errors[:MOST_ERRORS]
    detail = "; ".join(f"{'.'.join(str(part) for part in loc)}: {msg}" for loc, msg in errors[:3])
    return Problem(422, "invalid", "Not valid", detail, errors=errors)


def unprocessable(loc: Location, msg: str) -> Problem:
    """422 for one place, such as `("body", "policy_area")`."""
    return invalid([(tuple(loc), msg)])


def rate_limited(retry_after: int) -> Problem:
    """429; `retry_after` in whole seconds."""
    detail = f"More requests than this key may make; go on in {retry_after} s."
    return Problem(429, "rate-limited", "Too many requests", detail, headers={"Retry-After": str(retry_after)})


def unavailable(retry_after: float = 1.0) -> Problem:
    """503: PostgreSQL or something else is away; nothing was stored."""
    detail = "Something that this needs is away for the moment; nothing was stored. Try again."
    return Problem(
        503, "unavailable", "Not available", detail, headers={"Retry-After": str(max(1, round(retry_after)))}
    )


def busy() -> Problem:
    """503: this process has as much at hand as it may; nothing was read."""
    return Problem(503, "busy", "Busy", "Too much at once; try again.", headers={"Retry-After": "1"})


def internal() -> Problem:
    """500: a fault of Tocsin itself; the log has it."""
    return Problem(500, "internal", "Internal fault", "A fault of the service itself; its log tells more.")
