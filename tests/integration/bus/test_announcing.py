"""A dead letter is announced whatever its headers are: no record stops the outbox of the service that buried it."""

from shared.bus.messages import MAX_PAYLOAD
from shared.bus.relay import Relay
from shared.clock import SystemClock
from shared.contracts.vocabulary import Topic
from shared.observability.metrics import Metrics
from shared.settings import KafkaSettings
from tests.support.bus import Reader, log_of
from tests.support.producing import Raw, put
from tests.support.waiting import wait_until

NO_TEXT = b"\xff" * 400_000
"""Four times as long once it is shown as text."""


async def test_headers_that_find_no_room_in_a_message_are_left_out_and_all_else_is_announced(
    reader: Reader, kafka_settings: KafkaSettings
) -> None:
    strange = Raw(Topic.CASES, b"case-1", b"{broken", [("junk", NO_TEXT), ("ce_source", b"/tocsin/intake")])
    many = [(f"header-{number}", b"x" * 60) for number in range(1000)]
    large = Raw(Topic.CASES, b"case-2", b"x" * MAX_PAYLOAD, many)
    await put(kafka_settings, [strange, large])
    relay = Relay(reader.db, kafka_settings, "router", Metrics("router"), SystemClock())
    await reader.consumer().start()
    await relay.start()
    try:

        async def announced() -> dict[bytes, dict[str, bytes]]:
            letters = {record.key: dict(record.headers) for record in await log_of(kafka_settings, Topic.DEAD_LETTERS)}
            return letters if len(letters) == 2 else {}

        letters = await wait_until(announced, what="both dead letters are announced")
    finally:
        await relay.stop()
    assert letters[b"case-1"]["tocsin_reason"] == b"unreadable"
    assert letters[b"case-1"]["ce_source"] == b"/tocsin/intake"
    assert letters[b"case-1"]["tocsin_headers"] == b"some left out: too large"
    assert "junk" not in letters[b"case-1"]
    assert letters[b"case-2"]["header-0"] == b"x" * 60
