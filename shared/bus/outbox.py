"""The outbox: events committed with the state that they tell of, until Kafka has acknowledged them.

It is a pending set, not a log: the relay deletes what was acknowledged.
"""

from collections.abc import Sequence

from shared.bus.messages import Message
from shared.db import Tx


async def enqueue(tx: Tx, messages: Sequence[Message]) -> None:
    """Add `messages`, in order, in one statement. Wake the relay once `tx` is committed.

    The row of the aggregate must be locked (or written) in `tx` before: that gives `seq` its order, and
    the relay relies on a transaction being known to PostgreSQL before its outbox ids are drawn.
    """
    if not messages:
        return
    await tx.execute(
        _ENQUEUE,
        [message.topic.value for message in messages],
        [message.key for message in messages],
        [message.seq for message in messages],
        [message.ce_id for message in messages],
        [message.type for message in messages],
        [message.headers() for message in messages],
        [message.payload for message in messages],
    )


_ENQUEUE = """
INSERT INTO outbox (topic, key, seq, ce_id, type, headers, payload)
SELECT topic, key, seq, ce_id, type, headers, payload
  FROM unnest($1::text[], $2::text[], $3::bigint[], $4::uuid[], $5::text[], $6::jsonb[], $7::bytea[])
       WITH ORDINALITY AS m (topic, key, seq, ce_id, type, headers, payload, place)
 ORDER BY place
"""
