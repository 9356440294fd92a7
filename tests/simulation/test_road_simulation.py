"""Days on the road with a link that drops, repeats and reorders: at the end the record is what really happened."""

from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from coldtrace.custody import chain, rebuild
from coldtrace.custody.history import find_unit
from coldtrace.events.receipt import read_receipt
from coldtrace.ledger import service as ledger
from coldtrace.ledger.model import SignedHead
from coldtrace.rights.model import EVERYTHING
from coldtrace.seal.checkpoint import open_checkpoint
from coldtrace.seal.consistency import verify_consistency
from coldtrace.seal.keys import key_id
from support.house import GLNS
from support.road import make_road
from support.road_simulation import Box, Simulation, Terminal, boxes_of


def make_simulation(sessions: sessionmaker[Session], folder: Path, seed: int) -> Simulation:
    with sessions.begin() as session:
        road = make_road(session, folder)
        boxes, pallets, lines = boxes_of(road.consignment(pallets=4, cartons=6))
        terminals = {site.gln: Terminal(device=road.device(site.gln)) for site in road.sites.values()}
        assert len(terminals) == len(GLNS)
    return Simulation(
        seed=seed,
        sessions=sessions,
        env=road.env,
        clock=road.clock,
        terminals=terminals,
        boxes=boxes,
        pallets=pallets,
        lines=lines,
    )


def check_log(simulation: Simulation, before: SignedHead) -> SignedHead:
    """The tree only grew, its head is signed, and whatever was acknowledged is in it or waits for it."""
    with simulation.sessions() as session:
        head = ledger.checkpoint(session, simulation.env.log)
        vkey = session.execute(text("SELECT vkey FROM ledger_log")).scalar_one()
        opened = open_checkpoint(head.note, log=vkey).checkpoint
        assert (opened.size, opened.root) == (head.size, head.root)
        path = ledger.consistency(session, simulation.env.log, old=before.size, new=head.size)
        assert verify_consistency(
            old_size=before.size, new_size=head.size, old_root=before.root, new_root=head.root, path=path
        ), f"seed {simulation.seed}: the tree did not only grow"
        kept = {
            row.entry_id: bytes(row.leaf_hash)
            for row in session.execute(
                text(
                    "SELECT entry_id, leaf_hash FROM ledger_leaf UNION ALL"
                    " SELECT entry_id, leaf_hash FROM ledger_pending"
                )
            )
        }
        assert len(kept) == session.execute(text("SELECT count(*) FROM ledger_entry")).scalar_one()
        for id, receipt in simulation.receipts.items():
            promised = read_receipt(str(receipt["text"]))
            assert kept.get(id) == promised.leaf_hash, f"seed {simulation.seed}: {id} was acknowledged and is missing"
    return head


def check_places(simulation: Simulation) -> None:
    """Nothing is in two places: one open stay at most, and that is the parent which the unit itself names."""
    with simulation.sessions() as session:
        odd = session.execute(
            text(
                "SELECT u.unit_id FROM unit u"
                " LEFT JOIN containment c ON c.child_pk = u.unit_pk AND c.to_at = 'infinity'"
                " GROUP BY u.unit_pk HAVING count(c.parent_pk) > 1"
                " OR max(c.parent_pk) IS DISTINCT FROM u.parent_pk"
            )
        ).all()
        assert odd == [], f"seed {simulation.seed}"
        overlaps = session.execute(
            text(
                "SELECT count(*) FROM containment a JOIN containment b ON a.child_pk = b.child_pk"
                " AND (a.from_at, a.packed_by) < (b.from_at, b.packed_by) AND a.to_at > b.from_at"
            )
        ).scalar_one()
        assert overlaps == 0, f"seed {simulation.seed}"


def check_truth(simulation: Simulation) -> None:
    """Everything has arrived: the record is what really happened, and nobody has anything to explain."""
    with simulation.sessions() as session:
        marks = session.execute(text("SELECT DISTINCT unnest(marks) FROM statement_line")).scalars().all()
        assert marks == [], f"seed {simulation.seed}"
        assert session.execute(text("SELECT count(*) FROM statement")).scalar_one() == simulation.said
        for box in (*simulation.boxes, *simulation.pallets):
            assert recorded(session, box) == true_place(box), f"seed {simulation.seed}: {box.unit}"
        for terminal in simulation.terminals.values():
            found = chain.describe(session, EVERYTHING, key_id(terminal.device.signer.spki))
            assert (found["last_seq"], found["missing"], found["forks"]) == (terminal.device.seq, [], [])
        entries = [UUID(str(id)) for id in simulation.receipts]
        assert (
            len(ledger.prove(session, simulation.env.log, entries, ledger.checkpoint(session, simulation.env.log)))
            == simulation.said
        )


def check_rebuilt(simulation: Simulation) -> None:
    """The statements alone, told again from nothing, make the same record."""
    with simulation.sessions() as session:
        report = rebuild.check(session)
        assert report.ok, f"seed {simulation.seed}: {report.examples}"
        assert report.statements == simulation.said


def recorded(session: Session, box: Box) -> tuple[str, str | None, str | None, str | None]:
    unit = find_unit(session, box.unit)
    if unit is None:
        return "blank", None, None, None
    place = unit.effective
    return place.state.value, place.gln, place.to_gln, unit.holding.parent


def true_place(box: Box) -> tuple[str, str | None, str | None, str | None]:
    around = box.outermost
    if around.state == "blank":
        return "blank", None, None, None
    return around.state, around.gln, around.to, None if box.parent is None else box.parent.unit


@pytest.mark.parametrize("block", range(3))
def test_days_on_the_road(sessions: sessionmaker[Session], tmp_path: Path, block: int, scale: str) -> None:
    seed, days, acts = (2600 + block, 20, 90) if scale == "full" else (block, 3, 25)
    print(f"simulation seed {seed}")
    simulation = make_simulation(sessions, tmp_path / "keys", seed)
    with sessions() as session:
        head = ledger.checkpoint(session, simulation.env.log)
    for number in range(days):
        simulation.day(number, acts=acts)
        head = check_log(simulation, head)
        check_places(simulation)
    simulation.finish()
    check_log(simulation, head)
    check_places(simulation)
    check_truth(simulation)
    check_rebuilt(simulation)
    assert simulation.lost, "the link lost nothing: the seed shows too little"
    print(f"{simulation.said} statements, {simulation.repeated} repeats, {simulation.lost} lost on the way")
