"""What is frozen in tests/vectors/events: inputs, exact texts and hashes, and texts that must be refused."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from coldtrace.errors import Refusal
from coldtrace.events.enrolment import Invite, make_invite, make_request
from coldtrace.events.header import header_hash
from coldtrace.events.leaf import LeafKind, enrol_body, erase_body, leaf_bytes, trust_body
from coldtrace.events.private_piece import erase_fields, read_erased, read_private
from coldtrace.events.receipt import issue_receipt, read_receipt
from coldtrace.events.receipt_group import issue_group
from coldtrace.events.statement import read_statement
from coldtrace.events.statement_type import StatementType
from coldtrace.events.unit_id import foreign_unit, lot_unit
from coldtrace.events.units_piece import line_secrets, quantity_hash
from coldtrace.seal.b64 import b64, unb64
from coldtrace.seal.hashing import leaf_hash
from coldtrace.seal.keys import Ed25519Signer, P256Signer, key_id
from support.bundle_case import BundleCase, case_options
from support.story import (
    ENROLMENT_KEY,
    GTIN,
    ORIGIN,
    PALLET,
    PORT_DEVICE,
    PORT_GLN,
    RECEIPT_KEY,
    SERIAL,
    SHOP_DEVICE,
    SITE_SALT,
    UNIT,
    Logged,
    build_story,
)

RECEIVED = datetime(2026, 11, 23, 9, 0, 0, 250_000, tzinfo=UTC)
Change = Callable[[dict[str, str]], object]


def event_vectors() -> dict[str, object]:
    """Return the content of each file by its name."""
    return {
        "canonical": _canonical(),
        "unit_ids": _unit_ids(),
        "statements": _statements(),
        "refused_statements": _refused(),
        "certificates": _certificates(),
        "receipts": _receipts(),
        "enrolment": _enrolment(),
        "leaves": _leaves(),
        "private_erased": _erased(),
    }


LEFT_OPEN = {
    "no_earlier_list",
    "nothing_asked",
    "no_witness_yet",
    "no_facts",
    "no_seen",
    "seen_not_shown",
    "only_what_is_shown",
}


def bundle_vector(case: BundleCase) -> dict[str, object]:
    """Return one frozen bundle case: all checks that are not named here must pass.

    Nothing failed is not enough for `passed`: what may be left open is in `LEFT_OPEN`, all else makes it incomplete.
    """
    open_for = set(case.not_checked.values()) - LEFT_OPEN
    result = "failed" if case.failed else "incomplete" if open_for else "passed"
    return {
        "name": case.name,
        "says": case.says,
        **case_options(case),
        "ok": result == "passed" or (result == "incomplete" and open_for <= {"root_not_pinned"}),
        "result": result,
        "failed": case.failed,
        "not_checked": {} if "format" in case.failed else case.not_checked,
        "text": case.text,
    }


def _canonical() -> dict[str, object]:
    return {
        "accepted": [
            "{}",
            "[]",
            '""',
            "null",
            '{"a":1,"b":[true,false,null]}',
            '{"A":1,"a":2,"a1":3,"aA":4}',
            '"冷冻 \U0001f9ca é \u2028"',
            '"\\"\\\\\\b\\f\\n\\r\\t\\u0000\\u001f\x7f/"',
            "9007199254740991",
            "-9007199254740991",
            "0",
        ],
        "refused": [
            "",
            " {}",
            '{"a": 1}',
            '{"b":1,"a":2}',
            '{"a":1,"a":1}',
            '{"é":1}',
            "1.0",
            "1e3",
            "-0",
            "01",
            "9007199254740992",
            "-9007199254740992",
            "1" * 400,
            '"\\u0041"',
            '"\\/"',
            '"\\u001F"',
            '"\\ud83e"',
            '"\\ud83e\\uddca"',
            "NaN",
            "Infinity",
            "[1,]",
            "{} ",
            "\ufeff{}",
            "[" * 5000 + "]" * 5000,
        ],
    }


def _unit_ids() -> dict[str, object]:
    return {
        "accepted": [
            UNIT,
            PALLET,
            lot_unit(gtin=GTIN, lot="L2409A17"),
            lot_unit(gtin=GTIN, lot="A/1 (é)".replace(" ", "_")),
            "U:7QK4M2ZX9RTB5",
            foreign_unit(scheme="zjcold", value="91/0042 冷"),
        ],
        "refused": [
            "",
            GTIN,
            f"(01){GTIN}",
            f"(01)09506000134353(21){SERIAL}",
            "(00)106141412345678909",
            f"(01){GTIN}(21)",
            f"(01){GTIN}(21)A/B",
            f"(01){GTIN}(21)%41",
            f"(01){GTIN}(21)%2f",
            f"(01){GTIN}(21)%FF",
            f"(01){GTIN}(21){'A' * 21}",
            "U:7QK4",
            "u:7QK4M2ZX9RTB5",
            "Zj:1",
            "a:1",
            "zjcold:",
            f"{UNIT}\n",
        ],
    }


def _statements() -> list[object]:
    return [_statement(each) for each in build_story().logged]


def _statement(logged: Logged) -> dict[str, object]:
    checked = read_statement(logged.statement)
    device: Ed25519Signer | P256Signer = PORT_DEVICE if checked.header.key == key_id(PORT_DEVICE.spki) else SHOP_DEVICE
    private, units = checked.private.tree(), checked.units.tree()
    return {
        "type": checked.public.type,
        "alg": device.alg,
        "spki": b64(device.spki),
        "wire": logged.statement.to_json(),
        "header_hash": b64(checked.header_hash),
        "private_leaves": [b64(each) for each in private.levels[0]],
        "units_leaves": [b64(each) for each in units.levels[0]],
        "lines": [_line(line, checked.units.salt) for line in checked.units.lines],
    }


def _line(line: Any, salt: bytes) -> dict[str, object]:
    secrets = line_secrets(line, salt)
    return {
        "unit": line.unit,
        "s": b64(secrets.s),
        "quantity_salt": b64(secrets.quantity_salt),
        "q": b64(quantity_hash(secrets.quantity_salt, line.quantity, line.attributes)),
    }


def _refused() -> list[object]:
    """Return wire objects that were changed, each with the code and the facts of its refusal."""
    commission = build_story().logged[0].statement
    pack = build_story().logged[1].statement

    def swap(piece: str, old: str, new: str) -> Change:
        def change(wire: dict[str, str]) -> None:
            assert old in wire[piece], (piece, old)
            wire[piece] = wire[piece].replace(old, new, 1)

        return change

    changes: list[tuple[str, Any, Change]] = [
        ("missing piece", commission, lambda wire: wire.pop("units")),
        ("unknown piece", commission, lambda wire: wire.update(more="")),
        ("padded signature", commission, lambda wire: wire.update(sig=wire["sig"] + "==")),
        ("short signature", commission, lambda wire: wire.update(sig="AAAA")),
        ("blank in the header", commission, swap("header", ",", ", ")),
        ("unknown key in the header", commission, swap("header", '"v":1', '"v":1,"w":1')),
        ("other version", commission, swap("header", '"v":1', '"v":2')),
        ("id of version 4", commission, swap("header", "-7000-", "-4000-")),
        ("width not a power of two", commission, swap("header", '"uw":16', '"uw":17')),
        ("width too small", commission, swap("header", '"pw":16', '"pw":8')),
        ("other width", commission, swap("header", '"uw":16', '"uw":32')),
        ("long header", commission, lambda wire: wire.update(header=wire["header"] + " " * 1024)),
        ("other day", commission, swap("public", "2026-11-23", "2026-11-24")),
        ("impossible day", commission, swap("public", "2026-11-23", "2026-11-31")),
        ("other verdict", commission, swap("public", '"cold":"ok"', '"cold":"breach"')),
        ("unknown verdict", commission, swap("public", '"cold":"ok"', '"cold":"fine"')),
        ("unknown type", commission, swap("public", '"commission"', '"commissioned"')),
        ("facts on a pack", pack, swap("public", '"facts":null', f'"facts":"{b64(bytes(32))}"')),
        ("other district", commission, swap("public", "120116", "120117")),
        ("half a district", commission, swap("public", "120116", "12011")),
        ("other site", commission, swap("private", "6901234567892", "6901234567908")),
        ("site with a wrong check digit", commission, swap("private", "6901234567892", "6901234567893")),
        ("no time", commission, swap("private", '"at"', '"ax"')),
        ("time without fraction", commission, swap("private", "04:00:00.000Z", "04:00:00Z")),
        ("other time", commission, swap("private", "04:00:00.000Z", "04:00:01.000Z")),
        ("other offset", commission, swap("private", "+08:00", "+09:00")),
        ("offset of a day", commission, swap("private", "+08:00", "+24:00")),
        ("sequence from zero", commission, swap("private", '"seq",1', '"seq",0')),
        ("not the first of its chain", commission, swap("private", '"seq",1', '"seq",2')),
        ("repeated field", commission, swap("private", '"note"', '"site"')),
        ("field with a fraction", commission, swap("private", '"seq",1', '"seq",1.5')),
        ("other unit", commission, swap("units", SERIAL, "8QK4M2ZX9RTB")),
        ("unit with a wrong check digit", commission, swap("units", GTIN, "09506000134353")),
        ("commission without code", commission, swap("units", '"code"', '"codes"')),
        ("other quantity", commission, swap("units", ",1,{", ",2,{")),
        ("quantity below zero", commission, swap("units", ",1,{", ",-1,{")),
        ("quantity above the limit", commission, swap("units", ",1,{", ",1000000001,{")),
        ("role not of the type", commission, swap("units", '"unit"', '"output"')),
        ("child without parent", pack, swap("units", f'"{UNIT}","{PALLET}"', f'"{UNIT}",null')),
        ("parent with a parent", pack, swap("units", f'"{PALLET}",null', f'"{PALLET}","{UNIT}"')),
        ("line twice", pack, swap("units", "8QK4M2ZX9RT0", SERIAL)),
    ]
    return [_refusal(name, statement.to_json(), change) for name, statement, change in changes]


def _refusal(name: str, wire: dict[str, str], change: Change) -> dict[str, object]:
    change(wire)
    try:
        read_statement(wire)
    except Refusal as refusal:
        return {"name": name, "code": refusal.code, "facts": refusal.facts, "wire": wire}
    raise AssertionError(f"not refused: {name}")


def _certificates() -> list[object]:
    return [
        {
            "text": each.certificate,
            "sig": each.certificate_sig,
            "enrolment_spki": b64(ENROLMENT_KEY.spki),
            "site_salt": b64(SITE_SALT),
            "site": read_statement(each.statement).private.site,
        }
        for each in (build_story().logged[0], build_story().logged[3])
    ]


def _receipts() -> dict[str, object]:
    story = build_story()
    receipts = []
    for each in story.logged:
        checked = read_statement(each.statement)
        leaf = leaf_bytes(LeafKind.CTE1, each.statement.header, checked.signature, RECEIVED)
        receipts.append(
            issue_receipt(
                net=story.root.net,
                origin=ORIGIN,
                id=checked.header.id,
                header_hash=checked.header_hash,
                leaf_hash=leaf_hash(leaf),
                received_at=RECEIVED,
                include_by=RECEIVED + timedelta(seconds=60),
                signer=RECEIPT_KEY,
            )
        )
    texts = [read_receipt(str(each["text"])) for each in receipts]
    return {
        "spki": b64(RECEIPT_KEY.spki),
        "net": b64(story.root.net),
        "statements": [each.statement.to_json() for each in story.logged],
        "single": receipts,
        "group": issue_group(texts, RECEIPT_KEY),
    }


def _enrolment() -> dict[str, object]:
    story = build_story()
    token = "a token that is used once".replace(" ", "-")
    invite = Invite(url="https://trace.example.cn", token=token, net=story.root.net, site=PORT_GLN, expires=RECEIVED)
    requests = [make_request(net=story.root.net, token=token, signer=each) for each in (PORT_DEVICE, SHOP_DEVICE)]
    return {
        "token": token,
        "invite": make_invite(invite),
        "requests": [{"text": text, "sig": sig} for text, sig in requests],
    }


def _leaves() -> list[object]:
    story = build_story()
    first = story.logged[0]
    request, request_sig = make_request(net=story.root.net, token="a-token-used-once", signer=PORT_DEVICE)
    bodies: list[tuple[LeafKind, str, bytes | None]] = [
        (LeafKind.CTE1, first.statement.header, unb64(first.statement.sig)),
        (
            LeafKind.ENROL,
            enrol_body(
                certificate=first.certificate,
                certificate_sig=first.certificate_sig,
                request=request,
                request_sig=request_sig,
            ),
            None,
        ),
        (LeafKind.TRUST, trust_body(list_text=str(story.envelope()["list"]), seq=story.trust.seq), None),
        (
            LeafKind.ERASE,
            erase_body(header=header_hash(first.statement.header), fields=["note"], ground="PIPL 47"),
            None,
        ),
        (LeafKind.ANCHOR, story.checkpoint(), None),
    ]
    found: list[object] = []
    for kind, body, sig in bodies:
        leaf = leaf_bytes(kind, body, sig, RECEIVED)
        found.append({"kind": kind, "leaf": leaf.decode("utf-8"), "leaf_hash": b64(leaf_hash(leaf))})
    return found


def _erased() -> dict[str, object]:
    statement = build_story().logged[0].statement
    text = erase_fields(read_private(statement.private), {"note", "site"})
    assert read_statement(statement).public.type is StatementType.COMMISSION
    return {"text": text, "root": b64(read_erased(text).tree().root), "private": statement.private}
