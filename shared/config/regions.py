"""Regions: ISO 3166-1 alpha-2 codes, and the groups that configuration may name instead.

Members of the EU and the EEA as of 2026-01-01 (EU: 27 states; EEA: those with IS, LI and NO).
"""

from collections.abc import Iterable
from typing import Annotated

from pydantic import AfterValidator

from shared.contracts.vocabulary import UNKNOWN_REGION

ANY = "any"


def _codes(text: str) -> frozenset[str]:
    return frozenset(text.split())


EU = _codes("AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK")
EEA = EU | frozenset({"IS", "LI", "NO"})
GROUPS = {"EU": EU, "EEA": EEA}
ISO_3166 = _codes(
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY "
    "BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK "
    "FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR "
    "IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK "
    "ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM "
    "PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF "
    "TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW"
)


def covers(configured: Iterable[str], region: str) -> bool:
    """Whether `region` is among the configured codes and groups; an unknown region (`ZZ`) always is."""
    if region == UNKNOWN_REGION:
        return True
    return any(name in (region, ANY) or region in GROUPS.get(name, ()) for name in configured)


def _region_or_group(value: str) -> str:
    if value not in ISO_3166 and value not in GROUPS and value != ANY:
        raise ValueError(f"{value!r} is no region; write an ISO 3166-1 code such as MX or GB, or EU, EEA or any")
    return value


def _jurisdiction(value: str) -> str:
    if value not in ISO_3166 and value not in GROUPS:
        raise ValueError(f"{value!r} is no jurisdiction; write an ISO 3166-1 code such as DE, or EU or EEA")
    return value


RegionOrGroup = Annotated[str, AfterValidator(_region_or_group)]
Jurisdiction = Annotated[str, AfterValidator(_jurisdiction)]
