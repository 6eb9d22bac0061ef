"""Structured log lines on stdout: JSON for machines or a console for people, never the content of a case."""

import logging
import sys
from collections.abc import MutableMapping
from typing import Any, cast

import structlog

from shared.observability.scrubbing import REDACTED, Scrubber
from shared.settings import Settings

CONTENT_FIELDS = frozenset(
    {
        "address",
        "authorization",
        "database_url",
        "body",
        "content",
        "description",
        "evidence",
        "note",
        "password",
        "payload",
        "phone",
        "reporter",
        "secret",
        "secret_key",
        "stakeholders",
        "summary",
        "text",
        "token",
        "value",
    }
)
"""Names of fields that may hold what a case is about, a person, or a secret: their values are never logged."""

QUIET = ("aiokafka", "alembic", "httpcore", "httpx", "opentelemetry", "uvicorn")
"""Libraries whose warnings and errors alone are of interest."""

Fields = MutableMapping[str, Any]


def configure_logging(service: str, settings: Settings) -> None:
    """Set up structlog and the library's logging for this process, once, at its start."""
    level = logging.getLevelNamesMapping()[settings.log_level.upper()]
    shared = _processors(service)
    renderer = [*_renderer(settings.log_format), cast(structlog.typing.Processor, Scrubber(settings))]
    structlog.configure(
        processors=[*shared, *renderer],
        wrapper_class=structlog.make_filtering_bound_logger(level),
        logger_factory=structlog.PrintLoggerFactory(sys.stdout),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(structlog.stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=_foreign(renderer)))
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for name in QUIET:
        logging.getLogger(name).setLevel(max(level, logging.WARNING))


def redact(_logger: object, _method: str, fields: Fields) -> Fields:
    """Replace the value of every content field, also inside maps."""
    for name, value in fields.items():
        if name in CONTENT_FIELDS:
            fields[name] = REDACTED
        elif isinstance(value, dict):
            fields[name] = redact(_logger, _method, dict(value))
    return fields


def _processors(service: str) -> list[structlog.typing.Processor]:
    def name_service(_logger: object, _method: str, fields: Fields) -> Fields:
        fields.setdefault("service", service)
        return fields

    return [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        name_service,
        redact,
    ]


def _renderer(log_format: str) -> list[structlog.typing.Processor]:
    if log_format == "console":
        plain = structlog.dev.plain_traceback  # the rich one shows local variables, and with them keys and content
        return [structlog.dev.ConsoleRenderer(colors=sys.stdout.isatty(), exception_formatter=plain)]
    return [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False, default=str)]


def _foreign(renderer: list[structlog.typing.Processor]) -> list[structlog.typing.Processor]:
    """For records of the library's logging: drop what structlog adds for itself."""
    return [structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer]
