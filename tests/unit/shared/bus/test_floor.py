"""The floor never rises above an id that can still be committed or is still pending."""

from hypothesis import given
from hypothesis import strategies as st

from shared.bus.floor import Floor, Look


def test_the_floor_follows_ids_whose_transactions_have_ended() -> None:
    floor = Floor()
    for look in (Look(10, xmin=100, xmax=100), Look(20, xmin=105, xmax=105), Look(30, xmin=110, xmax=110)):
        floor.look(look)
    floor.drained(None)
    assert floor.value == 10


def test_a_transaction_that_stays_open_holds_the_floor_back() -> None:
    floor = Floor()
    for last_id in (10, 20, 30, 40):
        floor.look(Look(last_id, xmin=100, xmax=100 + last_id))
    floor.drained(None)
    assert floor.value == 0


def test_what_is_still_pending_holds_the_floor_back() -> None:
    floor = Floor()
    for xid in (100, 105, 110):
        floor.look(Look(50, xmin=xid, xmax=xid))
    floor.drained(7)
    assert floor.value == 6


class Model:
    """Transactions that draw an id when they begin and commit it in any order; a relay that reads from the floor."""

    def __init__(self) -> None:
        self.next_id = self.next_xid = 1
        self.running: dict[int, int] = {}
        self.visible: set[int] = set()
        self.sent: list[int] = []
        self.floor = Floor()

    def begin(self) -> None:
        self.running[self.next_xid] = self.next_id
        self.next_xid += 1
        self.next_id += 1

    def commit(self, choice: int) -> None:
        if self.running:
            xid = sorted(self.running)[choice % len(self.running)]
            self.visible.add(self.running.pop(xid))

    def relay(self) -> None:
        self.floor.look(Look(self.next_id - 1, min(self.running, default=self.next_xid), self.next_xid))
        rows = {row for row in self.visible if row > self.floor.value}
        self.sent += sorted(rows)
        self.visible -= rows
        self.floor.drained(None)


@given(st.lists(st.tuples(st.sampled_from(["begin", "commit", "relay"]), st.integers(0, 50)), max_size=80))
def test_nothing_that_commits_late_is_ever_below_the_floor(steps: list[tuple[str, int]]) -> None:
    model = Model()
    for action, choice in steps:
        if action == "begin":
            model.begin()
        elif action == "commit":
            model.commit(choice)
        else:
            model.relay()
        assert all(row > model.floor.value for row in model.visible | set(model.running.values()))
