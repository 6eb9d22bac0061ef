"""All routes of notifier on one application."""

from fastapi import FastAPI

from services.notifier.api import acknowledgement, hooks, overrides, page_commands, pages, preview, schedules
from services.notifier.inbound import Inbound
from services.notifier.paging import Paging
from services.notifier.rulebooks import Rulebooks
from services.notifier.settings import LinkSettings
from shared.clock import Clock
from shared.db import Database


def add(app: FastAPI, *, db: Database, paging: Paging, rulebooks: Rulebooks, links: LinkSettings, clock: Clock) -> None:
    """Add them."""
    app.include_router(preview.routes(db))
    app.include_router(overrides.routes(db, rulebooks))
    app.include_router(schedules.routes(db, rulebooks, clock))
    app.include_router(pages.routes(db))
    app.include_router(page_commands.routes(db, paging, rulebooks))
    app.include_router(acknowledgement.routes(db, paging, links, clock))
    app.include_router(hooks.routes(db, paging, Inbound(db, paging, rulebooks), links, clock))
