"""Who calls: keys, scopes and the rate of each principal. From memory alone; no database is asked.

Consumes the access part of the configuration in force. `require` is what routes depend on. Keys are never
kept: only their hashes are, and no answer and no log line holds one.
"""

import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum

from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase
from starlette.requests import Request
from starlette.types import Scope as AsgiScope

from shared.clock import Clock
from shared.config.holder import ConfigHolder
from shared.config.models import Access, PrincipalSpec
from shared.contracts.vocabulary import PrincipalKind, Role, Scope
from shared.http.limits import RateLimits
from shared.http.problems import forbidden, unauthenticated

_SCOPE_KEY = "tocsin.principal"


@dataclass(frozen=True, slots=True)
class Principal:
    """The holder of a key."""

    id: str
    kind: PrincipalKind
    role: Role | None
    scopes: frozenset[Scope]
    rate_per_second: float

    @property
    def is_source(self) -> bool:
        """A program that reports; it sees only its own."""
        return self.kind is PrincipalKind.SOURCE

    @property
    def is_lead(self) -> bool:
        """Role lead, or the scope admin."""
        return self.role is Role.LEAD or Scope.ADMIN in self.scopes

    def holds(self, scope: Scope) -> bool:
        """Whether the scope is held; `admin` holds every one."""
        return scope in self.scopes or Scope.ADMIN in self.scopes


class KeyFault(StrEnum):
    """Why a key did not open a door. Requests without any key are not counted: scanners send them all day."""

    UNKNOWN = "unknown_key"
    SCOPE = "scope_missing"


@dataclass(frozen=True, slots=True)
class KeyFailure:
    """A key that was refused: `principal` is its holder, None for an unknown key; `path` is the one asked for."""

    fault: KeyFault
    principal: str | None
    needed: Scope | None
    method: str
    path: str
    client: str | None


KeyObserver = Callable[[KeyFailure], None]
"""Called in the request itself: it must neither wait nor raise."""


@dataclass
class _Keys:
    """Principals by the hash of each of their keys, for one state of the configuration.

    A hash is looked up under a name that only this process can reckon, and then compared in constant time:
    how long an answer takes tells nothing about any hash.
    """

    access: Access | None = None
    _salt: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    _holders: dict[bytes, tuple[bytes, Principal]] = field(default_factory=dict)

    def refresh(self, access: Access) -> None:
        self.access = access
        held = [(bytes.fromhex(text), _principal(spec)) for spec in access.principals for text in spec.key_sha256]
        self._holders = {self._blinded(digest): (digest, principal) for digest, principal in held}

    def holder(self, key: bytes) -> Principal | None:
        digest = hashlib.sha256(key).digest()
        known, principal = self._holders.get(self._blinded(digest), (b"", None))
        return principal if hmac.compare_digest(known, digest) else None

    def _blinded(self, digest: bytes) -> bytes:
        return hashlib.blake2b(digest, key=self._salt, digest_size=16).digest()


class Security:
    """Admits requests of one service; `on_failure` is told of every key that was refused."""

    def __init__(self, config: ConfigHolder, clock: Clock) -> None:
        self._config = config
        self._keys = _Keys()
        self._limits = RateLimits(clock)
        self.on_failure: KeyObserver = _ignore

    def admit(self, scope: AsgiScope, needed: Scope | None) -> Principal:
        """The principal, or a 401, 403 or 429 problem. Once a request: asked again it only checks the scope."""
        principal: Principal | None = scope.get(_SCOPE_KEY)
        if principal is None:
            principal = self._authenticate(scope, needed)
            self._limits.spend(principal.id, principal.rate_per_second)
            scope[_SCOPE_KEY] = principal
        if needed is not None and not principal.holds(needed):
            self._failed(KeyFault.SCOPE, scope, principal=principal.id, needed=needed)
            raise forbidden(f"This needs the scope {needed.value}.")
        return principal

    def _authenticate(self, scope: AsgiScope, needed: Scope | None) -> Principal:
        access = self._config.current.access
        if access is not self._keys.access:
            self._keys.refresh(access)
        principal = self._keys.holder(_key_in(scope))
        if principal is None:
            self._failed(KeyFault.UNKNOWN, scope, principal=None, needed=needed)
            raise unauthenticated("This key is not known.")
        return principal

    def _failed(self, fault: KeyFault, scope: AsgiScope, *, principal: str | None, needed: Scope | None) -> None:
        client = scope.get("client")
        address = client[0] if client else None
        self.on_failure(KeyFailure(fault, principal, needed, scope["method"], scope["path"], address))


class Require(SecurityBase):
    """A dependency: the principal, if it holds `scope` (None: any known key) and, for `persons`, is no source."""

    def __init__(self, scope: Scope | None, *, persons: bool = False) -> None:
        self.scope = scope
        self.persons = persons
        self.scheme_name = "key"
        self.model = HTTPBearer(description="A key of a principal of access.yaml.")

    async def __call__(self, request: Request) -> Principal:
        return self.check(request.scope)

    def check(self, scope: AsgiScope) -> Principal:
        """The same for an edge that has only the ASGI scope."""
        security: Security = scope["app"].state.security
        principal = security.admit(scope, self.scope)
        if self.persons and principal.is_source:
            raise forbidden("Sources see their own cases at intake; this is for persons.")
        return principal


def require(scope: Scope | str | None = None, *, persons: bool = False) -> Require:
    """`principal: Annotated[Principal, Depends(require(Scope.CASES_READ))]`.

    `persons` keeps sources out of what shows cases that are not theirs.
    """
    return Require(None if scope is None else Scope(scope), persons=persons)


def _key_in(scope: AsgiScope) -> bytes:
    for name, value in scope["headers"]:
        if name == b"authorization":
            scheme, _, key = value.partition(b" ")
            if scheme.lower() == b"bearer" and key.strip():
                return bytes(key.strip())
            break
    raise unauthenticated("Send the key as Authorization: Bearer <key>.")


def _ignore(_failure: KeyFailure) -> None:
    """Until somebody wants to know."""


def _principal(spec: PrincipalSpec) -> Principal:
    return Principal(spec.id, spec.kind, spec.role, frozenset(spec.scopes), spec.rate)
