"""Of alike packages, which voucher a receipt counts for; and what became of a line."""

from uuid import UUID

import pytest

from coldtrace.custody.model import Mark
from coldtrace.custody.vouchers import Receipt, fate, lot_fate, share
from support.ticking import TickingClock

HERE, THERE = "9521234000020", "9521234000037"

SHARES = [
    # sent, before, later, taken -> mine, over
    ("nothing came", 40, 0, 0, 0, (0, 0)),
    ("a part came", 40, 0, 0, 15, (15, 0)),
    ("all came", 40, 0, 0, 40, (40, 0)),
    ("more came", 40, 0, 0, 43, (40, 3)),
    ("more came, and a later voucher takes it", 40, 0, 10, 43, (40, 0)),
    ("what came belongs to the voucher before", 40, 30, 0, 30, (0, 0)),
    ("the voucher before is full, this one in part", 40, 30, 0, 50, (20, 0)),
    ("both are full and some are over", 40, 30, 0, 75, (40, 5)),
]


@pytest.mark.parametrize(("name", "sent", "before", "later", "taken", "expected"), SHARES)
def test_a_share(name: str, sent: int, before: int, later: int, taken: int, expected: tuple[int, int]) -> None:
    assert share(sent=sent, before=before, later=later, taken=taken) == expected, name


@pytest.mark.parametrize("taken", range(0, 130, 7))
def test_shares_add_up_to_what_came(taken: int) -> None:
    sent = [40, 25, 30]
    found = [
        share(sent=each, before=sum(sent[:place]), later=sum(sent[place + 1 :]), taken=taken)
        for place, each in enumerate(sent)
    ]
    assert sum(mine + over for mine, over in found) == taken


def receipt(gln: str, *marks: Mark) -> Receipt:
    return Receipt(entry_id=NOBODY, gln=gln, claimed_at=TickingClock().next, marks=tuple(marks))


NOBODY = UUID(int=1)
CAME, AWAY, NOT = receipt(HERE), receipt(THERE), receipt(HERE, Mark.REFUSED_BY_RECEIVER)

FATES = [
    ("in transit", None, 0, 0, False, "in_transit", "expected"),
    ("received", CAME, 3, 0, False, "active", "received"),
    ("received and sold since", CAME, 0, 0, False, "sold", "received"),
    ("received elsewhere", AWAY, 0, 0, False, "active", "elsewhere"),
    ("not taken", NOT, 0, 0, False, "in_transit", "refused"),
    ("some cartons of a pallet", None, 3, 2, False, "in_transit", "partly"),
    ("some cartons of a pallet that was not taken", NOT, 3, 2, False, "in_transit", "partly"),
    ("all cartons of a pallet", None, 3, 3, False, "in_transit", "received"),
    ("sent once more", None, 0, 0, True, "in_transit", "sent_again"),
    ("lost on the way", None, 0, 0, False, "lost", "lost"),
]


@pytest.mark.parametrize(("name", "received", "inside", "arrived", "again", "state", "expected"), FATES)
def test_a_fate(
    name: str, received: Receipt | None, inside: int, arrived: int, again: bool, state: str, expected: str
) -> None:
    found = fate(received=received, to_gln=HERE, inside=inside, arrived=arrived, sent_again=again, state=state)
    assert found == expected, name


def test_whoever_receives_what_was_sent_to_nobody_is_the_receiver() -> None:
    assert fate(received=AWAY, to_gln=None, inside=0, arrived=0, sent_again=False, state="active") == "received"


@pytest.mark.parametrize(
    ("received", "taken", "expected"),
    [(None, 0, "expected"), (NOT, 0, "refused"), (CAME, 10, "partly"), (CAME, 40, "received"), (NOT, 40, "received")],
)
def test_the_fate_of_a_lot(received: Receipt | None, taken: int, expected: str) -> None:
    assert lot_fate(received=received, sent=40, taken=taken) == expected
