"""What is answered below the application: requests that are refused while their heads are read."""

from http import HTTPStatus

from shared.http.problems import Problem

MAX_TARGET = 8 * 1024
"""Bytes of path and query."""

MAX_HEADERS = 100
MAX_HEAD = 32 * 1024
"""Bytes of the request line and all headers."""

_HEADERS = {
    "content-type": "application/problem+json",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "connection": "close",
}


def wire(problem: Problem) -> bytes:
    """The whole answer as bytes."""
    body = problem.response("").body
    lines = [f"HTTP/1.1 {problem.status_code} {HTTPStatus(problem.status_code).phrase}"]
    headers = {**_HEADERS, **(problem.headers or {}), "content-length": str(len(body))}
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + bytes(body)


def malformed() -> Problem:
    """400."""
    return Problem(400, "bad-request", "Bad request", "This is no HTTP/1.1 request.")


def target_too_long() -> Problem:
    """414."""
    return Problem(414, "target-too-long", "Address too long", f"Path and query have at most {MAX_TARGET} bytes.")


def head_too_large() -> Problem:
    """431."""
    detail = f"There are at most {MAX_HEADERS} headers, with the request line at most {MAX_HEAD} bytes."
    return Problem(431, "headers-too-large", "Headers too large", detail)


def too_slow() -> Problem:
    """408."""
    return Problem(408, "too-slow", "Too slow", "The request did not come in time; send it again.")
