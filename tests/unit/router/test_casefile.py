"""A need goes through its column and back, whatever it holds."""

from hypothesis import given
from hypothesis import strategies as st

from services.router.casefile import decode_need, encode_need
from services.router.need import Need
from shared.contracts.vocabulary import Severity

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
SETS = st.frozensets(TEXT, max_size=2)


@given(
    st.builds(
        Need,
        severity=st.sampled_from(Severity),
        policy_area=TEXT,
        language=TEXT,
        region=TEXT,
        conflicted=SETS,
        declined=SETS,
        familiar=SETS,
        specialist=st.none() | TEXT.filter(bool),
        override_exposure=st.booleans(),
    )
)
def test_what_is_written_is_read(need: Need) -> None:
    assert decode_need(encode_need(need)) == need
