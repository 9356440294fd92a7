"""One box from the port to the shop, signed and logged: what the tests of statements and bundles work on.

Everything is deterministic: keys from seeds, salts that count, ES256 nonces by RFC 6979.  Change a part by giving
other arguments to `build_story`, or by changing the parts it returns before `bundle()` puts them together.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from coldtrace.clock import format_utc
from coldtrace.codes.digital_link import parse_trace_code
from coldtrace.codes.sign import sign_code
from coldtrace.codes.signing_input import signing_input
from coldtrace.codes.token import decode_token
from coldtrace.events.certificate import Certificate, sign_certificate, site_commitment, write_certificate
from coldtrace.events.disclosure import disclose_lines
from coldtrace.events.facts import facts_hash, write_facts
from coldtrace.events.leaf import LeafKind, leaf_bytes, received_day
from coldtrace.events.public_piece import Corrects, Place
from coldtrace.events.statement import Statement, draft_statement, read_statement, sign_statement
from coldtrace.events.statement_type import StatementType
from coldtrace.events.units_piece import Line
from coldtrace.seal.b64 import b64, unb64
from coldtrace.seal.checkpoint import Checkpoint, sign_checkpoint
from coldtrace.seal.cosignature import cosign, witness_vkey
from coldtrace.seal.hashing import leaf_hash, sha256
from coldtrace.seal.keys import Ed25519Signer, P256Signer, key_id, kid
from coldtrace.seal.merkle import inclusion_path, tree_root
from coldtrace.seal.note import add_signatures
from coldtrace.seal.root_document import RootDocument, parse_root, write_root
from coldtrace.seal.trust_entries import Cut, LogEntry, TrustList, trusted_key
from coldtrace.seal.trust_list import print_list, sign_trust_list
from coldtrace.seal.vkey import vkey_of
from support.ticking import counting_bytes

NOW = datetime(2026, 11, 26, 2, 0, tzinfo=UTC)
ORIGIN = "trace.example.cn/logs/cn-2026"
WITNESS = "witness.example.org/w1"
GTIN = "09506000134352"
SERIAL = "7QK4M2ZX9RTB"
UNIT = f"(01){GTIN}(21){SERIAL}"
PALLET = "(00)106141412345678908"
PORT = Place(role="first_station", district="120116")
SHOP = Place(role="retailer", district="120101")
PORT_GLN, SHOP_GLN = "6901234567892", "6901234567908"
SITE_SALT = bytes(range(16))


def seed(name: str) -> bytes:
    """Return the 32-byte private seed of a named test key."""
    return hashlib.sha256(f"coldtrace test key {name}".encode()).digest()


ROOT_KEY = Ed25519Signer.from_seed(seed("root"))
STATION_KEY = Ed25519Signer.from_seed(seed("station"))
ENROLMENT_KEY = Ed25519Signer.from_seed(seed("enrolment"))
RECEIPT_KEY = Ed25519Signer.from_seed(seed("receipt"))
LOG_KEY = Ed25519Signer.from_seed(seed("log"))
WITNESS_KEY = Ed25519Signer.from_seed(seed("witness"))
PORT_DEVICE = Ed25519Signer.from_seed(seed("port device"))
SHOP_DEVICE = P256Signer.from_seed(seed("shop device"))

Device = Ed25519Signer | P256Signer


@dataclass
class Logged:
    """One signed statement with all that a bundle shows of it."""

    statement: Statement
    certificate: str
    certificate_sig: str
    received_at: datetime
    lines: Sequence[int]

    @property
    def leaf(self) -> bytes:
        """The leaf of the log."""
        signature = unb64(self.statement.sig)
        return leaf_bytes(LeafKind.CTE1, self.statement.header, signature, self.received_at)


@dataclass
class Story:
    """The parts of a bundle, still to be put together."""

    root: RootDocument
    trust: TrustList
    code: str
    facts: str | None
    logged: list[Logged]
    other_leaves: list[bytes] = field(default_factory=lambda: [b"another leaf %d" % n for n in range(3)])
    cosigned_at: datetime | None = None
    log_key: Ed25519Signer = LOG_KEY
    root_key: Ed25519Signer = ROOT_KEY

    def leaf_hashes(self) -> list[bytes]:
        """Return the hashes of the whole log."""
        return [leaf_hash(leaf) for leaf in [*(each.leaf for each in self.logged), *self.other_leaves]]

    def checkpoint(self) -> str:
        """Return the signed checkpoint, cosigned if there is a time for it."""
        hashes = self.leaf_hashes()
        head = Checkpoint(ORIGIN, len(hashes), tree_root(hashes))
        note = sign_checkpoint(head, self.log_key)
        if self.cosigned_at is None:
            return note
        at_s = int(self.cosigned_at.timestamp())
        return add_signatures(note, [cosign(head.text(), name=WITNESS, signer=WITNESS_KEY, at_s=at_s)])

    def envelope(self) -> dict[str, object]:
        """Return the trust list as the root signs it."""
        return sign_trust_list(print_list(self.trust), {"r1": self.root_key})

    def shown(self, opened: bool = True) -> list[dict[str, object]]:
        """Return the statements as a stranger gets them."""
        hashes = self.leaf_hashes()
        found: list[dict[str, object]] = []
        for index, each in enumerate(self.logged):
            units = read_statement(each.statement).units
            found.append(
                {
                    "header": each.statement.header,
                    "sig": each.statement.sig,
                    "public": each.statement.public,
                    "certificate": {"text": each.certificate, "sig": each.certificate_sig},
                    "leaf": {"received_at": format_utc(received_day(each.received_at))},
                    "lines": disclose_lines(units, each.lines, opened=opened),
                    "proof": {
                        "index": index,
                        "path": [b64(step) for step in inclusion_path(hashes, index, len(hashes))],
                    },
                }
            )
        return found

    def bundle(self) -> str:
        """Return the bundle text."""
        parts = {
            "v": 1,
            "kind": "coldtrace-proof",
            "code": self.code,
            "net": b64(self.root.net),
            "root": self.root.text,
            "trust_list": self.envelope(),
            "facts": self.facts,
            "statements": self.shown(),
            "checkpoint": self.checkpoint(),
        }
        return json.dumps(parts, ensure_ascii=False, separators=(",", ":"))


class Pen:
    """Writes the statements of one device, each behind the last."""

    def __init__(
        self,
        device: Device,
        *,
        net: bytes,
        place: Place,
        gln: str,
        random: Callable[[int], bytes],
        numbers: Callable[[], int],
        enrolment: Ed25519Signer = ENROLMENT_KEY,
        use: str = "device",
    ) -> None:
        self.device, self.net, self.place, self.gln, self.use = device, net, place, gln, use
        self._random, self._numbers = random, numbers
        self._prev: bytes | None = None
        self._seq = 0
        self.certificate = write_certificate(
            Certificate(
                net=net,
                spki=device.spki,
                use=use,
                place=place,
                site=site_commitment(salt=SITE_SALT, gln=gln),
                org=None,
                nbf=datetime(2026, 11, 1, tzinfo=UTC),
                naf=datetime(2027, 11, 1, tzinfo=UTC),
            )
        )
        self.certificate_sig = sign_certificate(self.certificate, enrolment)

    def write(
        self,
        kind: StatementType,
        lines: Sequence[Line],
        at: datetime,
        *,
        facts: bytes | None = None,
        corrects: Corrects | None = None,
        seen: bytes | None = None,
        place: Place | None = None,
    ) -> Statement:
        """Return the next statement of this device, signed."""
        self._seq += 1
        draft = draft_statement(
            id=day_id(at, self._numbers()),
            net=self.net,
            key=key_id(self.device.spki),
            prev=self._prev,
            seen=seen,
            type=kind,
            date=(at + timedelta(hours=8)).date().isoformat(),
            place=place or self.place,
            by=self.use,
            cold="ok",
            facts=facts,
            corrects=corrects,
            fields=[
                ("at", at.isoformat(timespec="milliseconds").replace("+00:00", "Z")),
                ("offset", "+08:00"),
                ("seq", self._seq),
                ("site", self.gln),
                ("note", "冷库 2 号门"),
            ],
            lines=lines,
            random=self._random,
        )
        self._prev = draft.header_hash
        return sign_statement(draft, self.device)

    def log(self, statement: Statement, *lines: int, received_at: datetime) -> Logged:
        """Return the statement as the log has it, with the lines that concern the box."""
        return Logged(statement, self.certificate, self.certificate_sig, received_at, lines)


def day_id(moment: datetime, number: int) -> UUID:
    """Return the UUIDv7 of a day with a number in place of the random bits."""
    day = int(moment.replace(hour=0, minute=0, second=0, microsecond=0).timestamp() * 1000)
    return UUID(int=day << 80 | 0x7 << 76 | 0x2 << 62 | number)


def build_trust(root: RootDocument, *, quorum: int = 0) -> TrustList:
    """Return a list with one key for each use, one log and one witness."""
    return TrustList(
        net=root.net,
        seq=7,
        issued=datetime(2026, 11, 20, tzinfo=UTC),
        expires=datetime(2026, 12, 20, tzinfo=UTC),
        hosts=("trace.example.cn",),
        stations=(),
        keys=(
            trusted_key(
                use="code",
                spki=STATION_KEY.spki,
                scope=("00", "01"),
                print_from=datetime(2026, 11, 1, tzinfo=UTC),
                print_until=datetime(2026, 12, 8, tzinfo=UTC),
                accept_until=datetime(2028, 12, 8, tzinfo=UTC),
            ),
            trusted_key(use="enrolment", spki=ENROLMENT_KEY.spki),
            trusted_key(use="receipt", spki=RECEIPT_KEY.spki),
        ),
        logs=(
            LogEntry(
                origin=ORIGIN,
                vkey=vkey_of(name=ORIGIN, spki=LOG_KEY.spki),
                witnesses=(witness_vkey(name=WITNESS, spki=WITNESS_KEY.spki),),
                quorum=quorum,
            ),
        ),
    )


def sign_test_code(serial: str = SERIAL, host: str = "trace.example.cn") -> str:
    """Return the signed code of the box."""
    return sign_code(
        host=host,
        elements=(("01", GTIN), ("10", "L2409A17"), ("21", serial)),
        algorithm=1,
        kid=kid(STATION_KEY.spki),
        sign=STATION_KEY.sign,
    )


def code_digest(code: str) -> str:
    """Return what a commission line's attributes carry for a code."""
    parsed = parse_trace_code(code)
    return b64(sha256(signing_input(decode_token(parsed.token or "").header, parsed.elements)))


