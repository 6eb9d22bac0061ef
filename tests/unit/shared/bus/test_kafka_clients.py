"""Keys go where every Kafka tool sends them, and the environment's security reaches the clients."""

import ssl
from pathlib import Path

import pytest

from shared.bus import kafka
from shared.bus.topics import configuration, partitions_of
from shared.contracts.vocabulary import PARTITIONS, Topic
from shared.settings import KafkaSettings


def test_partitions_are_those_of_javas_murmur2() -> None:
    """Hashes published with Kafka's own UtilsTest: murmur2("21"), ("foobar"), ("a-little-bit-long-string")."""
    published = {"21": -973932308, "foobar": -790332482, "a-little-bit-long-string": -985981536}
    for key, murmur in published.items():
        assert kafka.partition_of(key) == (murmur & 0x7FFFFFFF) % PARTITIONS


def test_plaintext_needs_nothing_more() -> None:
    options = kafka.connection(KafkaSettings(bootstrap="broker:9092"))
    assert options["bootstrap_servers"] == "broker:9092"
    assert not any(name.startswith(("sasl", "ssl")) for name in options)


def test_credentials_reach_the_client() -> None:
    settings = KafkaSettings(
        security_protocol="SASL_SSL", sasl_mechanism="SCRAM-SHA-512", username="tocsin", password="hush"
    )
    options = kafka.connection(settings)
    assert options["sasl_mechanism"] == "SCRAM-SHA-512"
    assert (options["sasl_plain_username"], options["sasl_plain_password"]) == ("tocsin", "hush")
    assert options["ssl_context"].verify_mode is ssl.CERT_REQUIRED


def test_without_tls_no_context_is_made() -> None:
    assert "ssl_context" not in kafka.connection(KafkaSettings(security_protocol="SASL_PLAINTEXT", username="u"))


def test_a_missing_certificate_authority_is_an_error_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        kafka.connection(KafkaSettings(security_protocol="SSL", ca_file=tmp_path / "none.pem"))


def test_topics_and_groups_of_tests_are_kept_apart() -> None:
    settings = KafkaSettings(topic_prefix="t1.")
    assert kafka.topic_name(settings, Topic.CASES) == "t1.tocsin.cases"
    assert kafka.group_id(settings, "router") == "t1.tocsin.router"
    assert kafka.group_id(KafkaSettings(), "router") == "tocsin.router"


def test_three_replicas_must_have_two_in_step() -> None:
    assert configuration(3)["min.insync.replicas"] == "2"
    assert configuration(1)["min.insync.replicas"] == "1"


def test_dead_letters_alone_have_one_partition() -> None:
    assert {topic: partitions_of(topic) for topic in Topic if partitions_of(topic) != PARTITIONS} == {
        Topic.DEAD_LETTERS: 1
    }
