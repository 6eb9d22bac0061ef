"""Schemathesis over the OpenAPI documents of all four services: no 500, and answers that keep to the document.

TOCSIN_FUZZ_EXAMPLES sets the examples of each operation for a long run.
"""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.settings import KafkaSettings
from tests.support.config_dir import configuration, key, write
from tests.support.installation import SERVICES, Installation
from tests.support.pager import running_pager

pytestmark = pytest.mark.timeout(600)

EXAMPLES = os.environ.get("TOCSIN_FUZZ_EXAMPLES", "3")
SEED = os.environ.get("TOCSIN_FUZZ_SEED", "20261122")
CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
PROGRAM = Path(".venv/bin/schemathesis")


@pytest.fixture
def installation(database_url: str, kafka_settings: KafkaSettings, tmp_path: Path) -> Iterator[Installation]:
    with running_pager() as pager:
        config = write(tmp_path / "config", configuration(pager_url=pager.url))
        made = Installation(database_url, kafka_settings, config, tmp_path)
        made.start()
        made.wait_ready()
        yield made
        made.stop()


def fuzzed(installation: Installation, service: str) -> str:
    """What schemathesis found; empty when nothing."""
    found = subprocess.run(
        [
            str(PROGRAM), "run", f"{installation.url(service)}/openapi.json", "--checks", CHECKS,
            "--header", f"Authorization: Bearer {key('lead')}", "--phases", "examples,fuzzing", "--mode", "all",
            "--max-examples", EXAMPLES, "--seed", SEED, "--generation-database", "none",
            "--suppress-health-check", "all", "--request-timeout", "20", "--no-color",
        ],
        capture_output=True,
        text=True,
        timeout=500,
        check=False,
    )  # fmt: skip
    return "" if found.returncode == 0 else found.stdout[-6000:] + found.stderr[-1000:]


def test_no_request_brings_a_500_and_answers_keep_to_the_document(installation: Installation) -> None:
    found = {service: fuzzed(installation, service) for service in SERVICES}
    for service, output in found.items():
        assert output == "", f"{service}:\n{output}"
        assert installation.processes[service].poll() is None
