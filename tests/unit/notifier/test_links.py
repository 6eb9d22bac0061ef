"""Acknowledgement links: only a genuine one in time is read."""

import base64
import hmac
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifier.links import Link, read, sign, signing_key, signing_keys
from shared.ids import uuid7
from tests.unit.notifier.stories import NOW

HOUR = timedelta(hours=1)
KEY = signing_key("a secret")
LINK = Link(uuid7(), "ana", NOW + timedelta(hours=24))
TOKEN = sign(KEY, LINK)


def test_a_genuine_link_says_which_page_and_on_whose_behalf() -> None:
    assert read([KEY], TOKEN, NOW) == LINK


def test_it_expires() -> None:
    assert read([KEY], TOKEN, LINK.expires_at - timedelta(seconds=1)) == LINK
    assert read([KEY], TOKEN, LINK.expires_at) is None


def test_another_installations_link_is_no_link() -> None:
    assert read([signing_key("another secret")], TOKEN, NOW) is None


def test_while_a_secret_is_changed_links_of_both_are_read() -> None:
    """First the new one is added, then every link is signed with it; a day later the old one goes."""
    before, between, after = (signing_keys(text) for text in ("old", "new\nold\n", "new"))

    assert read(between, sign(before[0], LINK), NOW) == LINK
    assert read(between, sign(between[0], LINK), NOW) == LINK
    assert read(after, sign(between[0], LINK), NOW) == LINK
    assert read(after, sign(before[0], LINK), NOW) is None
    assert read([], TOKEN, NOW) is None


def test_the_same_secret_signs_nothing_else() -> None:
    """A token made for another purpose, or with the bare secret, is no link."""
    bare = sign(b"a secret", LINK)
    other = sign(hmac.digest(b"a secret", b"another purpose", "sha256"), LINK)

    assert read([KEY], bare, NOW) is None
    assert read([KEY], other, NOW) is None


@pytest.mark.parametrize("change", [{"page_id": uuid7()}, {"by": "ben"}, {"expires_at": LINK.expires_at + HOUR}])
def test_a_link_is_good_for_one_page_one_person_and_its_time(change: dict[str, Any]) -> None:
    """The signature of one link does not fit what another says."""
    signed, wanted = _raw(TOKEN), _raw(sign(b"anything", replace(LINK, **change)))
    forged = base64.urlsafe_b64encode(wanted[:-32] + signed[-32:]).decode().rstrip("=")

    assert read([KEY], forged, NOW) is None


def _raw(token: str) -> bytes:
    return base64.urlsafe_b64decode(token + "=" * (-len(token) % 4))


@given(st.integers(0, len(TOKEN) - 1), st.sampled_from("ABCdef012-_"))
def test_no_altered_character_passes(index: int, character: str) -> None:
    altered = TOKEN[:index] + character + TOKEN[index + 1 :]

    assert altered == TOKEN or read([KEY], altered, NOW) is None


@given(st.text(max_size=400))
def test_anything_else_is_no_link(text: str) -> None:
    assert read([KEY], text, NOW) is None


def test_a_cut_or_prolonged_token_is_no_link() -> None:
    assert all(read([KEY], TOKEN[:length], NOW) is None for length in range(len(TOKEN)))
    assert read([KEY], TOKEN + "A", NOW) is None
    assert read([KEY], TOKEN + "=", NOW) is None
