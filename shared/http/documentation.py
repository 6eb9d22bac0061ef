"""/docs: the API of a service as one page of plain HTML, made from its OpenAPI document.

It needs no network and no script: many installations reach neither a CDN nor allow scripts.
"""

import hashlib
import json
from base64 import b64encode
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

from starlette.responses import HTMLResponse

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;color:#1c2430;background:#fff}
h1{margin-bottom:0}summary{cursor:pointer;padding:.4rem 0}details{border-top:1px solid #d5dbe3}
code,pre{font:14px/1.4 ui-monospace,monospace}pre{background:#f3f5f8;padding:.8rem;overflow-x:auto}
b.m{display:inline-block;min-width:4.5rem}td,th{text-align:left;padding:.15rem 1rem .15rem 0;vertical-align:top}
@media(prefers-color-scheme:dark){body{color:#dfe5ee;background:#14181f}pre{background:#1e242e}details{border-color:#333}}
"""


def html_page(title: str, body: str, style: str = _STYLE, status: int = 200) -> HTMLResponse:
    """A page that may load nothing, run nothing, and post only to where it came from."""
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{style}</style></head><body>{body}</body></html>"
    )
    return HTMLResponse(page, status, headers={"Content-Security-Policy": page_policy(style)})


def page_policy(style: str) -> str:
    """The policy of a page whose only style is `style`, and which has no script at all."""
    digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    )


def docs_page(document: Mapping[str, Any]) -> HTMLResponse:
    """Every operation with its parameters, body and answers, then every schema."""
    info = document["info"]
    title = f"{info['title']} {info['version']}"
    parts = [f"<h1>{escape(title)}</h1><p>{escape(info.get('description', ''))} "]
    parts.append('The same for programs: <a href="openapi.json">openapi.json</a>.</p>')
    for path, operations in document.get("paths", {}).items():
        parts += [_operation(path, method, operation) for method, operation in operations.items()]
    parts.append("<h2>Schemas</h2>")
    for name, schema in sorted(document.get("components", {}).get("schemas", {}).items()):
        parts.append(
            f'<details id="{escape(name)}"><summary><code>{escape(name)}</code></summary>{_code(schema)}</details>'
        )
    return html_page(title, "".join(parts))


def _operation(path: str, method: str, operation: Mapping[str, Any]) -> str:
    heading = f'<b class="m">{escape(method.upper())}</b> <code>{escape(path)}</code>'
    scopes = ", ".join(operation.get("x-scopes", ()))
    needs = f"<p>Needs the scope <code>{escape(scopes)}</code>.</p>" if scopes else ""
    text = f"<p>{escape(operation.get('description') or operation.get('summary', ''))}</p>"
    return f"<details><summary>{heading}</summary>{text}{needs}{''.join(_parts(operation))}</details>"


def _parts(operation: Mapping[str, Any]) -> Iterator[str]:
    rows = [
        _row(f"<code>{escape(p['name'])}</code>", escape(p["in"]), _kind(p.get("schema", {})))
        for p in operation.get("parameters", ())
    ]
    if rows:
        yield f"<table><tr><th>parameter</th><th>in</th><th>type</th></tr>{''.join(rows)}</table>"
    for media_type, content in operation.get("requestBody", {}).get("content", {}).items():
        yield f"<p>Body <code>{escape(media_type)}</code>: {_kind(content.get('schema', {}))}</p>"
    answers = [
        _row(escape(status), escape(answer.get("description", "")), _answer(answer))
        for status, answer in operation.get("responses", {}).items()
    ]
    yield f"<table><tr><th>status</th><th></th><th>body</th></tr>{''.join(answers)}</table>"


def _row(*cells: str) -> str:
    return f"<tr>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _answer(answer: Mapping[str, Any]) -> str:
    return ", ".join(_kind(content.get("schema", {})) for content in answer.get("content", {}).values())


def _kind(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        name = escape(schema["$ref"].rsplit("/", 1)[-1])
        return f'<a href="#{name}"><code>{name}</code></a>'
    if "anyOf" in schema:
        return " or ".join(_kind(member) for member in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    return f"<code>{escape(str(schema.get('format') or schema.get('type') or 'any'))}</code>"


def _code(schema: Mapping[str, Any]) -> str:
    return f"<pre>{escape(json.dumps(schema, indent=2, ensure_ascii=False))}</pre>"
