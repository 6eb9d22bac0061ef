"""The manifests of deploy/kubernetes: probes, disruption budgets, least rights, and names that fit together."""

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from shared.contracts.vocabulary import ServiceName
from shared.settings import KafkaSettings, Settings

FOLDER = Path("deploy/kubernetes")
DEPLOY = Path("deploy")
CONFIGURATION = {"taxonomy", "access", "roster", "routing", "sla", "oncall", "channels"}


def read(path: Path) -> list[dict[str, Any]]:
    return [document for document in YAML(typ="safe").load_all(path) if document]


def manifests(kind: str) -> dict[str, dict[str, Any]]:
    named = read(FOLDER / "kustomization.yaml")[0]["resources"]
    found = [document for name in named for document in read(FOLDER / name)]
    return {document["metadata"]["name"]: document for document in found if document["kind"] == kind}


def name_of(service: ServiceName) -> str:
    return service.replace("_", "-")


def pods() -> dict[str, dict[str, Any]]:
    workloads = {**manifests("Deployment"), **manifests("Job")}
    return {name: workload["spec"]["template"]["spec"] for name, workload in workloads.items()}


def containers(pod: dict[str, Any]) -> list[dict[str, Any]]:
    return [*pod.get("initContainers", ()), *pod["containers"]]


def test_kustomize_takes_every_file_and_the_seven_of_the_configuration() -> None:
    assert {path.name for path in FOLDER.glob("*.yaml")} - {"kustomization.yaml"} == set(
        read(FOLDER / "kustomization.yaml")[0]["resources"]
    )
    [top] = read(DEPLOY / "kustomization.yaml")
    [generated] = top["configMapGenerator"]
    assert {Path(file).stem for file in generated["files"]} == CONFIGURATION
    assert all((DEPLOY / file).exists() for file in generated["files"])
    assert all((DEPLOY / resource).exists() for resource in top["resources"])


@pytest.mark.parametrize("service", list(ServiceName))
def test_a_service_survives_the_loss_of_one_pod(service: ServiceName) -> None:
    name = name_of(service)
    deployment, budget = manifests("Deployment")[name], manifests("PodDisruptionBudget")[name]
    assert deployment["spec"]["replicas"] >= 2
    assert deployment["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"] == 0
    assert budget["spec"]["minAvailable"] == 1
    labels = deployment["spec"]["template"]["metadata"]["labels"].items()
    for selector in (
        deployment["spec"]["selector"]["matchLabels"],
        budget["spec"]["selector"]["matchLabels"],
        manifests("Service")[name]["spec"]["selector"],
    ):
        assert selector.items() <= labels


@pytest.mark.parametrize("service", list(ServiceName))
def test_a_service_runs_its_command_and_is_probed(service: ServiceName) -> None:
    [container] = pods()[name_of(service)]["containers"]
    assert container["args"] == ["run", service]
    path, _, left_out = container["readinessProbe"]["httpGet"]["path"].partition("?")
    assert path == "/readyz"
    assert bool(left_out) == (service == "intake"), "intake alone has work to do without Kafka"
    assert container["livenessProbe"]["httpGet"]["path"] == "/livez"
    assert container["startupProbe"]["httpGet"]["path"] == "/livez"
    [port] = container["ports"]
    assert {"name": "TOCSIN_PORT", "value": str(port["containerPort"])} in container["env"]


@pytest.mark.parametrize("name", [*map(name_of, ServiceName), "prepare"])
def test_a_pod_has_no_more_rights_than_it_needs(name: str) -> None:
    pod = pods()[name]
    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    for container in containers(pod):
        security = container["securityContext"]
        assert security["readOnlyRootFilesystem"] is True
        assert security["allowPrivilegeEscalation"] is False
        assert security["capabilities"] == {"drop": ["ALL"]}


def test_a_pod_has_time_to_stop_cleanly() -> None:
    for name in map(name_of, ServiceName):
        assert pods()[name]["terminationGracePeriodSeconds"] > 20


def test_every_mount_has_its_volume_and_every_reference_its_object() -> None:
    known_maps = set(manifests("ConfigMap")) | {"tocsin-config"}
    for name, pod in pods().items():
        volumes = {volume["name"]: volume for volume in pod["volumes"]}
        for container in containers(pod):
            assert {mount["name"] for mount in container["volumeMounts"]} <= volumes.keys(), name
            assert all(source["configMapRef"]["name"] in known_maps for source in container["envFrom"])
        assert all(volume["configMap"]["name"] in known_maps for volume in volumes.values() if "configMap" in volume)


def test_every_variable_is_one_that_the_services_read() -> None:
    known = {f"TOCSIN_{name}".upper() for name in Settings.model_fields} | {
        f"TOCSIN_KAFKA_{name}".upper() for name in KafkaSettings.model_fields
    }
    used = set(manifests("ConfigMap")["tocsin-environment"]["data"])
    for pod in pods().values():
        used |= {item["name"] for container in containers(pod) for item in container.get("env", ())}
    own = {name.removesuffix("_FILE") for name in used if name.startswith("TOCSIN_")}
    assert own <= known
