"""One embedded stack for all stories: `tocsin up` as a person starts it, with a pager double as its pager."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from services.stack import ports
from tests.support.caller import Caller
from tests.support.config_dir import SECRET, configuration, write
from tests.support.pager import Pager, running_pager
from tests.support.running_stack import RunningStack


@pytest.fixture(scope="session")
def stack_pager() -> Iterator[Pager]:
    """The pager double that the stack pages."""
    with running_pager() as pager:
        yield pager


@pytest.fixture(scope="session")
def one_stack(tmp_path_factory: pytest.TempPathFactory, stack_pager: Pager) -> Iterator[RunningStack]:
    """The stack of the run; started when first asked for."""
    folder = tmp_path_factory.mktemp("stack")
    config_dir = write(folder / "config", configuration(pager_url=stack_pager.url))
    base_port = ports.choose(4, adjacent=True)[0]
    stack = RunningStack(folder, config_dir, base_port, environment={"PAGER_SECRET": SECRET})
    yield stack
    if stack.process is not None:
        stack.stop()


@pytest.fixture
def stack(one_stack: RunningStack) -> RunningStack:
    """The stack of the run, ready: a story may stop or kill it, the next one starts it again."""
    one_stack.ensure()
    return one_stack


@pytest.fixture
def tool(stack: RunningStack) -> Iterator[Caller]:
    """The reporting tool."""
    caller = Caller(stack.url, "report-tool")
    yield caller
    caller.close()


@pytest.fixture
def lead(stack: RunningStack) -> Iterator[Caller]:
    """The lead, who may read everything."""
    caller = Caller(stack.url, "lead")
    yield caller
    caller.close()


@pytest.fixture
def another(one_stack: RunningStack, tmp_path: Path) -> RunningStack:
    """A stack of this story's own, not started; it has the configuration and free ports."""
    base_port = ports.choose(4, adjacent=True)[0]
    return RunningStack(tmp_path, one_stack.config_dir, base_port, environment=dict(one_stack.environment))
