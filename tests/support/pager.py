"""A pager double: a webhook receiver on loopback that checks signatures and keeps everything it was sent.

It runs in a thread of its own, so that it answers whatever the test does. `plan` and `busy` make it answer badly.
"""

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

from tests.support.config_dir import SECRET
from tests.support.waiting import wait_for


@dataclass(frozen=True)
class Notification:
    """One request as it came in; `at` is epoch seconds at arrival."""

    webhook_id: str
    body: dict[str, Any]
    at: float
    path: str
    signed: bool
    status: int

    @property
    def type(self) -> str:
        return str(self.body.get("type"))

    @property
    def page(self) -> dict[str, Any]:
        page: dict[str, Any] = self.body["data"]["page"]
        return page

    @property
    def responder(self) -> str | None:
        responder: str | None = self.body["data"]["responder"]
        return responder

    @property
    def ack_url(self) -> str:
        return str(self.body["data"]["ack_url"])


@dataclass
class Pager:
    """What arrived, in order. `plan(notification number) -> status` decides the answer (200 by default).

    `busy(webhook id, tries before)` says which tries are refused with 503 whatever the plan.
    """

    url: str = ""
    secret: str = SECRET
    notifications: list[Notification] = field(default_factory=list)
    plan: Callable[[int], int] = lambda _: 200
    busy: Callable[[str, int], bool] = lambda _id, _tries: False
    delay: float = 0.0

    def taken(self, *, case_id: str | None = None, type: str | None = None) -> list[Notification]:  # noqa: A002
        """Notifications answered with 2xx, of one case and one type if given."""
        return [
            n
            for n in self.notifications
            if n.status < 300
            and (case_id is None or n.page.get("case_id") == case_id)
            and (type is None or n.type == type)
        ]

    def wait_for(self, count: int = 1, *, within: float = 30.0, **which: str) -> list[Notification]:
        """Wait until `count` such notifications were taken; all of them."""
        wait_for(lambda: len(self.taken(**which)) >= count, timeout=within, what=f"{count} pages of {which}")
        return self.taken(**which)

    def ids(self, **which: str) -> list[str]:
        """The distinct webhook-ids, in order of first arrival."""
        return list(dict.fromkeys(n.webhook_id for n in self.taken(**which)))

    def record(self, headers: Any, raw: bytes, path: str) -> int:
        """Check and keep one request; the status to answer with."""
        webhook_id = headers.get("webhook-id", "")
        before = sum(notification.webhook_id == webhook_id for notification in self.notifications)
        status = 503 if self.busy(webhook_id, before) else self.plan(len(self.notifications))
        signed = self._verifies(dict(headers.items()), raw)
        self.notifications.append(Notification(webhook_id, json.loads(raw), time.time(), path, signed, status))
        return status

    def _verifies(self, headers: dict[str, str], raw: bytes) -> bool:
        try:
            Webhook(self.secret).verify(raw, {name.lower(): value for name, value in headers.items()})
        except WebhookVerificationError:
            return False
        return True


@contextmanager
def running_pager() -> Iterator[Pager]:
    """A pager double that listens until the block ends."""
    pager = Pager()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers.get("content-length", 0)))
            time.sleep(pager.delay)
            self.send_response(pager.record(self.headers, raw, self.path))
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Silent."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, request: Any, client_address: Any) -> None:
            """Silent: whoever called may have been killed."""

    server = Server(("127.0.0.1", 0), Handler)
    pager.url = f"http://127.0.0.1:{server.server_address[1]}/pages"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield pager
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
