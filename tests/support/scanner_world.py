"""An installation for the scanner's tests: keys from seeds, a trust list, signed codes, facts.  No server in it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from coldtrace.codes.check_digit import check_digit
from coldtrace.codes.short_code import check_character, new_serial
from coldtrace.codes.sign import sign_code
from coldtrace.events.facts import write_facts
from coldtrace.events.roll_certificate import RollCertificate, sign_roll_certificate, write_roll_certificate
from coldtrace.seal.filter import open_filter
from coldtrace.seal.filter_build import build_allow_filter, build_stop_filter
from coldtrace.seal.filter_header import FilterKind
from coldtrace.seal.hashing import sha256
from coldtrace.seal.keys import Ed25519Signer, Signer, key_id, kid
from coldtrace.seal.root_document import RootDocument, sign_root_change, write_root
from coldtrace.seal.trust_entries import Allow, LogEntry, Station, TrustedKey, TrustList, trusted_key
from coldtrace.seal.trust_list import sign_trust_list
from coldtrace.seal.trust_text import print_list
from coldtrace.seal.vkey import vkey_of
from support.ticking import counting_bytes

HOST = "trace.example.cn"
ORIGIN = "trace.example.cn/logs/cn-test"
GTIN = "09506000134352"
LOT = "L2409A17"


def gln(number: int) -> str:
    """Return the GLN of a numbered place."""
    body = f"690123456{number:03d}"
    return body + check_digit(body)


def sscc(number: int) -> str:
    """Return the SSCC of a numbered pallet."""
    body = f"1069012345{number:07d}"
    return body + check_digit(body)


OWN, BUYER = gln(1), gln(2)


def key_of(name: str) -> Ed25519Signer:
    """Return the key of a name."""
    return Ed25519Signer.from_seed(sha256(f"scanner world {name}".encode()))


@dataclass
class World:
    """One installation as seen from outside at `now`."""

    now: datetime
    seq: int = 7
    lifetime: timedelta = timedelta(days=7)
    revoked: bool = False
    allow: Allow | None = None
    name: str = "one"
    serials: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.station, self.enrolment = key_of(f"{self.name} station"), key_of(f"{self.name} enrolment")
        self.receipts, self.log = key_of(f"{self.name} receipt"), key_of(f"{self.name} log")
        self.status = key_of(f"{self.name} status")
        self.root_key = key_of(f"{self.name} root")
        self.root: RootDocument = write_root(roots={"r1": self.root_key.spki}, threshold=1)
        self.root_in_force, self.root_id = self.root, "r1"
        self.root_changes: list[dict[str, object]] = []
        self.random = counting_bytes(self.name)
        self.facts = write_facts(
            {"product_zh": "冻牛腩", "product_en": "Frozen beef brisket", "gtin": GTIN, "lot": LOT}, self.random
        )

    def trust_list(self) -> TrustList:
        """Return the list of this moment."""
        return TrustList(
            net=self.root.net,
            seq=self.seq,
            issued=self.now - timedelta(hours=1),
            expires=self.now - timedelta(hours=1) + self.lifetime,
            hosts=(HOST,),
            stations=(
                Station(id="TJ-01", name="滨海新区首站", gln=OWN, gcp=("6901234",), status="active"),
                Station(id="TJ-02", name="静海冷库", gln=BUYER, gcp=(), status="active"),
            ),
            keys=self._keys(),
            logs=(LogEntry(origin=ORIGIN, vkey=vkey_of(name=ORIGIN, spki=self.log.spki), witnesses=(), quorum=0),),
        )

    def allow_filter(self, *units: str) -> bytes:
        """Return the allow-filter of the stolen station key, and pin it on the next list."""
        file = build_allow_filter(
            lambda: units, net=self.root.net, key=key_id(self.station.spki), issued=self.now, random=self.random
        )
        self.revoked, self.allow = True, Allow(sha256=open_filter(file).id, units=len(units))
        return file

    def stop_filter(
        self,
        kind: FilterKind,
        *items: str,
        seq: int = 1,
        life: timedelta | None = None,
        by: Signer | None = None,
        bits: int | None = None,
    ) -> bytes:
        """Return a filter of voided units or recalled lots."""
        return build_stop_filter(
            lambda: items,
            kind=kind,
            net=self.root.net,
            seq=seq,
            issued=self.now,
            expires=self.now + (life or self.lifetime),
            signer_id=key_id((by or self.status).spki),
            signer=by or self.status,
            random=self.random,
            bits=bits,
        )

    def envelope(self) -> dict[str, object]:
        """Return the list as the root signs it."""
        return sign_trust_list(print_list(self.trust_list()), {self.root_id: self.root_key})

    def change_root(self, name: str) -> None:
        """Put a new root key in the place of the old one, with both signatures; the next list is the new one's."""
        new = key_of(f"{self.name} {name}")
        later = write_root(roots={name: new.spki}, threshold=1, previous=self.root_in_force)
        change = sign_root_change(later, [(self.root_id, self.root_key), (name, new)])
        self.root_changes.append(change)
        self.root_in_force, self.root_key, self.root_id = later, new, name
        self.seq += 1

    def carton(self, serial: str | None = None, *, lot: str = LOT, host: str = HOST) -> str:
        """Return a signed carton code; without a serial, a new one."""
        if serial is None:
            serial = new_serial(self.random)
            self.serials.append(serial)
        return self._sign((("01", GTIN), ("10", lot), ("21", serial)), host)

    def roll(self, *serials: str, id: str, gtin: str | None = GTIN, days: int = 90, **more: Any) -> str:
        """Return the range certificate of a roll; `more` says what is otherwise than it should be."""
        right: dict[str, Any] = {
            "net": self.root.net,
            "roll": id,
            "site": OWN,
            "key": key_id(self.station.spki),
            "gtin": gtin,
            "first": 1,
            "serials": serials,
            "issued": self.now,
            "bind_until": self.now + timedelta(days=days),
        }
        return sign_roll_certificate(write_roll_certificate(RollCertificate(**(right | more))), self.station)

    def roll_label(self, serial: str, gtin: str | None = GTIN) -> str:
        """Return the signed code of a label of a roll."""
        own = (("U", serial + check_character(serial)),)
        return self._sign(own if gtin is None else (("01", gtin), ("21", serial)), HOST)

    def pallet(self, number: int = 1) -> str:
        """Return a signed pallet code."""
        return self._sign((("00", sscc(number)),), HOST)

    def place(self, number: str, door: str | None = None) -> str:
        """Return a signed place code."""
        return self._sign((("414", number), *((("254", door),) if door else ())), HOST)

    def _sign(self, elements: tuple[tuple[str, str], ...], host: str) -> str:
        signer = self.station
        return sign_code(host=host, elements=elements, algorithm=1, kid=kid(signer.spki), sign=signer.sign)

    def _keys(self) -> tuple[TrustedKey, ...]:
        return (
            trusted_key(
                use="code",
                spki=self.station.spki,
                stn="TJ-01",
                scope=("00", "01", "U"),
                print_from=self.now - timedelta(days=30),
                print_until=self.now + timedelta(days=7),
                accept_until=self.now + timedelta(days=730),
                st="revoked" if self.revoked else "active",
                allow=self.allow,
            ),
            trusted_key(use="enrolment", spki=self.enrolment.spki),
            trusted_key(use="receipt", spki=self.receipts.spki),
            trusted_key(use="status", spki=self.status.spki),
        )
