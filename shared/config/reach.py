"""Channels whose URL is, by its spelling, an address that they may not reach: every page over them would be refused.

A service takes such a file, since it does no harm; `tocsin config check` names it as a fault.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from shared.addresses import is_private_host
from shared.config.document import Document
from shared.config.faults import Fault


def out_of_reach(document: Document) -> Iterator[Fault]:
    """A fault for each such URL in channels.yaml."""
    for path, channel in document.find("channels.*"):
        if isinstance(channel, dict) and channel.get("allow_private") is not True:
            host = _host(channel.get("url"))
            if host is not None and is_private_host(host):
                message = f"{host} is a private address; allow_private: true permits it, or name a public one"
                yield document.fault((*path, "url"), message)


def _host(url: Any) -> str | None:
    """The host of a URL that stands there itself."""
    try:
        parts = urlsplit(url if isinstance(url, str) else "")
    except ValueError:
        return None
    return parts.hostname if parts.scheme in ("http", "https") else None
