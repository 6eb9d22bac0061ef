"""docker-compose.yml, as far as a machine without Docker can tell: keys, references, secrets, exposure."""

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from shared.contracts.vocabulary import ServiceName
from shared.settings import KafkaSettings, Settings
from tests.support.compose import MissingVariable, compose

SECRETS = {
    "POSTGRES_PASSWORD": "of-tests",
    "TOCSIN_SECRET_KEY": "of-tests",
    "PAGER_URL": "http://127.0.0.1:9/pages",
    "PAGER_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
}
ENGINES = {"kafka", "postgres"}
TOP_LEVEL = {"name", "services", "volumes"}
SERVICE_KEYS = {
    "build", "cap_drop", "command", "depends_on", "environment", "healthcheck", "image", "ports", "read_only",
    "restart", "security_opt", "stop_grace_period", "tmpfs", "volumes",
}  # fmt: skip
CONDITIONS = {"service_healthy", "service_completed_successfully"}


def services() -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = compose(SECRETS)["services"]
    return found


def own() -> dict[str, dict[str, Any]]:
    return {name: service for name, service in services().items() if name not in ENGINES}


def test_it_has_kafka_postgresql_two_preparations_and_the_four_services() -> None:
    assert set(services()) == ENGINES | {"migrate", "topics"} | {name.value for name in ServiceName}


def test_every_key_is_one_of_the_compose_specification() -> None:
    document = compose(SECRETS)
    assert {key for key in document if not key.startswith("x-")} == TOP_LEVEL
    for name, service in services().items():
        assert service.keys() <= SERVICE_KEYS, name
        assert all(isinstance(value, str) for value in service["environment"].values()), name


def test_everything_that_is_named_is_defined() -> None:
    found, volumes = services(), compose(SECRETS)["volumes"]
    for name, service in found.items():
        for needed, how in service.get("depends_on", {}).items():
            assert needed in found, name
            assert how["condition"] in CONDITIONS
            assert how["condition"] != "service_healthy" or "healthcheck" in found[needed]
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            assert source in volumes or Path(source).exists(), volume


@pytest.mark.parametrize("name", sorted(SECRETS))
def test_without_a_secret_it_does_not_start(name: str) -> None:
    with pytest.raises(MissingVariable, match=name):
        compose({key: value for key, value in SECRETS.items() if key != name})


def test_no_secret_stands_in_the_file() -> None:
    for name, service in YAML(typ="safe").load(Path("docker-compose.yml"))["services"].items():
        for variable, value in service["environment"].items():
            if variable.endswith(("PASSWORD", "SECRET", "SECRET_KEY", "_URL")) and "PUBLIC" not in variable:
                assert "${" in value, f"{name}: {variable}"


def test_ports_are_open_on_loopback_only() -> None:
    ports = [port for service in services().values() for port in service.get("ports", ())]
    assert len(ports) == len(ServiceName)
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_our_containers_have_no_rights_and_write_nowhere() -> None:
    for name, service in own().items():
        assert service["cap_drop"] == ["ALL"], name
        assert service["read_only"] is True
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["build"]["dockerfile"] == "deploy/docker/Dockerfile"


def test_every_variable_is_one_that_the_services_read() -> None:
    known = {f"TOCSIN_{name}".upper() for name in Settings.model_fields} | {
        f"TOCSIN_KAFKA_{name}".upper() for name in KafkaSettings.model_fields
    }
    for name, service in own().items():
        used = {variable for variable in service["environment"] if variable.startswith("TOCSIN_")}
        assert used <= known, name


@pytest.mark.parametrize("name", list(ServiceName))
def test_a_service_waits_for_its_preparations_and_is_healthy_when_it_is_ready(name: ServiceName) -> None:
    service = services()[name]
    assert service["command"] == ["run", name]
    assert set(service["depends_on"]) == {"migrate", "topics"}
    assert "/readyz" in service["healthcheck"]["test"][-1]
    port = service["environment"]["TOCSIN_PORT"]
    assert service["ports"] == [f"127.0.0.1:{port}:{port}"]
