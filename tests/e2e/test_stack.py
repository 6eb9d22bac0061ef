"""The embedded stack as a person meets it: ready, stopped, killed, started again, refused."""

import os
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from services.stack.children import left_in, stop
from services.stack.state import holder
from shared.contracts.vocabulary import ServiceName
from tests.support.caller import Caller
from tests.support.pager import Pager
from tests.support.running_stack import RunningStack, lives, wait_until_gone
from tests.support.waiting import wait_for

pytestmark = pytest.mark.timeout(300)


def acknowledged_too_late() -> str:
    """When a case must have come in for its acknowledge clock to be due now: violent content has 30 minutes."""
    return (datetime.now(UTC) - timedelta(minutes=30)).isoformat()


def test_a_ready_stack_tells_where_everything_is(stack: RunningStack) -> None:
    info = stack.info()
    key = Path(info["token_file"]).read_text().strip()
    assert stack.process is not None
    assert holder(stack.data_dir) == stack.process.pid
    for place, name in enumerate(ServiceName):
        assert info["services"][name]["url"] == f"http://127.0.0.1:{stack.base_port + place}"
        assert stack.is_ready(name)
    taxonomy = httpx.get(f"{stack.url('intake')}/v1/taxonomy", headers={"Authorization": f"Bearer {key}"})
    assert taxonomy.status_code == 200
    assert all(map(lives, stack.pids().values()))
    assert "tocsin is ready" in stack.said()


def test_an_escalation_goes_all_the_way_to_a_signed_page(
    stack: RunningStack, stack_pager: Pager, tool: Caller, lead: Caller
) -> None:
    case_id = tool.escalate(received_at=acknowledged_too_late())
    [page] = stack_pager.wait_for(1, case_id=case_id, type="page.triggered")
    assert page.signed
    assert page.responder == "ana"
    lead.command(case_id, "acknowledge")
    stack_pager.wait_for(1, case_id=case_id, type="page.resolved")
    assert "clock.breached" in lead.timeline(case_id)


def test_sigterm_stops_everything_and_the_next_start_finds_all_again(stack: RunningStack, tool: Caller) -> None:
    case_id = tool.escalate()
    pids = list(stack.pids().values())
    assert stack.stop() == 0
    assert not any(map(lives, pids))
    assert not (stack.data_dir / "stack.json").exists()
    stack.ensure()
    assert tool.get("intake", f"/v1/cases/{case_id}").status_code == 200


@pytest.mark.parametrize("frozen", [(), ("postgres", "kafka", "router")], ids=["", "with frozen children"])
def test_when_the_supervisor_is_killed_its_children_die_and_nothing_is_lost(
    stack: RunningStack, tool: Caller, lead: Caller, stack_pager: Pager, frozen: tuple[str, ...]
) -> None:
    case_id = tool.escalate(received_at=acknowledged_too_late())
    before, pids = stack.info(), stack.pids()
    for child in frozen:
        os.kill(pids[child], signal.SIGSTOP)
    stack.kill()
    wait_until_gone(list(pids.values()))
    after = stack.ensure()
    assert after["ready_at"] > before["ready_at"]
    assert after["kafka"]["bootstrap"] == before["kafka"]["bootstrap"]
    assert tool.get("intake", f"/v1/cases/{case_id}").status_code == 200
    stack_pager.wait_for(1, case_id=case_id, type="page.triggered", within=60)
    lead.wait_items("notifier", "/v1/pages", lambda pages: len(pages) == 1, case_id=case_id)


