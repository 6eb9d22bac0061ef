"""The desk before and during a run: people who come back, and what earlier runs left open."""

from services.client.caller import Caller, CallFailed
from services.stack.demo.cast import Keys
from services.stack.demo.progress import RUN_PREFIX
from shared.contracts.vocabulary import CaseStatus, Outcome, Presence, ServiceName

PATH = "/v1/specialists"
UNRESOLVED = (CaseStatus.OPEN, CaseStatus.ACKNOWLEDGED, CaseStatus.PENDING)


async def come_back(lead: Caller, keys: Keys) -> list[str]:
    """Everybody on shift who was set away, having left offers unanswered, is available again; who that was."""
    try:
        specialists = await lead.every(ServiceName.ROUTER, PATH)
        back = [who["id"] for who in specialists if who["on_shift"] and who["presence"] == Presence.AWAY]
        for who in back:
            body = {"state": Presence.AVAILABLE}
            await lead.speaking_as(keys.of(who)).call("PUT", ServiceName.ROUTER, f"{PATH}/{who}/presence", json=body)
    except CallFailed:
        return []
    return back


async def clear_up(lead: Caller, run: str) -> int:
    """Resolve what other runs left open, so that it takes nobody's capacity; how many cases that were."""
    cleared = 0
    for status in UNRESOLVED:
        for case in await lead.every(ServiceName.INTAKE, "/v1/cases", status=status.value, q=RUN_PREFIX):
            external_id = str(case["external_id"])
            if external_id.startswith(RUN_PREFIX) and not external_id.startswith(run):
                cleared += await _resolve(lead, str(case["case_id"]))
    return cleared


async def _resolve(lead: Caller, case_id: str) -> bool:
    body = {"outcome": Outcome.OUT_OF_SCOPE, "summary": "Left open by an earlier run of the demo."}
    try:
        await lead.post(ServiceName.INTAKE, f"/v1/cases/{case_id}/resolve", body)
    except CallFailed:
        return False
    return True
