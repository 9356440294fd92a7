"""The plan of a run: written, read back, and cut into pieces that together are the whole, wherever one stops."""

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from coldtrace.goods.plan import (
    Cartons,
    Identity,
    PalletLabel,
    Step,
    consignment_plan,
    pieces,
    pieces_of,
    positions,
    read_plan,
    write_plan,
)
from support.consignments import GTIN, packing_list

cartons = st.builds(
    Cartons,
    count=st.integers(1, 30),
    gtin=st.sampled_from([GTIN, None]),
    lot=st.sampled_from(["L1", "批次", None]),
    lot_id=st.one_of(st.none(), st.integers(1, 9)),
    pallet=st.sampled_from(["", "P01"]),
    net_g=st.one_of(st.none(), st.integers(1, 10**9)),
    differ=st.booleans(),
    identity=st.sampled_from(Identity),
)
labels = st.builds(PalletLabel, pallet=st.just("P01"), net_g=st.integers(1, 10**9))
plans = st.lists(st.one_of(cartons, labels), min_size=1, max_size=8)


@given(steps=plans)
def test_a_plan_survives_the_database(steps: list[Step]) -> None:
    assert read_plan(json.loads(json.dumps(write_plan(steps)))) == steps


@given(steps=plans, most=st.integers(1, 40))
def test_pieces_are_the_whole_wherever_one_stops(steps: list[Step], most: int) -> None:
    expected = [(step, number) for step in steps for number in range(step.count)]
    drawn = 0
    found: list[tuple[Step, int]] = []
    while drawn < positions(steps):
        chunk = list(pieces(steps, drawn=drawn, most=most))
        assert chunk == list(pieces_of(write_plan(steps), drawn=drawn, most=most))
        assert [piece.position for piece in chunk][:1] == [drawn + 1]
        assert sum(piece.count for piece in chunk) == min(most, positions(steps) - drawn)
        for piece in chunk:
            assert piece.position == len(found) + 1
            found += [(piece.step, piece.offset + number) for number in range(piece.count)]
        drawn = len(found)
    assert found == expected
    assert list(pieces(steps, drawn=drawn, most=most)) == []


@given(step=cartons)
def test_the_weights_of_a_step_are_its_whole(step: Cartons) -> None:
    weights = [step.weight(number) for number in range(step.count)]
    if step.net_g is None or (step.differ and step.count > 1):
        assert weights == [None] * step.count
    else:
        assert sum(weight for weight in weights if weight is not None) == step.net_g


def test_goods_without_a_gtin_are_planned_as_asked() -> None:
    lines = [replace(line, gtin=None) for line in packing_list(pallets=1, cartons=2).lines]
    own, sscc = (consignment_plan(lines, {0: 7}, identity=identity) for identity in Identity)
    assert [step.by_sscc for step in (own[0], sscc[0]) if isinstance(step, Cartons)] == [False, True]
    with_gtin = consignment_plan(packing_list(pallets=1, cartons=2).lines, {0: 7}, identity=Identity.SSCC)
    assert isinstance(with_gtin[0], Cartons)
    assert not with_gtin[0].by_sscc, "a GTIN is a better name than any number of ours"
