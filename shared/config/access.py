"""access.yaml: who may call, with which key and scopes, how fast; and where stakeholders may live."""

import re
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from shared.config.base import ConfigModel, Id, Weight, refuse
from shared.contracts.vocabulary import PrincipalKind, Role, Scope

_HASH = re.compile(r"[0-9a-f]{64}")
_DOMAIN = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9][a-z0-9-]{0,61}[a-z0-9]")
DEFAULT_RATE = {PrincipalKind.SOURCE: 500.0, PrincipalKind.PERSON: 100.0}


def _hash(value: str) -> str:
    if not _HASH.fullmatch(value):
        raise ValueError("a key hash is 64 lower-case hex digits; `tocsin keys new --principal ID` prints one")
    return value


def _domain(value: str) -> str:
    if not _DOMAIN.fullmatch(value):
        raise ValueError("a domain is lower case and has a dot, such as example.org")
    return value


KeyHash = Annotated[str, AfterValidator(_hash)]
Domain = Annotated[str, AfterValidator(_domain)]


class PrincipalSpec(ConfigModel):
    """One caller. `key_sha256` holds hashes of its keys; several let a key be changed without a gap."""

    id: Id
    kind: PrincipalKind
    role: Role | None = None
    key_sha256: tuple[KeyHash, ...] = ()
    scopes: tuple[Scope, ...] = ()
    rate_per_second: Annotated[Weight, Field(gt=0)] | None = None

    @property
    def rate(self) -> float:
        """Requests a second: 500 for sources and 100 for persons unless `rate_per_second` says otherwise."""
        return self.rate_per_second or DEFAULT_RATE[self.kind]

    @model_validator(mode="after")
    def _fits_kind(self) -> Self:
        if self.kind is PrincipalKind.SOURCE and self.role is not None:
            refuse([(("role",), "a source has no role; take the role out, or make it `kind: person`")])
        return self


class Access(ConfigModel):
    """`stakeholder_domains`: e-mail addresses of stakeholders are taken from these only."""

    stakeholder_domains: tuple[Domain, ...] = ()
    principals: tuple[PrincipalSpec, ...]


class DevelopmentAccess(ConfigModel):
    """The extra file of an embedded stack: keys for principals that are there, and more principals."""

    principals: tuple[PrincipalSpec, ...] = ()


def merged(access: Access, extra: DevelopmentAccess) -> Access:
    """`access` with the keys of `extra` added to principals of the same id, and its other principals."""
    more = {principal.id: principal for principal in extra.principals}
    kept = tuple(
        p.model_copy(update={"key_sha256": p.key_sha256 + more[p.id].key_sha256}) if p.id in more else p
        for p in access.principals
    )
    known = {principal.id for principal in access.principals}
    added = tuple(principal for principal in extra.principals if principal.id not in known)
    return access.model_copy(update={"principals": kept + added})
