"""Acknowledgement links: only a genuine one in time is read."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.notifier.links import Link, read, sign, signing_key
from shared.ids import uuid7
from tests.unit.notifier.stories import NOW

KEY = signing_key("a secret")
LINK = Link(uuid7(), "ana", NOW + timedelta(hours=24))
TOKEN = sign(KEY, LINK)


def test_a_genuine_link_says_which_page_and_on_whose_behalf() -> None:
    assert read(KEY, TOKEN, NOW) == LINK


def test_it_expires() -> None:
    assert read(KEY, TOKEN, LINK.expires_at - timedelta(seconds=1)) == LINK
    assert read(KEY, TOKEN, LINK.expires_at) is None


def test_another_installations_link_is_no_link() -> None:
    assert read(signing_key("another secret"), TOKEN, NOW) is None


@given(st.integers(0, len(TOKEN) - 1), st.sampled_from("ABCdef012-_"))
def test_no_altered_character_passes(index: int, character: str) -> None:
    altered = TOKEN[:index] + character + TOKEN[index + 1 :]

    assert altered == TOKEN or read(KEY, altered, NOW) is None


@given(st.text(max_size=400))
def test_anything_else_is_no_link(text: str) -> None:
    assert read(KEY, text, NOW) is None


def test_a_cut_or_prolonged_token_is_no_link() -> None:
    assert all(read(KEY, TOKEN[:length], NOW) is None for length in range(len(TOKEN)))
    assert read(KEY, TOKEN + "A", NOW) is None
    assert read(KEY, TOKEN + "=", NOW) is None
