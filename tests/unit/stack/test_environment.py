"""The environment of a stack's children."""

from services.stack.environment import PAGER_SECRET, PAGER_URL, Addresses, caller_environment, receiver_environment
from services.stack.state import Kept
from shared.contracts.vocabulary import ServiceName

KEPT = Kept(1, 2, 3, 25_000)


def test_the_callers_tocsin_variables_do_not_leak_into_the_stack() -> None:
    given = {"TOCSIN_DATABASE_URL": "x", "TOCSIN_KAFKA_PASSWORD_FILE": "y", "TOCSIN_LOG_LEVEL": "debug", "SLACK": "z"}
    assert caller_environment(given) == {"TOCSIN_LOG_LEVEL": "debug", "SLACK": "z"}


def test_without_a_pager_of_the_caller_the_receiver_is_the_pager() -> None:
    made = receiver_environment(KEPT, {})
    assert made[PAGER_URL] == "http://127.0.0.1:25000/pages"
    assert made[PAGER_SECRET].startswith("whsec_")


def test_the_callers_pager_is_left_alone() -> None:
    assert receiver_environment(KEPT, {PAGER_URL: "https://pager.example"}) == {}


def test_services_listen_on_ports_in_a_row() -> None:
    addresses = Addresses(8001, "", "")
    assert [addresses.url(name)[-4:] for name in ServiceName] == ["8001", "8002", "8003", "8004"]
