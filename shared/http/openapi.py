"""The OpenAPI document of a service: FastAPI's, with the edge's own rules written in.

Problems are described once for every operation, and FastAPI's own shape of a 422 is replaced by ours.
"""

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from shared.http.problems import MEDIA_TYPE

_LOC = {"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "integer"}]}}
_PROBLEM = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457.",
    "required": ["type", "title", "status", "detail", "instance"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "instance": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["loc", "msg"],
                "properties": {"loc": _LOC, "msg": {"type": "string"}},
            },
        },
    },
}
_EVERYWHERE = {
    400: "No HTTP",
    404: "Not found",
    413: "Body too large",
    414: "Address too long",
    415: "Not JSON",
    422: "Not valid",
    431: "Headers too large",
    503: "Not available",
}
_WITH_KEY = {401: "No valid key", 403: "Not allowed", 409: "Conflict", 412: "Another version", 429: "Too many requests"}
_REPLACED = ("HTTPValidationError", "ValidationError")


def describe(app: FastAPI) -> dict[str, Any]:
    """The document, made once and kept by the application."""
    if app.openapi_schema is None:
        document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
        components = document.setdefault("components", {})
        schemas = components.setdefault("schemas", {})
        schemas["Problem"] = _PROBLEM
        for name in _REPLACED:
            schemas.pop(name, None)
        for operations in document.get("paths", {}).values():
            for operation in operations.values():
                _complete(operation)
        app.openapi_schema = document
    return app.openapi_schema


def _complete(operation: dict[str, Any]) -> None:
    statuses = {**_EVERYWHERE, **_WITH_KEY} if operation.get("security") else _EVERYWHERE
    responses = operation.setdefault("responses", {})
    for status, title in statuses.items():
        if status == 422 or str(status) not in responses:
            schema = {"$ref": "#/components/schemas/Problem"}
            responses[str(status)] = {"description": title, "content": {MEDIA_TYPE: {"schema": schema}}}
