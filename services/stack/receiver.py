"""The built-in pager's other end: takes signed pages, keeps what came, and shows them.

Owns `<data>/pages.ndjson` (`services.stack.inbox`), written before a delivery is answered.
Consumes POSTs signed as Standard Webhooks with the secret in `PAGER_SECRET`. `GET /pages` lists every page
message once (a repeated `webhook-id` raises its `deliveries`); `GET /` shows them with their acknowledgement links.
"""

import argparse
import os
from pathlib import Path

import orjson
import uvicorn
from standardwebhooks.webhooks import Webhook, WebhookVerificationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from services.stack.inbox import Inbox, brief
from services.stack.receiver_page import render

SECRET = "PAGER_SECRET"  # noqa: S105 - the name of the variable, not its value
HEADERS = ("webhook-id", "webhook-timestamp", "webhook-signature")


def create_app(inbox: Inbox, secret: str) -> Starlette:
    """The receiver as an ASGI application."""
    webhook = Webhook(secret)

    async def take(request: Request) -> Response:
        raw = await request.body()
        headers = {name: request.headers.get(name, "") for name in HEADERS}
        try:
            body = webhook.verify(raw, headers)
        except (WebhookVerificationError, ValueError):
            return JSONResponse({"detail": "the signature does not fit; sign with PAGER_SECRET"}, status_code=401)
        try:
            brief(body)
        except (KeyError, TypeError):
            return JSONResponse({"detail": "not a page"}, status_code=422)
        inbox.keep(headers["webhook-id"], body)
        return Response(status_code=204)

    async def pages(_: Request) -> Response:
        return Response(orjson.dumps({"items": list(inbox.messages.values())}), media_type="application/json")

    async def show(_: Request) -> Response:
        return HTMLResponse(render(list(inbox.messages.values())))

    async def live(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    return Starlette(
        routes=[
            Route("/", take, methods=["POST"]),
            Route("/", show, methods=["GET"]),
            Route("/pages", take, methods=["POST"]),
            Route("/pages", pages, methods=["GET"]),
            Route("/livez", live, methods=["GET"]),
        ]
    )


def main() -> None:
    """Serve until stopped: `python -m services.stack.receiver --port P --data D`."""
    parser = argparse.ArgumentParser(prog="tocsin receiver", description="Takes signed pages and shows them.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--data", type=Path, required=True, help="directory in which pages.ndjson is kept")
    options = parser.parse_args()
    secret = os.environ.get(SECRET)
    if not secret:
        parser.error(f"{SECRET} is not set; give it the secret that signs the pages")
    app = create_app(Inbox.open(options.data / "pages.ndjson"), secret)
    uvicorn.run(app, host="127.0.0.1", port=options.port, log_level="warning", access_log=False)


if __name__ == "__main__":
    main()
