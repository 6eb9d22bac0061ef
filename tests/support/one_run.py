"""Several workers, one PostgreSQL and one Kafka: the process that hands out the tests starts them before any worker.

A pytest plugin. Workers find the engines by the environment, as if a person had started them (`tests.support.engines`).
Without workers (`pytest FILE`) nothing happens here: the run's own fixture starts what is asked for.
"""

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.engines import running_engines

_ONE_WORKER = ("e2e", "chaos")

_STARTED = pytest.StashKey[ExitStack]()


def pytest_configure(config: pytest.Config) -> None:
    """Start the engines if this process only hands out tests."""
    if not getattr(config.option, "numprocesses", None) or hasattr(config, "workerinput"):
        return
    started = config.stash[_STARTED] = ExitStack()
    home = started.enter_context(tempfile.TemporaryDirectory(prefix="tocsin-tests-"))
    engines = started.enter_context(running_engines(Path(home)))
    os.environ["TOCSIN_TEST_POSTGRES_URL"] = engines.postgres_url
    os.environ["TOCSIN_TEST_KAFKA"] = engines.kafka_bootstrap


def pytest_unconfigure(config: pytest.Config) -> None:
    """End them after the last worker."""
    started = config.stash.get(_STARTED, None)
    if started is not None:
        started.close()


def pytest_itemcollected(item: pytest.Item) -> None:
    """Keep the tests of whole processes on one worker per folder: they share a stack."""
    if _folder(item) in _ONE_WORKER:
        item.add_marker(pytest.mark.xdist_group(_folder(item)))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep those folders apart in time, the order else: chaos when half of the rest is done, stories at the end.

    Two of them at the same time would take each other's processor.
    """
    folders = {name: [item for item in items if _folder(item) == name] for name in _ONE_WORKER}
    rest = [item for item in items if _folder(item) not in folders]
    middle = len(rest) // 2
    items[:] = [*rest[:middle], *folders["chaos"], *rest[middle:], *folders["e2e"]]


def _folder(item: pytest.Item) -> str:
    return item.path.parent.name
