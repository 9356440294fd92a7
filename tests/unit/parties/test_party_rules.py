"""Who may state what by default, and where a legal person is at home."""

import pytest

from coldtrace.events.statement_type import StatementType
from coldtrace.parties.model import ROLE_WORDS, SiteRole
from coldtrace.parties.provinces import PROVINCES, province_of
from coldtrace.parties.rules import OPERATIONS

TABLE = [
    (SiteRole.FIRST_STATION, "commission pack unpack ship receive"),
    (SiteRole.COLD_STORE, "pack unpack ship receive"),
    (SiteRole.DISTRIBUTOR, "pack unpack ship receive"),
    (SiteRole.MARKET, "pack unpack ship receive sell"),
    (SiteRole.RETAILER, "pack unpack ship receive sell"),
]


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
