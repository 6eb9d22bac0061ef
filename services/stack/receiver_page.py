"""The receiver's page for a person with a browser. Pure: messages in, HTML out; every value is escaped."""

from collections.abc import Mapping
from html import escape
from typing import Any

SHOWN = 50
ASKING = ("triggered", "updated", "escalated")
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
    """The page of a person who looks at the pager in a browser: one article a page, the latest first."""
    pages: dict[str, list[dict[str, Any]]] = {}
    for message in messages:
        pages[message["page_id"]] = [*pages.pop(message["page_id"], []), message]
    articles = "".join(_article(pages[page_id]) for page_id in list(pages)[: -SHOWN - 1 : -1]) or "<p>Nothing yet.</p>"
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Tocsin receiver</title>'
        '<meta name="viewport" content="width=device-width"><meta http-equiv="refresh" content="2">'
        f"<style>{STYLE}</style></head><body><h1>Pages received</h1>{articles}</body></html>"
    )


def _article(messages: list[dict[str, Any]]) -> str:
    """A page: what it is about, every message of it, and its link while nobody has acknowledged it."""
    latest = messages[-1]
    page, case = latest["body"]["data"]["page"], latest["body"]["data"].get("case") or {}
    state = _kind(latest)
    reasons = ", ".join(" ".join(filter(None, (item["kind"], item.get("name")))) for item in page.get("reasons", ()))
    link = _link(latest.get("ack_url")) if state in ASKING else ""
    return (
        f'<article class="{escape(state)}"><h2>{escape(state)}: {escape(reasons)}</h2>'
        f"<p>{escape(str(case.get('summary', 'no case')))}</p>{''.join(map(_message, messages))}{link}</article>"
    )


def _kind(message: Mapping[str, Any]) -> str:
    return str(message["type"]).removeprefix("page.")


def _message(message: Mapping[str, Any]) -> str:
    to = escape(str(message["responder"] or "the channel"))
    again = f", delivered {message['deliveries']} times" if message["deliveries"] > 1 else ""
    return f"<p><small>{escape(str(message['received_at'])[:19])}Z {escape(_kind(message))} to {to}{again}</small></p>"


def _link(url: Any) -> str:
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        return ""
    return f'<p><a href="{escape(url, quote=True)}">Acknowledge</a></p>'
