"""The README, run: every command of it, and every line that it prints, against a stack of the shipped configuration."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from services.stack import ports
from shared.config.loading import load
from tests.support.example_config import SHIPPED
from tests.support.readme import blocks, examples, missing, shape
from tests.support.running_stack import RunningStack
from tests.support.waiting import wait_for

pytestmark = pytest.mark.timeout(300)

RUN = "make run"
DEMO_LINE = re.compile(r"^ *\d+\.\d s  (\S+) +(\S+) +(.+)$")
CURL = """#!{python}
import sys, httpx
arguments = sys.argv[1:]
value = lambda flag: [arguments[at + 1] for at, found in enumerate(arguments) if found == flag]
url = next(argument for argument in arguments if argument.startswith("http"))
headers = dict(header.split(": ", 1) for header in value("-H"))
print(httpx.request(value("-X")[0], url, headers=headers, content=value("-d")[0].encode()).text)
"""


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStack]:
    """What `make run` starts, with its demo played to the end."""
    folder = tmp_path_factory.mktemp("readme")
    stack = RunningStack(folder, SHIPPED, ports.choose(4, adjacent=True)[0], options=("--demo",))
    stack.ensure()
    wait_for(lambda: "post one of your own" in stack.said(), 120, what="the demo's end", pause=0.2)
    yield stack
    assert stack.stop() == 0


@pytest.fixture(scope="module")
def people() -> list[str]:
    """Whoever may happen to be on shift or on call."""
    configuration = load(SHIPPED)
    specialists = [who.id for who in configuration.roster.specialists]
    return [*specialists, *(who.id for who in configuration.oncall.responders if who.id not in specialists)]


@pytest.fixture
def path(tmp_path: Path) -> str:
    """Where commands are looked for; with a small curl where the machine has none."""
    if shutil.which("curl") is None:
        curl = tmp_path / "curl"
        curl.write_text(CURL.format(python=sys.executable))
        curl.chmod(0o755)
    return f"{tmp_path}:{os.environ['PATH']}"


def news(lines: list[str], people: list[str]) -> set[tuple[str, str]]:
    """What the demo said of each case, whichever looks the news fell into."""
    found = (DEMO_LINE.match(line) for line in lines)
    return {
        (match[1], shape(said, people))
        for match in found
        if match is not None
        for said in match[3].strip().split(" · ")
    }


def test_make_run_prints_what_the_readme_shows(shown: RunningStack, people: list[str]) -> None:
    [example] = [example for example in examples() if example.command == RUN]
    printed = shown.log.read_text(encoding="utf-8").splitlines()
    assert news(example.output, people) <= news(printed, people)
    others = [line for line in example.output if not DEMO_LINE.match(line) and not line.startswith("demo:")]
    assert [fault for line in others for fault in missing([line], printed, people)] == []


def test_make_run_is_what_was_started_here() -> None:
    recipe = re.search(r"^run:.*\n((?:\t.*\n)+)", Path("Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert recipe is not None
    assert "tocsin up" in recipe[1]


def test_every_other_command_prints_what_the_readme_shows(shown: RunningStack, people: list[str], path: str) -> None:
    ids: dict[str, str] = {}
    for example in examples():
        if example.command == RUN:
            continue
        printed = run(_here(example.command, shown, ids), path)
        assert missing(example.output, printed.splitlines(), people) == [], printed
        for written, real in zip(_ids("\n".join(example.output)), _ids(printed), strict=False):
            ids.setdefault(written, real)
    assert ids, "the id of the posted case is used further down"


def test_the_routing_shown_is_the_one_that_is_shipped() -> None:
    yaml = YAML(typ="safe")
    [shown_here] = blocks("yaml")
    assert yaml.load(shown_here) == yaml.load(SHIPPED / "routing.yaml")


def run(command: str, path: str) -> str:
    """What a shell prints for it; it must succeed."""
    done = subprocess.run(
        ["/bin/sh", "-c", command],
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def _here(command: str, stack: RunningStack, ids: dict[str, str]) -> str:
    """The same command for this stack: its port, its data directory, the ids that it gave."""
    for written, real in ids.items():
        command = command.replace(written, real)
    command = command.replace(":8001/", f":{stack.base_port}/").replace(".tocsin/", f"{stack.data_dir}/")
    if command.startswith(".venv/bin/tocsin case"):
        command += f" --data-dir {stack.data_dir}"
    return command.replace(".venv/bin/tocsin", f"{sys.executable} -m services.cli")


def _ids(text: str) -> list[str]:
    return re.findall(r"[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}", text)
