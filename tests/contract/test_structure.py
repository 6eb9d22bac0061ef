"""What the import rules rest on: every module that calls itself pure is under the rule for decisions."""

import ast
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
SERVICES = ("intake", "router", "sla_monitor", "notifier")


def test_every_pure_module_is_held_to_it() -> None:
    held = _held_modules()
    missing = [name for name in _pure_modules() if not any(name == h or name.startswith(f"{h}.") for h in held)]
    assert missing == [], "add them to the contract on decisions in pyproject.toml"


def test_every_module_says_what_it_owns() -> None:
    bare = [str(path.relative_to(ROOT)) for path in _modules("services", "shared") if not _docstring(path)]
    assert bare == []


def test_every_service_has_the_same_anatomy() -> None:
    for service in SERVICES:
        folder = ROOT / "services" / service
        for part in ("app", "api", "handlers", "store", "metrics", "migrations"):
            assert (folder / f"{part}.py").exists() or (folder / part).is_dir(), f"{service} has no {part}"


def _held_modules() -> list[str]:
    config = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    contracts = config["tool"]["importlinter"]["contracts"]
    [decisions] = [c for c in contracts if c["name"].startswith("Decisions know no I/O")]
    return list(decisions["source_modules"])


def _pure_modules() -> list[str]:
    paths = _modules(*(f"services/{service}" for service in SERVICES))
    pure = [path for path in paths if re.search(r"(^|\s)Pure[.:]", _docstring(path))]
    return [".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__") for path in pure]


def _modules(*folders: str) -> list[Path]:
    paths = [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]
    return [path for path in paths if "versions" not in path.parts]


def _docstring(path: Path) -> str:
    return ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
