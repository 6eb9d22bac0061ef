"""The receiver's page for a person with a browser. Pure: messages in, HTML out; every value is escaped."""

from collections.abc import Mapping
from html import escape
from typing import Any

STYLE = """
:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
article { border: 1px solid #8884; border-left: .3rem solid #8884; border-radius: .4rem;
  padding: .7rem 1rem; margin: .7rem 0 }
article.triggered, article.escalated { border-left-color: #c62828 }
article.acknowledged, article.resolved { border-left-color: #2e7d32 }
h2 { font-size: 1rem; margin: 0 }
p { margin: .2rem 0 } small { opacity: .7 }
"""


def render(messages: list[dict[str, Any]]) -> str:
    """The page of a person who looks at the pager in a browser, newest first."""
    articles = "".join(_article(message) for message in reversed(messages)) or "<p>Nothing yet.</p>"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Tocsin receiver</title>'
        '<meta name="viewport" content="width=device-width"><meta http-equiv="refresh" content="2">'
        f"<style>{STYLE}</style></head><body><h1>Pages received</h1>{articles}</body></html>"
    )


def _article(message: Mapping[str, Any]) -> str:
    data = message["body"]["data"]
    page, case = data["page"], data.get("case") or {}
    kind = str(message["type"]).removeprefix("page.")
    reasons = ", ".join(" ".join(filter(None, (item["kind"], item.get("name")))) for item in page.get("reasons", ()))
    link = _link(message.get("ack_url")) if kind in ("triggered", "updated", "escalated") else ""
    again = f", delivered {message['deliveries']} times" if message["deliveries"] > 1 else ""
    return (
        f'<article class="{escape(kind)}"><h2>{escape(kind)}: {escape(reasons)}</h2>'
        f"<p>{escape(str(case.get('summary', 'no case')))}</p>"
        f"<p><small>{escape(str(message['received_at']))[:19]}Z to {escape(str(message['responder'] or 'the channel'))}"
        f", page {escape(str(message['page_id']))}{again}</small></p>{link}</article>"
    )


def _link(url: Any) -> str:
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        return ""
    return f'<p><a href="{escape(url, quote=True)}">Acknowledge</a></p>'
