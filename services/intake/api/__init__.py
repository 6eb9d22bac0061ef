"""HTTP in: escalations, cases, commands (contract section 4).

Thin: a request becomes a command, an outcome an answer.
"""

from fastapi import FastAPI

from services.intake.acceptor import Acceptor
from services.intake.admission import Admission
from services.intake.api import batch, cases, commands, escalations
from services.intake.api.desk import Desk
from services.intake.api.refusals import add_refusals


def add_routes(app: FastAPI, desk: Desk, acceptor: Acceptor, admission: Admission) -> None:
    """Add every route of intake to `app`, and how refusals are answered."""
    add_refusals(app)
    app.include_router(batch.routes(desk, acceptor))
    escalations.add_escalations(app, desk, acceptor, admission)
    app.include_router(cases.routes(desk))
    app.include_router(commands.routes(desk))
