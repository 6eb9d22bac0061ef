"""The bar for accepting: a FastAPI endpoint that takes the same model, checks nothing else and stores nothing."""

import sys

import uvicorn
from fastapi import FastAPI
from fastapi.responses import JSONResponse

from shared.contracts.escalation import Escalation

app = FastAPI()


@app.post("/v1/escalations", status_code=202)
async def accept(escalation: Escalation) -> JSONResponse:
    """Answer with what was sent in, as small as the real answer."""
    return JSONResponse({"case_id": escalation.external_id, "status": "accepted", "version": 1}, status_code=202)


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="error", access_log=False)
