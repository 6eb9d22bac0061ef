"""The configuration in force changes when the directory does, and never into something that is not whole."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from shared.clock import SystemClock
from shared.config.faults import ConfigFaults
from shared.config.holder import ConfigHolder
from shared.config.models import Configuration
from shared.observability.metrics import Metrics
from tests.support.example_config import Example
from tests.support.waiting import wait_until

SLOWER = ("offer_timeout: {critical: PT60S", "offer_timeout: {critical: PT90S")


@pytest.fixture
def metrics() -> Metrics:
    return Metrics("router")


@pytest.fixture
def holder(example: Example, metrics: Metrics) -> ConfigHolder:
    return ConfigHolder(example.folder, SystemClock(), metrics)


def successful(metrics: Metrics) -> float | None:
    return metrics.registry.get_sample_value("tocsin_config_last_reload_successful")


def critical_offer(configuration: Configuration) -> float:
    return configuration.routing.offer_timeout["critical"].total_seconds()  # type: ignore[index]


async def settle(holder: ConfigHolder) -> None:
    """Two looks in a row, as the loop takes them."""
    await holder.look()
    await holder.look()


async def test_a_change_is_in_force_within_two_seconds(example: Example, holder: ConfigHolder) -> None:
    await holder.start()
    try:
        example.replace("routing", *SLOWER)

        await wait_until(lambda: critical_offer(holder.current) == 90, timeout=2.0)
    finally:
        await holder.stop()


async def test_listeners_hear_of_what_comes_into_force(example: Example, holder: ConfigHolder) -> None:
    heard: list[Configuration] = []
    holder.subscribe(heard.append)
    await settle(holder)
    assert heard == []

    example.replace("routing", *SLOWER)
    await settle(holder)
    await settle(holder)

    assert heard == [holder.current]


async def test_a_fault_refuses_the_directory_as_a_whole(
    example: Example, holder: ConfigHolder, metrics: Metrics
) -> None:
    before = holder.current
    example.replace("routing", *SLOWER)
    line = example.replace("oncall", "policy: leads", "policy: nobody")

    await settle(holder)

    assert holder.current is before
    assert successful(metrics) == 0
    assert holder.check().ok
    assert f"oncall.yaml:{line}" in holder.check().detail


async def test_a_refused_directory_that_is_put_right_comes_into_force(
    example: Example, holder: ConfigHolder, metrics: Metrics
) -> None:
    example.replace("routing", "offer_timeout: {critical: PT60S", "offer_timeout: {critical: soon")
    await settle(holder)
    example.replace("routing", "offer_timeout: {critical: soon", "offer_timeout: {critical: PT90S")

    await settle(holder)

    assert critical_offer(holder.current) == 90
    assert successful(metrics) == 1
    assert holder.check().detail == ""


async def test_one_that_goes_back_to_what_is_in_force_is_no_longer_refused(
    example: Example, holder: ConfigHolder, metrics: Metrics
) -> None:
    example.replace("routing", "critical: PT60S", "critical: soon")
    await settle(holder)
    example.replace("routing", "critical: soon", "critical: PT60S")

    await settle(holder)

    assert successful(metrics) == 1


async def test_a_file_that_is_still_being_written_waits_until_it_holds_still(
    example: Example, holder: ConfigHolder, metrics: Metrics
) -> None:
    whole = (example.folder / "routing.yaml").read_text(encoding="utf-8")
    (example.folder / "routing.yaml").write_text("weights: {sev", encoding="utf-8")
    await holder.look()

    (example.folder / "routing.yaml").write_text(whole.replace("PT60S", "PT90S"), encoding="utf-8")
    await settle(holder)

    assert critical_offer(holder.current) == 90
    assert successful(metrics) == 1


async def test_a_swapped_symbolic_link_is_a_change(tmp_path: Path, example: Example) -> None:
    """The way in which Kubernetes changes a mounted ConfigMap: the files are links through `..data`."""
    mounted = tmp_path / "mounted"
    mounted.mkdir()
    newer = Path(shutil.copytree(example.folder, tmp_path / "newer"))
    (mounted / "..data").symlink_to(example.folder)
    for file in example.folder.iterdir():
        (mounted / file.name).symlink_to(Path("..data") / file.name)
    holder = ConfigHolder(mounted, SystemClock(), Metrics("router"))

    text = (newer / "routing.yaml").read_text(encoding="utf-8")
    (newer / "routing.yaml").write_text(text.replace("PT60S", "PT90S"), encoding="utf-8")
    (mounted / "..next").symlink_to(newer)
    (mounted / "..next").rename(mounted / "..data")
    await settle(holder)

    assert critical_offer(holder.current) == 90


def test_a_first_start_with_a_fault_is_refused(example: Example, metrics: Metrics) -> None:
    (example.folder / "sla.yaml").unlink()

    with pytest.raises(ConfigFaults, match=r"sla\.yaml:1: the file is missing"):
        ConfigHolder(example.folder, SystemClock(), metrics)


@pytest.fixture
def development(tmp_path: Path) -> Callable[..., Path]:
    """Writes the extra access file of an embedded stack."""

    def write(*principals: dict[str, object]) -> Path:
        path = tmp_path / "access-dev.yaml"
        path.write_text(json.dumps({"principals": principals}), encoding="utf-8")
        return path

    return write


def test_development_keys_are_added_to_the_principals(
    example: Example, metrics: Metrics, development: Callable[..., Path]
) -> None:
    digest = hashlib.sha256(b"key").hexdigest()
    extra = development(
        {"id": "report-tool", "kind": "source", "key_sha256": [digest]},
        {"id": "developer", "kind": "person", "role": "lead", "scopes": ["admin"], "key_sha256": [digest[::-1]]},
    )

    access = ConfigHolder(example.folder, SystemClock(), metrics, development_access=extra).current.access

    principals = {principal.id: principal for principal in access.principals}
    assert principals["report-tool"].key_sha256 == (digest,)
    assert "escalations:write" in principals["report-tool"].scopes
    assert principals["developer"].scopes == ("admin",)
    assert len(access.principals) == len(example.load().access.principals) + 1
