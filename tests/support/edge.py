"""An application with the whole edge and known keys, without a server and without a database."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
from fastapi import FastAPI

from shared.clock import Clock, SystemClock
from shared.components.component import READY, Check
from shared.config.access import Access, PrincipalSpec
from shared.config.loading import load
from shared.config.models import Configuration
from shared.http.server import create_app
from shared.observability.metrics import Metrics
from tests.support.example_config import SHIPPED


def key(principal: str) -> str:
    """The bearer key of a principal made by `principal`."""
    return f"key-of-{principal}"


def principal(identity: str, *scopes: str, kind: str = "person", **rest: Any) -> PrincipalSpec:
    """A principal with its key."""
    digest = hashlib.sha256(key(identity).encode()).hexdigest()
    spec = {"id": identity, "kind": kind, "key_sha256": [digest], "scopes": scopes, **rest}
    return PrincipalSpec.model_validate(spec)


@dataclass
class FixedConfig:
    """Stands where a `ConfigHolder` does; a test may put another configuration in force."""

    current: Configuration
    name: str = "config"

    def check(self) -> Check:
        return READY

    def admit_only(self, *principals: PrincipalSpec) -> None:
        """Put an access file with these principals in force."""
        self.current = replace(self.current, access=Access(principals=principals))


@dataclass
class Part:
    """A component that is well or not."""

    name: str
    state: Check = READY

    def check(self) -> Check:
        return self.state


@dataclass
class EdgeResources:
    """What `create_app` asks of a service's resources."""

    config: Any
    clock: Clock = field(default_factory=SystemClock)
    metrics: Metrics = field(default_factory=lambda: Metrics("intake"))
    lifecycle: Any = field(default_factory=lambda: Part("lifecycle"))
    watched: Sequence[Any] = ()


def edge(*principals: PrincipalSpec, clock: Clock | None = None, components: Sequence[Any] = ()) -> FastAPI:
    """An application; its resources are at `app.state.resources`."""
    config = FixedConfig(load(SHIPPED))
    config.admit_only(*principals)
    resources = EdgeResources(config, clock or SystemClock())
    app = create_app(service="intake", title="Tocsin intake", resources=resources, components=components)
    app.state.resources = resources
    return app


def client(app: FastAPI, as_principal: str | None = None) -> httpx.AsyncClient:
    """A client of `app`, with the key of a principal if one is named."""
    headers = {} if as_principal is None else {"Authorization": f"Bearer {key(as_principal)}"}
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://edge", headers=headers)
