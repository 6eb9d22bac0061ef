"""Settings from the environment, as values or as files."""

from datetime import timedelta
from pathlib import Path

import pytest

from shared.settings import Settings, SettingsError


def test_every_variable_may_be_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "url"
    secret.write_text("postgresql://u:p@db/tocsin\n")
    settings = Settings.from_environment({"TOCSIN_DATABASE_URL_FILE": str(secret), "TOCSIN_PORT": "8002"})
    assert (settings.database_url, settings.port) == ("postgresql://u:p@db/tocsin", 8002)


def test_kafka_has_its_own_variables(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").touch()
    settings = Settings.from_environment(
        {
            "TOCSIN_KAFKA_BOOTSTRAP": "a:1,b:2",
            "TOCSIN_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
            "TOCSIN_KAFKA_CA_FILE": str(tmp_path / "ca.pem"),
            "TOCSIN_KAFKA_REPLICATION": "1",
        }
    )
    assert settings.kafka.bootstrap == "a:1,b:2"
    assert settings.kafka.ca_file == tmp_path / "ca.pem"
    assert (settings.kafka.security_protocol, settings.kafka.replication) == ("SASL_SSL", 1)


def test_empty_variables_count_as_unset() -> None:
    assert Settings.from_environment({"TOCSIN_PUBLIC_URL": ""}).public_url is None


def test_the_clock_of_tests_is_shifted_in_seconds() -> None:
    assert Settings.from_environment({"TOCSIN_CLOCK_OFFSET": "90"}).clock_offset == timedelta(seconds=90)


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        ({"TOCSIN_PORT": "many"}, "TOCSIN_PORT"),
        ({"TOCSIN_LOG_LEVEL": "loud"}, "TOCSIN_LOG_LEVEL"),
        ({"TOCSIN_KAFKA_SECURITY_PROTOCOL": "TLS"}, "TOCSIN_KAFKA_SECURITY_PROTOCOL"),
        ({"TOCSIN_SECRET_KEY_FILE": "/does/not/exist"}, "TOCSIN_SECRET_KEY_FILE"),
    ],
)
def test_a_bad_value_is_named(environ: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        Settings.from_environment(environ)


def test_secrets_do_not_show() -> None:
    settings = Settings.from_environment(
        {"TOCSIN_SECRET_KEY": "hush", "TOCSIN_DATABASE_URL": "postgresql://u:hush@x/y"}
    )
    assert "hush" not in repr(settings)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:can/ary@db/tocsin",
        "postgresql://u:can#ary@db/tocsin",
        "postgresql://u:can?ary@db/tocsin",
        "postgresql://u:can@ary@db/tocsin",
        "canary",
        "mysql://u:canary@db/x",
        "postgresql://u:p@db:canary/x",
    ],
)
def test_a_database_url_that_cannot_be_read_is_not_shown(url: str) -> None:
    with pytest.raises(SettingsError) as refused:
        Settings.from_environment({"TOCSIN_DATABASE_URL": url})

    assert str(refused.value).startswith("TOCSIN_DATABASE_URL: ")
    assert not any(part in str(refused.value) for part in ("can/", "can#", "can?", "can@", "ary", "canary"))


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:p%40ss@db:5432/tocsin",
        "postgres://db/tocsin",
        "postgresql://u@[::1]:5432/tocsin?sslmode=require",
        "postgresql://u:p@one:5432,two:5433/tocsin?target_session_attrs=primary",
        "postgresql:///tocsin?host=/run/postgresql",
    ],
)
def test_every_form_of_a_database_url_is_taken(url: str) -> None:
    assert Settings.from_environment({"TOCSIN_DATABASE_URL": url}).database_url == url


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TOCSIN_KAFKA_CA_FILE", "/no/ca.pem"),
        ("TOCSIN_KAFKA_CERT_FILE", "/no/client.crt"),
        ("TOCSIN_DATABASE_URL", "postgresql://db/x?sslmode=verify-full&sslrootcert=/no/ca.pem"),
    ],
)
def test_a_certificate_that_is_not_there_is_named_with_its_variable(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"{name}: there is no file /no/"):
        Settings.from_environment({name: value})
