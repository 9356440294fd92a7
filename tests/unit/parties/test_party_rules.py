"""Who may state what by default, and where a legal person is at home."""

import pytest

from coldtrace.events.statement_type import StatementType
from coldtrace.parties.model import ROLE_WORDS, SiteRole
from coldtrace.parties.provinces import PROVINCES, province_of
from coldtrace.parties.rules import ALWAYS, OPERATIONS

HANDLING = (
    "pack unpack ship receive return adopt store observe count lose find destroy hold release temperature correct"
)
TABLE = [
    (SiteRole.FIRST_STATION, f"commission {HANDLING} relabel void sample recall lift"),
    (SiteRole.IMPORTER, f"{HANDLING} sample recall lift"),
    (SiteRole.SUPERVISED_WAREHOUSE, f"{HANDLING} sample"),
    (SiteRole.TRANSFER_STORE, f"{HANDLING} sample"),
    (SiteRole.COLD_STORE, HANDLING),
    (SiteRole.CARRIER, "ship receive return observe lose find temperature correct"),
    (SiteRole.DISTRIBUTOR, HANDLING),
    (SiteRole.MARKET, f"{HANDLING} sell open sample"),
    (SiteRole.RETAILER, f"{HANDLING} sell open"),
    (SiteRole.CATERER, f"{HANDLING} sell open use"),
    (SiteRole.REPACKER, f"{HANDLING} transform relabel"),
    (SiteRole.LABORATORY, "observe inspect sample correct"),
    (SiteRole.CUSTOMS, "observe inspect sample correct"),
    (SiteRole.REGULATOR, "observe inspect sample count hold release recall lift correct"),
]


def test_every_type_of_statement_has_somebody_who_may_say_it() -> None:
    said = {name for names in OPERATIONS.values() for name in names} | ALWAYS
    assert said == {type.value for type in StatementType}


@pytest.mark.parametrize(("role", "operations"), TABLE)
def test_what_a_role_may_state(role: SiteRole, operations: str) -> None:
    assert " ".join(OPERATIONS[role]) == operations


def test_every_role_has_words_and_operations() -> None:
    assert set(OPERATIONS) == set(ROLE_WORDS) == set(SiteRole)
    assert all(words.zh and words.en for words in ROLE_WORDS.values())
    assert {name for names in OPERATIONS.values() for name in names} <= {type.value for type in StatementType}


@pytest.mark.parametrize(
    ("uscc", "zh", "en"),
    [
        ("91120118MA00000011", "天津", "Tianjin"),
        ("91310000X00000000X", "上海", "Shanghai"),
        ("91990000X00000000X", "未注明", "not stated"),
        ("", "未注明", "not stated"),
    ],
)
def test_the_province_of_a_credit_code(uscc: str, zh: str, en: str) -> None:
    assert tuple(province_of(uscc)) == (zh, en)


def test_all_provinces_have_words() -> None:
    assert len(PROVINCES) == 31
    assert all(key.isdigit() and len(key) == 2 and words.zh and words.en for key, words in PROVINCES.items())
