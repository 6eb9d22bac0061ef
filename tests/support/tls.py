"""Certificates of a test, and engines that take no connection without them."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import trustme
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from services.stack import children, jars, ports
from services.stack.kafka import Kafka
from shared.settings import KafkaSettings

USER, PASSWORD = "tocsin", "a-password-of-tests-alone"


@dataclass(frozen=True)
class Certificates:
    """Two authorities: one that everything here trusts, and a stranger's; PEM files."""

    folder: Path

    @classmethod
    def make(cls, folder: Path) -> "Certificates":
        folder.mkdir(parents=True, exist_ok=True)
        made = cls(folder)
        authority = trustme.CA()
        authority.cert_pem.write_to_path(made.authority)
        trustme.CA().cert_pem.write_to_path(made.stranger)
        for name, leaf in (
            ("server", authority.issue_cert("127.0.0.1")),
            ("client", authority.issue_cert("client.test")),
        ):
            _write(made.folder, name, leaf)
        return made

    @property
    def authority(self) -> Path:
        return self.folder / "authority.pem"

    @property
    def stranger(self) -> Path:
        return self.folder / "stranger.pem"

    def certificate(self, name: str) -> Path:
        """`server` or `client`, with its chain."""
        return self.folder / f"{name}.crt"

    def private_key(self, name: str) -> Path:
        return self.folder / f"{name}.key"

    def both(self, name: str) -> Path:
        """Key and chain in one file, as Kafka reads them."""
        return self.folder / f"{name}.pem"


def _write(folder: Path, name: str, leaf: trustme.LeafCert) -> None:
    secret = load_pem_private_key(leaf.private_key_pem.bytes(), None)
    key = secret.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    chain = b"".join(blob.bytes() for blob in leaf.cert_chain_pems)
    (folder / f"{name}.key").write_bytes(key)
    (folder / f"{name}.key").chmod(0o600)
    (folder / f"{name}.crt").write_bytes(chain)
    (folder / f"{name}.pem").write_bytes(key + chain)


@dataclass(frozen=True)
class SecuredKafka:
    """One broker with two doors: SASL_SSL with SCRAM-SHA-512, and TLS with client certificates."""

    scram_port: int
    mutual_port: int
    certificates: Certificates

    def scram(self, *, password: str = PASSWORD, authority: Path | None = None) -> KafkaSettings:
        return KafkaSettings(
            bootstrap=f"127.0.0.1:{self.scram_port}",
            security_protocol="SASL_SSL",
            sasl_mechanism="SCRAM-SHA-512",
            username=USER,
            password=password,
            ca_file=authority or self.certificates.authority,
            replication=1,
            session_timeout_ms=1500,
        )

    def mutual(self, *, with_certificate: bool = True) -> KafkaSettings:
        return KafkaSettings(
            bootstrap=f"127.0.0.1:{self.mutual_port}",
            security_protocol="SSL",
            ca_file=self.certificates.authority,
            cert_file=self.certificates.certificate("client") if with_certificate else None,
            key_file=self.certificates.private_key("client") if with_certificate else None,
            replication=1,
            session_timeout_ms=1500,
        )


@contextmanager
def secured_kafka(home: Path) -> Iterator[SecuredKafka]:
    """It starts; wait for it with the first call."""
    certificates = Certificates.make(home / "certificates")
    scram, mutual, internal, controller = ports.choose(4)
    broker = Kafka(
        home=home / "kafka",
        port=internal,
        controller_port=controller,
        jars=jars.store_in(jars.default_cache()).ensure(lambda _done, _total: None),
        log=home / "kafka.log",
        settings=_doors(certificates, scram, mutual, internal, controller),
        accounts={USER: PASSWORD},
    )
    broker.prepare()
    process = broker.spawn()
    try:
        yield SecuredKafka(scram, mutual, certificates)
    finally:
        children.stop(process, signal.SIGKILL, limit=20)


def _doors(certificates: Certificates, scram: int, mutual: int, internal: int, controller: int) -> dict[str, str]:
    own = f"INTERNAL://127.0.0.1:{internal},CONTROLLER://127.0.0.1:{controller}"
    listeners = f"SCRAM://127.0.0.1:{scram},MUTUAL://127.0.0.1:{mutual},{own}"
    return {
        "listeners": listeners,
        "advertised.listeners": listeners,
        "listener.security.protocol.map": "SCRAM:SASL_SSL,MUTUAL:SSL,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "inter.broker.listener.name": "INTERNAL",
        "ssl.keystore.type": "PEM",
        "ssl.keystore.location": str(certificates.both("server")),
        "ssl.truststore.type": "PEM",
        "ssl.truststore.location": str(certificates.authority),
        "listener.name.mutual.ssl.client.auth": "required",
        "listener.name.scram.sasl.enabled.mechanisms": "SCRAM-SHA-512",
        "listener.name.scram.scram-sha-512.sasl.jaas.config": (
            "org.apache.kafka.common.security.scram.ScramLoginModule required;"
        ),
    }
