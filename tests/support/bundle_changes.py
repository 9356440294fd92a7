"""Ways to tamper with a story or a bundle, for the cases in bundle_cases.py."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from coldtrace.events.certificate import Certificate, sign_certificate, site_commitment, write_certificate
from coldtrace.events.header import header_hash
from coldtrace.events.public_piece import CorrectionMode, Corrects, Place
from coldtrace.events.statement_type import StatementType
from coldtrace.events.units_piece import Line
from coldtrace.seal.b64 import b64, unb64
from coldtrace.seal.keys import Ed25519Signer
from coldtrace.seal.public_key import P256_ORDER
from coldtrace.seal.vkey import vkey_of
from support.story import (
    ENROLMENT_KEY,
    PALLET,
    PORT,
    PORT_DEVICE,
    PORT_GLN,
    SHOP,
    SHOP_DEVICE,
    SHOP_GLN,
    UNIT,
    Pen,
    Story,
    build_story,
    seed,
)
from support.ticking import counting_bytes

Parts = dict[str, Any]
STRANGER = Ed25519Signer.from_seed(seed("stranger"))


def changed(story: Story, change: Callable[[Parts], Any]) -> str:
    """Return the story's bundle with its parts changed."""
    parts = json.loads(story.bundle())
    change(parts)
    return json.dumps(parts, ensure_ascii=False, separators=(",", ":"))


def close_lines(parts: Parts) -> None:
    """Hide all quantities."""
    for statement in parts["statements"]:
        for line in statement["lines"]:
            line["open"] = None


def without(story: Story, index: int) -> str:
    """Return the bundle without one statement."""
    return changed(story, lambda parts: parts["statements"].pop(index))


def flipped(sig: str) -> str:
    """Return a signature with one bit flipped."""
    data = bytearray(unb64(sig))
    data[0] ^= 1
    return b64(bytes(data))


def high_s(sig: str) -> str:
    """Return the other ECDSA signature for the same message."""
    data = unb64(sig)
    return b64(data[:32] + (P256_ORDER - int.from_bytes(data[32:], "big")).to_bytes(32, "big"))


def spoil_last_line(note: str) -> str:
    """Return a note whose last signature was changed."""
    end = note.rstrip("\n")
    return end[:-6] + ("A" if end[-6] != "A" else "B") + end[-5:] + "\n"


def other_log() -> dict[str, Any]:
    """Return origin and key of another log."""
    name = "trace.example.cn/logs/cn-2025"
    return {"origin": name, "vkey": vkey_of(name=name, spki=STRANGER.spki)}


def with_certificate(**changes: Any) -> str:
    """Return the story with another certificate for its first statement."""
    story = build_story()
    signer = changes.pop("signer", ENROLMENT_KEY)
    parts: Parts = {
        "net": story.root.net,
        "spki": PORT_DEVICE.spki,
        "use": "device",
        "place": PORT,
        "site": site_commitment(salt=bytes(16), gln=PORT_GLN),
        "org": None,
        "nbf": datetime(2026, 11, 1, tzinfo=UTC),
        "naf": datetime(2027, 11, 1, tzinfo=UTC),
    }
    text = write_certificate(Certificate(**{**parts, **changes}))
    story.logged[0].certificate, story.logged[0].certificate_sig = text, sign_certificate(text, signer)
    return story.bundle()


def _pen(story: Story, device: Any, place: Place, gln: str, number: int) -> Pen:
    numbers = iter(range(number, number + 100))
    return Pen(
        device,
        net=story.root.net,
        place=place,
        gln=gln,
        random=counting_bytes(f"pen {number}"),
        numbers=lambda: next(numbers),
    )


def corrected(place: Place) -> Story:
    """Return the story in which `place` declares that the sale did not occur, and the shop sells again."""
    story = build_story()
    till = _pen(story, Ed25519Signer.from_seed(seed("till")), SHOP, SHOP_GLN, 500)
    desk = _pen(story, Ed25519Signer.from_seed(seed("desk")), place, SHOP_GLN if place == SHOP else PORT_GLN, 600)
    at = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
    sale = header_hash(story.logged[5].statement.header)
    undo = desk.write(
        StatementType.CORRECT,
        [Line("unit", UNIT, None, 1, {})],
        at,
        corrects=Corrects(header=sale, mode=CorrectionMode.DID_NOT_OCCUR),
    )
    again = till.write(StatementType.SELL, [Line("unit", UNIT, None, 1, {})], at + timedelta(hours=1))
    story.logged += [desk.log(undo, 0, received_at=at), till.log(again, 0, received_at=at)]
    return story


def scanned_after_sale(*, days_before: int) -> Story:
    """Return the story in which somebody scans the box after the sale, and dates it so many days before."""
    story = build_story()
    pen = _pen(story, Ed25519Signer.from_seed(seed("traveller")), SHOP, SHOP_GLN, 500)
    sold_at = story.logged[5].received_at
    scan = pen.write(StatementType.OBSERVE, [Line("unit", UNIT, None, 1, {})], sold_at - timedelta(days=days_before))
    story.logged.append(pen.log(scan, 0, received_at=sold_at))
    return story


def unpacked_elsewhere() -> Story:
    story = build_story()
    pen = _pen(story, Ed25519Signer.from_seed(seed("till")), SHOP, SHOP_GLN, 500)
    at = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
    other = "(00)106141412345678915"
    unpack = pen.write(StatementType.UNPACK, [Line("child", UNIT, other, 1, {})], at)
    story.logged[4] = pen.log(unpack, 0, received_at=at)
    return story


def forked() -> Story:
    """Return the story in which a second chain of the shop's key begins."""
    story = build_story()
    pen = _pen(story, SHOP_DEVICE, SHOP, SHOP_GLN, 500)
    at = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
    story.logged.append(
        pen.log(pen.write(StatementType.OBSERVE, [Line("unit", UNIT, None, 1, {})], at), 0, received_at=at)
    )
    return story


def unpacked_whole() -> Story:
    """Return the story in which the pallet is unpacked as a whole: the statement names no box."""
    story = build_story()
    pen = _pen(story, Ed25519Signer.from_seed(seed("till")), SHOP, SHOP_GLN, 500)
    at = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
    unpack = pen.write(StatementType.UNPACK, [Line("parent", PALLET, None, 1, {})], at)
    story.logged[4] = pen.log(unpack, 0, received_at=at)
    return story
