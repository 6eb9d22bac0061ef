"""PostgreSQL behind TLS: the migrations and the pool see that it is the right server, and refuse any other."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import asyncpg
import pytest

from shared.db import Database
from shared.errors import Transient
from shared.ids import uuid7
from tests.support.engines import Engines, apart
from tests.support.tls import Certificates
from tests.support.tls_front import TlsFront, tls_front


@dataclass
class Server:
    """An empty database behind TLS."""

    front: TlsFront
    behind: str

    def url(self, **how: str) -> str:
        return self.front.url(self.behind, **how)


@pytest.fixture(scope="module")
def server(engines: Engines, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    certificates = Certificates.make(tmp_path_factory.mktemp("certificates"))
    parts = urlsplit(engines.postgres_url)
    name = f"tls_{uuid7().hex}"
    apart(sql(engines.postgres_url, f"CREATE DATABASE {name}"))
    with tls_front((parts.hostname or "", parts.port or 0), certificates) as front:
        yield Server(front, engines.database_url(name))
    apart(sql(engines.postgres_url, f"DROP DATABASE {name} WITH (FORCE)"))


async def sql(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute(statement)
    await connection.close()


async def answers(url: str) -> bool:
    """Whether a service's pool gets through."""
    db = await Database.connect(url, schema="public", min_size=0)
    try:
        await db.ping()
    finally:
        await db.close()
    return True


def migrate(url: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "services.cli", "migrate"],
        env={**os.environ, "TOCSIN_DATABASE_URL": url},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def test_migrations_and_pool_use_a_verified_connection(server: Server) -> None:
    before = server.front.encrypted
    done = migrate(server.url())

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("migrated: ")
    assert apart(answers(server.url()))
    assert server.front.encrypted >= before + 3, "a look, the migration, the pool"


def test_a_server_of_another_authority_is_refused(server: Server) -> None:
    url = server.url(trusted=str(server.front.certificates.stranger))

    with pytest.raises(Transient, match="certificate verify failed"):
        apart(answers(url))
    refused = migrate(url)

    assert refused.returncode == 1
    assert "certificate verify failed" in refused.stderr
    assert (urlsplit(server.behind).password or "?") not in refused.stdout + refused.stderr
    assert len(refused.stderr.splitlines()) <= 2


def test_a_name_that_is_not_in_the_certificate_is_refused(server: Server) -> None:
    """`verify-full` looks at the name as well; `verify-ca` would not."""
    with pytest.raises(Transient, match="certificate verify failed"):
        apart(answers(server.url(host="localhost")))


def test_without_tls_nobody_gets_through(server: Server) -> None:
    with pytest.raises(Transient):
        apart(answers(server.url(mode="disable")))
