"""Which passwords and addresses are taken, and what is kept of a password."""

import unicodedata
from email.headerregistry import Address

import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st

from coldtrace.people import passwords
from coldtrace.people.passwords import hash_password, is_outdated, matches, require_good
from coldtrace.people.persons import parse_email
from coldtrace.people.refusals import MalformedEmail, WeakPassword

EMAIL, NAME = "li.na@example.cn", "Wang Xiaoming"
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=260)


def is_good(password: str, *, email: str = EMAIL, name: str = NAME) -> bool:
    try:
        require_good(password, email=email, name=name)
    except WeakPassword:
        return False
    return True


@pytest.mark.parametrize(
    "password",
    [
        "short-one",
        "x" * 201,
        "aaaaaaaaaaaa",
        "abababababab",
        "1234567890",
        "password123",
        "qwertyuiop",
        "Coldtrace-2026",
        "my li.na@example.cn",
        "Wang Xiaoming!!",
        "wang xiaoming!!",
        "tab\there-and-there",
    ],
)
def test_what_is_tried_first_is_not_taken(password: str) -> None:
    assert not is_good(password)


@pytest.mark.parametrize(
    "password",
    ["正确的马电池订书钉十个字", "tulip harbour nine", "9f#Kq2!vLp", "x7 y9 " * 33, "mañana tranvía gris"],
)
def test_length_is_what_counts(password: str) -> None:
    assert is_good(password)


def test_a_short_name_forbids_nothing() -> None:
    assert is_good("李 tulip harbour", email="tul@example.cn", name="李")
    assert not is_good("tulip harbour nine", email="harbour@example.cn", name="李")


@given(TEXTS)
def test_any_text_is_taken_or_refused_and_nothing_else(password: str) -> None:
    if is_good(password):
        plain = unicodedata.normalize("NFKC", password)
        assert 10 <= len(plain) <= 200
        assert NAME.casefold() not in plain.casefold()
        assert EMAIL not in plain.casefold()


@given(TEXTS)
def test_what_a_keyboard_writes_in_two_ways_is_one_password(password: str) -> None:
    wide = unicodedata.normalize("NFD", password)
    assert is_good(password) == is_good(wide)


def test_one_password_in_two_forms_opens_the_same_account() -> None:
    kept = hash_password("ｔｕｌｉｐ mañana nine")
    assert matches(kept, "tulip " + unicodedata.normalize("NFD", "mañana") + " nine")
    assert not matches(kept, "tulip manana nine")


def test_a_longer_text_is_not_the_password_that_it_begins_with() -> None:
    longest = "tulip 9 " * 25
    kept = hash_password(longest)
    assert len(longest) == 200
    assert matches(kept, longest)
    assert not matches(kept, longest + "x")


def test_a_hash_says_argon2id_its_parameters_and_never_repeats() -> None:
    first, second = hash_password("tulip harbour nine"), hash_password("tulip harbour nine")
    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert first != second
    assert not is_outdated(first)
    assert is_outdated(PasswordHasher(time_cost=1, memory_cost=8192, parallelism=1).hash("tulip harbour nine"))


@pytest.mark.parametrize("kept", [None, "", "$argon2id$broken", "plain"])
def test_without_a_usable_hash_no_password_fits(kept: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even the one that stands in for it, if somebody learnt that."""
    monkeypatch.setattr(passwords, "nobody_hash", lambda: hash_password("tulip harbour nine"))
    assert not matches(kept, "tulip harbour nine")


def test_no_account_is_as_much_work_as_a_wrong_password(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []

    class Counting:
        def verify(self, kept: str, password: str) -> bool:
            done.append(kept[:30])
            return real.verify(kept, password)

        def hash(self, password: str) -> str:
            return real.hash(password)

    real = passwords._HASHER
    kept = hash_password("tulip harbour nine")
    passwords.nobody_hash()
    monkeypatch.setattr(passwords, "_HASHER", Counting())
    assert not matches(None, "a wrong password")
    assert not matches(kept, "a wrong password")
    assert len(done) == 2
    assert done[0] == done[1], "the same parameters"


@pytest.mark.parametrize(
    ("raw", "email"),
    [
        (" Li.Na@Example.CN ", "li.na@example.cn"),
        ("a@b.co", "a@b.co"),
        ("o'brien+x@mail.example.com", "o'brien+x@mail.example.com"),
    ],
)
def test_addresses_that_are_taken(raw: str, email: str) -> None:
    assert parse_email(raw) == email


@pytest.mark.parametrize(
    "raw",
    [
        "",
        "nobody",
        "@example.cn",
        ".a@example.cn",
        "a.@example.cn",
        "a..b@example.cn",
        "李@example.cn",
        "a\u200bb@example.cn",
        "a\ud800@example.cn",
        "a@example",
        "a@-example.cn",
        "a@example-.cn",
        "a@example..cn",
        "a b@example.cn",
        "a@example.cn\r\nBcc: b@example.cn",
        "a" * 65 + "@example.cn",
        "a@" + "b" * 64 + ".cn",
        "a@" + "b." * 130 + "cn",
    ],
)
def test_addresses_that_are_not(raw: str) -> None:
    with pytest.raises(MalformedEmail):
        parse_email(raw)


@given(st.emails() | st.text(max_size=80) | st.builds("{}@{}.cn".format, st.text(max_size=20), st.text(max_size=20)))
def test_every_address_that_is_taken_can_be_written_to(raw: str) -> None:
    try:
        email = parse_email(raw)
    except MalformedEmail:
        return
    assert Address(addr_spec=email).addr_spec == email
    assert parse_email(email) == email
