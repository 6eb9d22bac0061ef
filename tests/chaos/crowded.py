"""Parts of forged histories in which a specialist has as much as a capacity allows, or nearly."""

from tests.chaos.forged import Forge


def six_units_of_ana(forge: Forge) -> None:
    """With the calm case Ana holds all that her capacity allows."""
    for number in range(5):
        forge.open(f"case-{number}", "low", f"ext-1{number}", 30 + number, 30 + number, f"s-1{number}")
        forge.assign(f"case-{number}", f"a-1{number}", "ana", "offered", 30.5 + number)


def offer_crosses_claim(forge: Forge, *, claim_booked: float) -> None:
    """Ana has room for one when she is offered one at 42; a claim of hers was written down a moment before."""
    six_units_of_ana(forge)
    forge.assign("case-0", "a-10", "ana", "expired", 40)
    forge.open("case-claimed", "low", "ext-20", 41, 41, "s-20")
    forge.assign("case-claimed", "a-20", "ana", "offered", 41.99, claimed=True)
    forge.booked[-1] = (claim_booked, *forge.booked[-1][1:])
    forge.open("case-crossing", "low", "ext-21", 41, 41, "s-21")
    forge.assign("case-crossing", "a-21", "ana", "offered", 42)
