"""Reading escalations from files: every shape people keep them in, and every fault at its place."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.commands.escalation_file import BATCH_BYTES, BATCH_ITEMS, Item, Unreadable, batches, read_items

ONE = {"external_id": "a", "summary": "s"}
TWO = {"external_id": "b", "summary": "t"}


@pytest.mark.parametrize(
    "text",
    [
        json.dumps([ONE, TWO]),
        json.dumps({"items": [ONE, TWO]}),
        json.dumps([ONE, TWO], indent=2),
        f"{json.dumps(ONE)}\n{json.dumps(TWO)}\n",
        f"\n{json.dumps(ONE)}\r\n\n{json.dumps(TWO)}",
        "\ufeff" + json.dumps([ONE, TWO]),
    ],
    ids=["array", "items", "indented", "lines", "blank lines", "byte order mark"],
)
def test_every_shape_gives_the_same_items(text: str) -> None:
    items = read_items(text.encode())
    assert [json.loads(item.content) for item in items] == [ONE, TWO]
    assert [(item.index, item.external_id, item.fault) for item in items] == [(0, "a", None), (1, "b", None)]


def test_one_object_is_one_item_also_over_several_lines() -> None:
    (item,) = read_items(json.dumps(ONE, indent=4).encode())
    assert item.place == "item 0"
    assert json.loads(item.content) == ONE


def test_an_unreadable_line_is_an_item_with_a_fault_and_the_others_stay() -> None:
    items = read_items(f'{json.dumps(ONE)}\n{{"external_id": \n{json.dumps(TWO)}\n'.encode())
    assert [item.place for item in items] == ["line 1", "line 2", "line 3"]
    assert [bool(item.fault) for item in items] == [False, True, False]


@pytest.mark.parametrize("text", ["[{}, {}", "not json", '{"a": }', "[NaN]", '[{"a": 1},\n{"b": 2}'])
def test_a_file_that_is_no_json_says_where(text: str) -> None:
    with pytest.raises(Unreadable, match=r"not JSON \(.+\); give one object, an array, or one object a line"):
        read_items(text.encode())


def test_text_in_another_encoding_names_the_byte() -> None:
    with pytest.raises(Unreadable, match=r"byte 2"):
        read_items(b'{"\xff": 1}')


@pytest.mark.parametrize("text", ["", "  \n\n"])
def test_an_empty_file_holds_nothing(text: str) -> None:
    assert read_items(text.encode()) == []


def test_an_unpaired_surrogate_reaches_the_service_as_it_was_written() -> None:
    (item,) = read_items(b'{"external_id": "a", "summary": "\\ud800"}')
    assert b"\\ud800" in item.content


def test_batches_keep_order_and_stay_below_both_limits() -> None:
    items = [Item(index, f"item {index}", content=b"x" * 100) for index in range(1201)]
    sizes = [len(batch) for batch in batches(items)]
    assert sizes == [BATCH_ITEMS, BATCH_ITEMS, 201]
    assert [item.index for batch in batches(items) for item in batch] == list(range(1201))


@given(st.lists(st.integers(min_value=0, max_value=BATCH_BYTES), max_size=12))
def test_a_batch_is_too_large_only_when_one_item_alone_is(sizes: list[int]) -> None:
    items = [Item(index, f"item {index}", content=bytes(size)) for index, size in enumerate(sizes)]
    for batch in batches(items):
        assert len(batch) == 1 or sum(len(item.content) for item in batch) <= BATCH_BYTES