@pytest.mark.parametrize("child", [*ServiceName, "kafka", "postgres"])
def test_a_child_that_is_killed_comes_back_and_the_way_is_open_again(
    stack: RunningStack, tool: Caller, lead: Caller, child: str
) -> None:
    before, pids = stack.info(), stack.pids()
    os.kill(pids[child], signal.SIGKILL)
    wait_for(lambda: stack.pids()[child] != pids[child], 30, what=f"another {child}")
    assert stack.info()["ready_at"] == before["ready_at"]
    assert {name: pid for name, pid in stack.pids().items() if name != child} == {
        name: pid for name, pid in pids.items() if name != child
    }
    wait_for(lambda: all(map(stack.is_ready, ServiceName)), 60, what="all ready")
    case_id = tool.escalate()
    lead.wait_items("sla_monitor", f"/v1/cases/{case_id}/clocks", lambda clocks: len(clocks) > 0, within=60)
    lead.command(case_id, "resolve", outcome="no_violation", summary="Nothing there")


def refusal(stack: RunningStack) -> list[str]:
    """The lines that a start which must fail prints."""
    process = stack.launch()
    assert process.wait(60) == 1
    lines = [line for line in stack.said().splitlines() if line.startswith("tocsin:") or not line.startswith(" ")]
    assert "Traceback" not in stack.said()
    return lines


def test_a_second_stack_on_the_same_data_is_refused(stack: RunningStack, another: RunningStack) -> None:
    second = RunningStack(another.folder, stack.config_dir, another.base_port)
    (second.folder / "data").symlink_to(stack.data_dir)
    assert stack.process is not None
    assert f"a stack already runs on {second.data_dir} (process {stack.process.pid})" in refusal(second)[0]
    assert all(map(stack.is_ready, ServiceName))


def test_taken_ports_are_named_with_the_way_out(stack: RunningStack, another: RunningStack) -> None:
    another.base_port = stack.base_port - 1
    said = refusal(another)
    assert f"port {stack.base_port} is taken" in said[0]
    assert "--base-port" in said[1]


def test_a_broken_configuration_is_refused_before_anything_starts(another: RunningStack, tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    broken.mkdir()
    for file in another.config_dir.iterdir():
        (broken / file.name).write_text(file.read_text())
    (broken / "routing.yaml").write_text((broken / "routing.yaml").read_text().replace('"weights"', '"weight"'))
    another.config_dir = broken
    assert "routing.yaml:2: " in refusal(another)[0]
    assert not another.data_dir.exists()


def test_without_network_the_first_start_says_what_it_needs(another: RunningStack, tmp_path: Path) -> None:
    nowhere = "http://127.0.0.1:9"
    another.environment |= {"XDG_CACHE_HOME": str(tmp_path / "cache"), "M2_REPO": str(tmp_path / "m2")}
    another.environment |= {"HTTPS_PROXY": nowhere, "https_proxy": nowhere, "NO_PROXY": "", "no_proxy": ""}
    said = " ".join(refusal(another))
    assert "Apache Kafka is not on this machine yet" in said
    assert "The first start needs the network" in said
    assert left_in(another.data_dir / "postgres" / "data") == []


def test_ctrl_c_while_it_starts_leaves_nothing_behind(another: RunningStack) -> None:
    process = another.launch()
    engine = another.data_dir / "postgres" / "data"
    [postgres, *_] = wait_for(lambda: left_in(engine), 60, what="PostgreSQL runs")
    assert stop(process, signal.SIGINT, limit=60) == 0
    assert not lives(postgres)
    assert "Traceback" not in another.said()


def test_the_service_and_schema_commands_say_what_they_did(
    stack: RunningStack, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from services import cli

    monkeypatch.setenv("TOCSIN_DATABASE_URL", stack.info()["postgres"]["url"])
    monkeypatch.setenv("TOCSIN_KAFKA_BOOTSTRAP", stack.info()["kafka"]["bootstrap"])
    monkeypatch.setenv("TOCSIN_KAFKA_REPLICATION", "1")
    for command in (["migrate"], ["topics", "apply"], ["topics", "diff"]):
        with pytest.raises(SystemExit) as ended:
            cli.main(command)
        assert ended.value.code == 0
    said = capsys.readouterr().out.splitlines()
    assert said == ["every schema is up to date", "every topic is there", "every topic is as it must be"]
