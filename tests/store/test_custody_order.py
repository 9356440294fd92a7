"""The record does not depend on the order in which statements arrive, and is what they make when told from nothing."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlmodel import Session

from coldtrace.custody import rebuild
from coldtrace.custody import service as custody
from coldtrace.env import Env
from coldtrace.events.header import read_header
from coldtrace.events.public_piece import CorrectionMode, Corrects
from coldtrace.events.statement import Statement
from coldtrace.events.statement_type import StatementType as T
from coldtrace.events.unit_id import lot_unit
from coldtrace.parties.model import SiteRole
from coldtrace.seal.hashing import sha256
from support.consignments import GTIN, LOT, open_consignment
from support.custody_story import Goods, random_story, record_of, sensible_story, written_story
from support.house import GLNS, Handheld, install, install_office, make_env
from support.ticking import START, TickingClock

GOODS = Goods(
    cartons=[f"(01)19521234543210(21)7QK4M2ZX9RT{n}" for n in "BCDEFG"],
    pallets=["(00)395212340000000014", "(00)395212340000000021"],
    containers=["(00)395212340000000038"],
)
AFTER = START + timedelta(hours=5)


@pytest.fixture
def env(tmp_path: Path) -> Env:
    return replace(make_env(tmp_path / "keys"), clock=TickingClock())


@pytest.fixture
def devices(session: Session, env: Env) -> list[Handheld]:
    sites = install(session, env)
    found = [Handheld.enrol(session, env, sites[role]) for role in GLNS]
    found.append(Handheld.enrol(session, env, install_office(session, env)))
    # Everybody may say everything, except that only the port codes, and that it sells nothing.
    for gln, never in ((sites[SiteRole.FIRST_STATION].gln, "sell"), ("", "commission")):
        session.execute(
            text(
                "UPDATE device SET operations = CAST(:all AS text[]) WHERE (gln = :gln) OR (:gln = '' AND gln <> :port)"
            ),
            {
                "all": [type.value for type in T if type.value != never],
                "gln": gln,
                "port": sites[SiteRole.FIRST_STATION].gln,
            },
        )
    assert isinstance(env.clock, TickingClock)
    env.clock.next = AFTER
    return found


def told(
    session: Session, env: Env, batches: Sequence[Sequence[Statement]], *, rebuilt: bool = False
) -> dict[str, list[tuple[object, ...]]]:
    """Return what the record is after these batches, `rebuilt` and compared if asked for, and forget them again."""
    with session.begin_nested() as savepoint:
        for batch in batches:
            results = custody.capture(session, env, [statement.to_json() for statement in batch])
            assert {result.status for result in results} <= {"accepted", "blocked"}
        found = record_of(session)
        if rebuilt:
            report = rebuild.check(session)
            assert report.ok, report.examples
        savepoint.rollback()
    session.expire_all()
    return found


def in_batches(rng: random.Random, said: Sequence[Statement]) -> list[list[Statement]]:
    rest, batches = list(said), []
    while rest:
        size = rng.randint(1, 4)
        batches.append(rest[:size])
        rest = rest[size:]
    return batches


def compare(session: Session, env: Env, said: list[Statement], seed: int, orders: int) -> None:
    rng = random.Random(seed)
    expected = told(session, env, [[statement] for statement in said], rebuilt=True)
    assert told(session, env, [said]) == expected, f"one batch, seed {seed}"
    backwards = list(reversed(said))
    assert told(session, env, [[statement] for statement in backwards]) == expected, f"backwards, seed {seed}"
    for number, statement in enumerate(said):
        others = said[:number] + said[number + 1 :]
        assert told(session, env, [others, [statement]]) == expected, f"seed {seed}, number {number} late"
    for number in range(orders):
        mixed = rng.sample(said, len(said))
        found = told(session, env, in_batches(rng, mixed))
        assert found == expected, f"seed {seed}, order {number}"


def test_a_sensible_story_in_any_order(session: Session, env: Env, devices: list[Handheld], scale: str) -> None:
    said = sensible_story(devices, GOODS, start=START + timedelta(hours=1))
    compare(session, env, said, seed=2026, orders=100 if scale == "full" else 3)


@pytest.mark.parametrize("block", range(5))
def test_random_stories_in_any_order(
    session: Session, env: Env, devices: list[Handheld], block: int, scale: str
) -> None:
    for number in range(30 if scale == "full" else 1):
        seed = 100 * block + number
        rng = random.Random(seed)
        said = random_story(rng, devices, GOODS, start=START + timedelta(hours=1), length=rng.randint(5, 18))
        compare(session, env, said, seed=seed, orders=1)


CASES = {
    "a whole unpacking comes after a later scan of the pallet": """
        port commission A B
        port pack P: A B
        port unpack P: *
        port ship P > store
    """,
    "a whole unpacking comes after a carton was sold off its pallet": """
        port pack P: A B
        port ship P > market
        market receive P
        market unpack P: *
        market sell A
    """,
    "a pallet's way comes after its cartons were unpacked": """
        port commission A B
        port pack P: A B
        port ship P > store
        store receive P
        store unpack P: A
        store ship A > shop
        shop receive A
    """,
    "a pack comes after all that was done with the pallet": """
        port commission A B
        port pack P: A B
        port ship P > store
        store receive P
        store unpack P: *
        store pack Q: A B
    """,
    "a second pallet, and the first one's story comes late": """
        port pack P: A B
        port unpack P: A
        port pack Q: A
        port ship Q > store
        port ship P > market
        store receive Q
        market receive P
        market unpack P: *
    """,
    "a pallet in a container": """
        port commission A B
        port pack P: A B
        port pack X: P
        port ship X > store
        store receive X
        store unpack X: P
        store ship P > market
        market receive P
        market unpack P: A
    """,
    "a container emptied whole with its pallets packed anew": """
        port pack P: A
        port pack Q: B
        port pack X: P Q
        port ship X > trader
        trader receive X
        trader unpack X: *
        trader pack P: B
        trader ship P > market
    """,
    "a container inside what it holds": """
        port pack X: P
        port pack P: X
        port ship P > store
        store receive X
        store unpack P: *
    """,
    "a container of which nothing was said itself": """
        store pack P: A
        port pack X:: P
        port ship X > trader
        trader pack P: B
    """,
    "sold twice, returned, sold again": """
        port commission A
        port ship A > shop
        shop receive A
        shop sell A
        market sell A
        market receive A
        market sell A
    """,
    "one statement names two pallets for a carton's pallet": """
        port pack P: A
        port pack Q: A
        port unpack P: A
        port ship P Q > store
        store receive P Q
    """,
    "opened, sold from the counter, used up": """
        port commission A
        shop receive A
        shop open A
        shop pack P: A
        shop use A
        market open A
    """,
    "lost on the way, found elsewhere, lost again": """
        port commission A B
        port pack P: A B
        port ship P > store
        store lose P
        market find A
        store receive P
        shop lose B
        store lose B
    """,
    "held on its pallet, unpacked, released": """
        port commission A B
        port pack P: A B
        port ship P > store
        store receive P
        office hold P
        store ship P > market
        store unpack P: A
        store ship A > market
        office release A
        store ship A > market
        store sell B
    """,
    "recalled by its keeper, lifted by the office": """
        port commission A B
        port recall A
        port ship A > shop
        port hold B
        shop release B
        office lift A
        port ship A B > shop
        shop receive A B
        shop sell A B
    """,
    "too warm on a pallet": """
        port commission A B
        port pack P: A B
        store receive! P
        store unpack P: *
        store sell A
        store release A
        store sell A B
    """,
    "a sample holds until the result": """
        port commission A
        office sample A
        port ship A > store
        office release A
        port ship A > store
    """,
    "made into others, and one of these into others again": """
        port commission A B
        port ship A B > store
        store receive! A B
        store transform A B = C D
        store pack P: C
        store transform C = E
        store ship P > shop
        store ship E > shop
        shop receive E
        shop release E
        shop sell E
    """,
    "what was held is not made into others": """
        port commission A
        office hold A
        port transform A = B
        office release A
        port transform A = B
        port ship B > shop
    """,
    "a new label on a pallet": """
        port commission A
        port pack P: A
        port relabel A = B
        port ship P > store
        store receive P
        store unpack P: B
        store sell B
        store sell A
    """,
    "destroyed on its pallet": """
        port commission A B
        port pack P: A B
        port destroy P
        port sell A
        port pack P: C
        office destroy B
    """,
    "sent back, and abroad": """
        port commission A
        port ship A > shop
        shop receive A
        shop return A > port
        port receive A
        port void A
        port sell A
    """,
    "sold in two shops, cleared, sold": """
        port commission A
        shop receive A
        shop sell A
        market sell A
        market receive A
        market sell A
        office release A
        market sell A
    """,
    "a lot by quantity: part of it, too much, refused, lost and found": """
        port commission 50xL
        port ship 30xL > store
        store receive 20xL
        store receive 15xL
        market receive 5xL
        store count 40xL
        store lose 4xL
        store find 1xL
        store ship 40xL > shop
        shop receive 38xL
        shop sell 12xL
        shop return 6xL > store
    """,
    "a lot by quantity made into boxes": """
        port adopt 10xL
        port transform 4xL = A B
        port pack P: A
        port ship P 7xL > shop
        shop receive P 7xL
        shop transform A = 3xL
        shop use 9xL
    """,
    "a device that may not": """
        port pack P: A
        shop commission A
        port ship P > shop
        shop receive P
        port sell P
        shop unpack P: *
    """,
}
NAMES = (
    dict(zip("ABCDEF", GOODS.cartons, strict=True))
    | dict(zip("PQ", GOODS.pallets, strict=True))
    | {"X": GOODS.containers[0], "L": "(01)09506000134352(10)L2409A17"}
)


@pytest.mark.parametrize("case", CASES)
def test_late_in_any_place(session: Session, env: Env, devices: list[Handheld], case: str, scale: str) -> None:
    said = written_story(CASES[case], devices, NAMES, start=START + timedelta(hours=1))
    compare(session, env, said, seed=1, orders=50 if scale == "full" else 1)


LOT_CASES = {
    "a whole lot held and released": """
        port commission A B
        office hold 0xL
        port ship A > store
        port ship B > store
        office release 0xL
        port ship A B > store
        store receive A B
    """,
    "recalled while it is on its way": """
        port commission A B
        port ship A B > store
        office recall 0xL
        store receive A B
        store ship A > shop
        shop receive B
        shop open B
    """,
    "by quantity and by box, with a box held by itself": """
        port commission A
        port commission 20xL
        port hold A
        office recall 0xL
        port ship 5xL > store
        office release A
        port ship A > store
        office lift 0xL
        port ship A 5xL > store
        store receive 5xL A
        shop hold 0xL
        store sample 1xL
        store sell A
    """,
}


@pytest.mark.parametrize("case", LOT_CASES)
def test_what_stops_a_whole_lot_in_any_order(
    session: Session, env: Env, devices: list[Handheld], case: str, scale: str
) -> None:
    opened = open_consignment(session, env, cartons=2)
    names = dict(zip("AB", (code.unit_id for code in opened.pallets[0].cartons), strict=True))
    names["L"] = lot_unit(gtin=GTIN, lot=LOT)
    said = written_story(LOT_CASES[case], devices, names, start=START + timedelta(hours=1))
    compare(session, env, said, seed=1, orders=20 if scale == "full" else 1)


@pytest.mark.parametrize("case", [*CASES, *LOT_CASES])
def test_a_story_without_what_was_corrected(
    session: Session, env: Env, devices: list[Handheld], case: str, scale: str
) -> None:
    """Each statement in turn is said to be an error by the regulator, before it arrives or at the very end."""
    if case in LOT_CASES:
        opened = open_consignment(session, env, cartons=2)
        names = dict(zip("AB", (code.unit_id for code in opened.pallets[0].cartons), strict=True))
        names["L"] = lot_unit(gtin=GTIN, lot=LOT)
        said = written_story(LOT_CASES[case], devices, names, start=START + timedelta(hours=1))
    else:
        said = written_story(CASES[case], devices, NAMES, start=START + timedelta(hours=1))
    chosen = said if scale == "full" else random.Random(case).sample(said, 1)
    for false in chosen:
        others = [statement for statement in said if statement is not false]
        naming = Corrects(header=sha256(false.header.encode()), mode=CorrectionMode.DID_NOT_OCCUR)
        correction = devices[-1].say(T.CORRECT, [], at=AFTER, corrects=naming)
        expected = standing(told(session, env, [others]), [])
        number = said.index(false)
        assert standing(told(session, env, [[correction], said], rebuilt=True), [false]) == expected, number
        at_the_end = told(session, env, [said, [correction]], rebuilt=True)
        assert standing(at_the_end, [false]) == expected, number


def standing(record: dict[str, list[tuple[object, ...]]], false: Sequence[Statement]) -> dict[str, list[object]]:
    """Return where goods are, and what stands of what was said."""
    gone = {read_header(statement.header).id for statement in false}
    return {
        # A unit that only a false statement named is there, as in the beginning; when it was last named is no matter.
        "units": [(*row[:6], *row[7:]) for row in record["units"] if row[1] not in ("unknown", "blank")],
        "stays": list(record["stays"]),
        "lots": list(record["lots"]),
        "lines": [row for row in record["lines"] if row[0] not in gone],
    }
