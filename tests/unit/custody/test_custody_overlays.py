"""What lies on goods and what it keeps them from: the overlays of domain guide section 4, line by line."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from coldtrace.custody.model import Decision, Deed, Holding, Level, Mark, Said, Source, UnitState
from coldtrace.custody.moves import move

A, B, C = "9521234000013", "9521234000020", "9521234000037"
FIRM, OTHER, OFFICE = "91120116MA05TE5T1N", "91120118MA00000011", "11120000000000000X"
AT = datetime(2026, 11, 23, 4, tzinfo=UTC)

MINE, THEIRS, OFFICIAL = f"hold:firm@{FIRM}", f"hold:firm@{OTHER}", f"hold:regulator@{OFFICE}"
MY_RECALL, THEIR_RECALL, RECALL_BY_OFFICE = f"recall@{FIRM}", f"recall@{OTHER}", f"recall@{OFFICE}"
BREACH, CLONE = "temp_breach", "clone_suspect"


def here(*overlays: str) -> Holding:
    return Holding(state=UnitState.ACTIVE, gln=A, overlays=frozenset(overlays))


def deed(type: str, **changes: object) -> Deed:
    said = Deed(type=type, gln=A, to_gln=B, event_at=AT, firm=FIRM)
    return replace(said, **changes)  # type: ignore[arg-type]


def by_office(type: str, **changes: object) -> Deed:
    return deed(type, gln=C, level=Level.REGULATOR, firm=OFFICE, **changes)


def say(
    deed: Deed, before: Holding, *, around: tuple[str, ...] = (), role: str = "unit", **details: object
) -> Decision:
    effective = replace(before, overlays=before.overlays | set(around))
    said = Said(role=role, details=details)  # type: ignore[arg-type]
    return move(deed, said, holding=before, effective=effective)


_OVERLAYS = {"firm": MINE, "office": OFFICIAL, "recall": MY_RECALL, "breach": BREACH, "clone": CLONE}
_BLOCKS = {
    #            hold:firm   hold:regulator  recall       breach          clone
    "ship":     ("held",     "held",         "recalled",  "",             ""),
    "sell":     ("held",     "held",         "recalled",  "temp_breach",  "clone_suspect"),
    "use":      ("held",     "held",         "recalled",  "temp_breach",  "clone_suspect"),
    "open":     ("held",     "held",         "recalled",  "temp_breach",  "clone_suspect"),
    "return":   ("",         "held",         "",          "",             ""),
    "destroy":  ("",         "held",         "",          "",             ""),
    "receive":  ("",         "",             "",          "",             ""),
    "adopt":    ("",         "",             "",          "",             ""),
    "store":    ("",         "",             "",          "",             ""),
    "observe":  ("",         "",             "",          "",             ""),
    "count":    ("",         "",             "",          "",             ""),
    "inspect":  ("",         "",             "",          "",             ""),
    "sample":   ("",         "",             "",          "",             ""),
    "lose":     ("",         "",             "",          "",             ""),
    "find":     ("",         "",             "",          "",             ""),
    "void":     ("",         "held",         "recalled",  "",             ""),
}  # fmt: skip
BLOCKS = [
    (type, overlay, mark)
    for type, row in _BLOCKS.items()
    for overlay, mark in zip(_OVERLAYS.values(), row, strict=True)
]


@pytest.mark.parametrize("around", [False, True], ids=["own", "of the pallet"])
@pytest.mark.parametrize(("type", "overlay", "mark"), BLOCKS)
def test_what_blocks_what(type: str, overlay: str, mark: str, around: bool) -> None:
    decision = say(deed(type), here(), around=(overlay,)) if around else say(deed(type), here(overlay))
    assert [
        each.value for each in decision.marks if each.value in {"held", "recalled", "temp_breach", "clone_suspect"}
    ] == ([mark] if mark else [])
    assert decision.blocked is bool(mark)
    if mark:
        assert decision.holding == (here() if around else here(overlay))


@pytest.mark.parametrize(("role", "mark"), [("input", "held"), ("output", "")])
def test_what_is_held_is_not_transformed(role: str, mark: str) -> None:
    decision = say(deed("transform"), here(OFFICIAL), role=role)
    assert (Mark.HELD in decision.marks) is bool(mark)


@pytest.mark.parametrize("type", ["return", "destroy"])
def test_what_is_ordered_goes_in_spite_of_the_hold(type: str) -> None:
    assert not say(deed(type, ordered=True), here(OFFICIAL)).blocked


def test_a_regulator_destroys_what_a_regulator_holds() -> None:
    assert say(by_office("destroy"), here(OFFICIAL)).holding.state is UnitState.DESTROYED


LAID = [
    ("a firm holds its stock", deed("hold"), here(), {}, [MINE], []),
    ("on top of another", deed("hold"), here(OFFICIAL), {}, [MINE, OFFICIAL], []),
    ("a regulator holds anybody's", by_office("hold"), here(), {}, [OFFICIAL], []),
    ("a firm holds what is elsewhere", deed("hold", gln=B), here(), {}, [], ["not_custodian"]),
    ("its importer holds what is elsewhere", deed("hold", gln=B), here(), {"answers": True}, [MINE], []),
    ("a firm recalls what it keeps", deed("recall"), here(), {}, [MY_RECALL], []),
    ("its importer recalls", deed("recall", gln=B), here(), {"answers": True}, [MY_RECALL], []),
    ("a stranger recalls", deed("recall", gln=B), here(), {}, [], ["not_custodian"]),
    ("a sample, nothing more", by_office("sample"), here(), {}, [], []),
    ("a sample, held until the result", by_office("sample"), here(), {"hold": True}, [OFFICIAL], []),
    ("a firm's sample", deed("sample"), here(), {"hold": True}, [MINE], []),
    ("a sample of what others keep", deed("sample", gln=B), here(), {"hold": True}, [], ["not_here", "hold_not_laid"]),
    ("its importer's sample", deed("sample", gln=B), here(), {"hold": True, "answers": True}, [MINE], ["not_here"]),
    ("too warm at any scan", deed("store", breach=True), here(), {}, [BREACH], []),
    ("a firm releases its hold", deed("release"), here(MINE, OFFICIAL), {}, [OFFICIAL], []),
    ("a firm releases what a regulator holds", deed("release"), here(OFFICIAL), {}, [OFFICIAL], ["hold_of_higher"]),
    ("a firm releases what another firm holds", deed("release"), here(THEIRS), {}, [THEIRS], ["hold_of_higher"]),
    ("from anywhere", deed("release", gln=B), here(MINE), {}, [], []),
    ("a regulator releases all", by_office("release"), here(MINE, OFFICIAL, BREACH, CLONE), {}, [], []),
    ("a firm clears a breach of its stock", deed("release"), here(BREACH), {}, [], []),
    ("not one elsewhere", deed("release", gln=B), here(BREACH), {}, [BREACH], ["nothing_to_lift"]),
    ("a firm clears no suspicion", deed("release"), here(CLONE), {}, [CLONE], ["nothing_to_lift"]),
    ("nothing is held", deed("release"), here(), {}, [], ["nothing_to_lift"]),
    ("a release lifts no recall", by_office("release"), here(MY_RECALL), {}, [MY_RECALL], ["nothing_to_lift"]),
    ("a firm lifts its recall", deed("lift"), here(MY_RECALL), {}, [], []),
    ("a firm lifts another's", deed("lift"), here(THEIR_RECALL), {}, [THEIR_RECALL], ["hold_of_higher"]),
    ("a regulator lifts any", by_office("lift"), here(MY_RECALL, RECALL_BY_OFFICE), {}, [], []),
    ("nothing is recalled", deed("lift"), here(MINE), {}, [MINE], ["nothing_to_lift"]),
]  # fmt: skip


WARM = [
    ("held, but warm", deed("ship", to_gln=B, breach=True), here(MINE), {}, [MINE, BREACH], ["held"]),
    ("not its keeper, but warm", deed("destroy", gln=B, breach=True), here(), {}, [BREACH], ["not_custodian"]),
    ("may not lift, but warm", deed("lift", breach=True), here(THEIR_RECALL), {}, [BREACH, THEIR_RECALL],
     ["hold_of_higher"]),
]  # fmt: skip


@pytest.mark.parametrize(("name", "said", "before", "details", "lies", "marks"), WARM)
def test_a_breach_is_a_fact_also_where_the_statement_is_blocked(
    name: str, said: Deed, before: Holding, details: dict[str, str], lies: list[str], marks: list[str]
) -> None:
    decision = say(said, before, **details)
    assert (sorted(decision.holding.overlays), list(decision.marks)) == (sorted(lies), marks)
    assert replace(decision.holding, overlays=frozenset()) == replace(before, overlays=frozenset())


def test_nothing_lies_on_what_did_not_come_out() -> None:
    source = Source(unit_id="U:X", holding=here(), around=frozenset(), expires_on=None, here=True, blocked=True)
    blank = Holding(state=UnitState.BLANK)
    decision = move(
        deed("transform", breach=True), Said(role="output"), holding=blank, effective=blank, sources=(source,)
    )
    assert (decision.holding, decision.marks) == (blank, (Mark.INPUT_BLOCKED,))


@pytest.mark.parametrize("mark", [Mark.NOT_PERMITTED, Mark.CORRECTION_NOT_PERMITTED, Mark.EXPIRED])
def test_a_breach_that_a_device_may_not_state_lies_on_nothing(mark: Mark) -> None:
    decision = move(deed("ship", breach=True), Said(role="unit"), holding=here(), effective=here(), lasting=(mark,))
    assert decision.holding.overlays == (frozenset({BREACH}) if mark is Mark.EXPIRED else frozenset())


@pytest.mark.parametrize(("name", "said", "before", "details", "lies", "marks"), LAID)
def test_who_lays_and_lifts_what(
    name: str, said: Deed, before: Holding, details: dict[str, object], lies: list[str], marks: list[str]
) -> None:
    decision = say(said, before, **details)
    assert (sorted(decision.holding.overlays), list(decision.marks)) == (sorted(lies), marks)
    assert decision.holding == replace(before, overlays=frozenset(lies)), "a stop moves nothing"


@pytest.mark.parametrize("type", ["ship", "receive", "pack", "open", "return", "lose", "store", "find"])
def test_what_lies_on_goods_goes_with_them(type: str) -> None:
    before = here(BREACH)
    role = "child" if type == "pack" else "unit"
    decision = move(deed(type), Said(role=role, parent="(00)395212340000000014"), holding=before, effective=here())
    assert decision.holding.overlays == {BREACH}