def build_story(*, quorum: int = 0, cosigned: bool = False, founded: RootDocument | None = None) -> Story:
    """Return the box's way: commission, pack, ship at the port; receive, unpack, sell at the shop.

    `founded` is the root document, by default that of `ROOT_KEY` alone.
    """
    random = counting_bytes("story")
    counter = iter(range(1, 1000))
    root = founded or parse_root(write_root(roots={"r1": ROOT_KEY.spki}, threshold=1).text)
    code = sign_test_code()
    facts = write_facts(
        {
            "product_zh": "冷冻去骨牛肉",
            "product_en": "Frozen boneless beef",
            "gtin": GTIN,
            "lot": "L2409A17",
            "net_g": 19625,
        },
        random,
    )

    def pen(device: Device, place: Place, gln: str) -> Pen:
        return Pen(device, net=root.net, place=place, gln=gln, random=random, numbers=lambda: next(counter))

    port, shop = pen(PORT_DEVICE, PORT, PORT_GLN), pen(SHOP_DEVICE, SHOP, SHOP_GLN)
    other = f"(01){GTIN}(21)8QK4M2ZX9RT0"
    day = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
    received = day + timedelta(hours=5)
    logged = [
        port.log(
            port.write(
                StatementType.COMMISSION,
                [Line("unit", UNIT, None, 1, {"code": code_digest(code)})],
                day,
                facts=facts_hash(facts),
            ),
            0,
            received_at=received,
        ),
        port.log(
            port.write(
                StatementType.PACK,
                [
                    Line("parent", PALLET, None, 1, {}),
                    Line("child", UNIT, PALLET, 1, {}),
                    Line("child", other, PALLET, 1, {}),
                ],
                day + timedelta(minutes=10),
            ),
            0,
            1,
            received_at=received,
        ),
        port.log(
            port.write(StatementType.SHIP, [Line("unit", PALLET, None, 1, {})], day + timedelta(hours=3)),
            0,
            received_at=received,
        ),
    ]
    day += timedelta(days=1)
    received = day + timedelta(hours=5)
    logged += [
        shop.log(
            shop.write(StatementType.RECEIVE, [Line("unit", PALLET, None, 1, {})], day),
            0,
            received_at=received,
        ),
        shop.log(
            shop.write(StatementType.UNPACK, [Line("child", UNIT, PALLET, 1, {})], day + timedelta(minutes=20)),
            0,
            received_at=received,
        ),
        shop.log(
            shop.write(StatementType.SELL, [Line("unit", UNIT, None, 1, {})], day + timedelta(hours=4)),
            0,
            received_at=received,
        ),
    ]
    return Story(
        root=root,
        trust=build_trust(root, quorum=quorum),
        code=code,
        facts=facts,
        logged=logged,
        cosigned_at=day + timedelta(hours=6) if cosigned else None,
    )


def with_cut(story: Story, key: bytes, size: int) -> Story:
    """Return the story under a trust list that cuts a key off at a log position."""
    story.trust = replace(story.trust, cuts=(Cut(key=key, origin=ORIGIN, size=size),))
    return story
