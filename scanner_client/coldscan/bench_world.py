"""A throw-away installation for `coldscan bench`: keys made on the spot, one station, one device, signed cartons.

Nothing in it is of the device's real installation, and nothing leaves the folder, which is deleted afterwards.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

from coldscan import cache
from coldscan.cache import Name, Site
from coldscan.device import key_path
from coldscan.operation import Operation
from coldscan.state_dir import StateDir
from coldscan.store import immediate
from coldtrace.codes.short_code import new_serial
from coldtrace.codes.sign import sign_code
from coldtrace.seal.b64 import b64
from coldtrace.seal.keys import Ed25519Signer, key_id, kid, save_private_key
from coldtrace.seal.root_document import write_root
from coldtrace.seal.trust_entries import Station, TrustList, trusted_key
from coldtrace.seal.trust_list import sign_trust_list
from coldtrace.seal.trust_text import print_list

HOST: Final = "bench.invalid"
GLN: Final = "9521234000013"
GTIN: Final = "09506000134352"


def make_installation(state: StateDir, connection: sqlite3.Connection, *, now: datetime) -> Ed25519Signer:
    """Fill an empty state folder as an enrolment does, and return the key that signs its cartons."""
    root_key, station, device = (Ed25519Signer.generate() for _ in range(3))
    root = write_root(roots={"r1": root_key.spki}, threshold=1)
    trust = TrustList(
        net=root.net,
        seq=1,
        issued=now,
        expires=now + timedelta(days=7),
        hosts=(HOST,),
        stations=(Station(id="S1", name="bench", gln=GLN, gcp=(), status="active"),),
        keys=(trusted_key(use="code", spki=station.spki, stn="S1", scope=("01",)),),
    )
    key = b64(key_id(device.spki))
    save_private_key(device, key_path(state, key))
    site = Site(gln=GLN, name_zh="测速", name_en="bench", role="first_station", district="120116")
    values = {
        Name.NET: b64(root.net),
        Name.ROOT: root.text,
        Name.KEY: key,
        Name.CERTIFICATE: "{}",
        Name.SITE: site.to_json(),
        Name.OPERATIONS: json.dumps([Operation.RECEIVE.value]),
        Name.TRUST_LIST: json.dumps(sign_trust_list(print_list(trust), {"r1": root_key})),
        Name.TRUST_SEQ: "1",
    }
    with immediate(connection):
        for name, value in values.items():
            cache.put(connection, name, value)
    return station


def cartons(station: Ed25519Signer, random: Callable[[int], bytes]) -> Iterator[str]:
    """Give signed cartons of one lot without end."""
    while True:
        elements = (("01", GTIN), ("10", "BENCH"), ("21", new_serial(random)))
        yield sign_code(host=HOST, elements=elements, algorithm=1, kid=kid(station.spki), sign=station.sign)
