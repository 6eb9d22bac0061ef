"""The document behind an acknowledgement link: readable by anyone and any reader, without scripts."""

from html import escape

from services.notifier.pages import Page, Reason
from shared.contracts.scalars import format_instant
from shared.contracts.vocabulary import PageState
from shared.http.documentation import page_policy

_STYLE = """
:root { color-scheme: light dark; font: 1.125rem/1.5 system-ui, sans-serif; }
body { margin: 0; padding: 1.5rem; }
main { max-width: 36rem; margin: 0 auto; }
dt { font-weight: 600; }
dd { margin: 0 0 .75rem; }
button { font: inherit; font-weight: 600; padding: .75rem 1.5rem; min-height: 3rem; width: 100%;
  color: #fff; background: #0b5cad; border: 0; border-radius: .5rem; cursor: pointer; }
button:focus-visible { outline: 3px solid currentColor; outline-offset: 3px; }
"""

HEADERS = {"Content-Security-Policy": page_policy(_STYLE), "X-Robots-Tag": "noindex, nofollow"}


def document(page: Page, by: str) -> str:
    """What the page is about; with a button while somebody is still to acknowledge it."""
    title = _TITLES[page.state]
    facts = "".join(f"<dt>{escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in _facts(page))
    return (
        "<!doctype html>\n"
        f'<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head>'
        f"<body><main><h1>{title}</h1><dl>{facts}</dl>{_form(page, by)}</main></body></html>\n"
    )


_TITLES = {
    PageState.TRIGGERED: "Acknowledge this page",
    PageState.EXHAUSTED: "Acknowledge this page",
    PageState.ACKNOWLEDGED: "Page acknowledged",
    PageState.RESOLVED: "Page closed",
}


def _facts(page: Page) -> list[tuple[str, str]]:
    facts = [("Reason", "; ".join(_said(reason) for reason in page.reasons))]
    if page.summary:
        facts.append(("Summary", page.summary))
    facts.append(("Urgency", page.urgency.value))
    if page.severity is not None:
        facts.append(("Severity", page.severity.value))
    if page.case_id is not None:
        facts.append(("Case", str(page.case_id)))
    facts.append(("Since", format_instant(page.created_at)))
    if page.acknowledged_at is not None:
        facts.append(("Acknowledged", f"by {page.acknowledged_by} at {format_instant(page.acknowledged_at)}"))
    return facts


def _said(reason: Reason) -> str:
    return " ".join(filter(None, (reason.kind.value, reason.name)))


def _form(page: Page, by: str) -> str:
    if not page.unacknowledged:
        return '<p role="status">Nothing more is to be done here.</p>'
    return f'<form method="post"><button type="submit">Acknowledge as {escape(by)}</button></form>'
