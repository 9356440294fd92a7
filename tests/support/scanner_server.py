"""The server as a scanner sees it, on a real socket, with a link and a temper that tests can spoil.

It speaks the interface of the real one with the real functions of `events` and `seal`: statements are checked,
receipts signed, checkpoints made.  Only the shelves are pretended (dictionaries instead of a database).
"""

import json
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

from coldtrace import clock
from coldtrace.clock import format_utc
from coldtrace.errors import Refusal
from coldtrace.events.certificate import Certificate, sign_certificate, site_commitment, write_certificate
from coldtrace.events.enrolment import Invite, make_invite, read_request
from coldtrace.events.leaf import LeafKind, leaf_bytes
from coldtrace.events.public_piece import Place
from coldtrace.events.receipt import issue_receipt
from coldtrace.events.statement import CheckedStatement, read_statement
from coldtrace.seal.b64 import b64
from coldtrace.seal.checkpoint import Checkpoint, sign_checkpoint
from coldtrace.seal.device_request import parse_authorization, verify_request
from coldtrace.seal.filter import open_filter
from coldtrace.seal.hashing import leaf_hash, sha256
from coldtrace.seal.keys import Ed25519Signer, PublicKey, key_id, load_public_key
from coldtrace.seal.merkle import consistency_path, tree_root
from support.scanner_world import GTIN, LOT, ORIGIN, OWN, World

OPERATIONS = [
    *("commission", "pack", "unpack", "ship", "receive", "sell", "store", "count"),
    *("open", "transform", "hold", "destroy", "correct"),
]
SITE = {
    "gln": OWN,
    "name_zh": "滨海首站冷库",
    "name_en": "Binhai first station",
    "role": "first_station",
    "district": "120116",
}

Judge = Callable[[CheckedStatement], str | None]


@dataclass
class Temper:
    """How the server misbehaves.  Counted wishes are used up one request (or statement) at a time."""

    lose_replies: int = 0
    lose_requests: int = 0
    stall_s: float = 0
    statuses: deque[int] = field(default_factory=deque)
    forge_receipts: bool = False
    no_receipts: bool = False
    wrong_receipts: bool = False
    cannot_read: Callable[[str], bool] = lambda header: False
    body_max: int = 4_194_304
    guest_login: bool = False
    refuses: Judge = lambda statement: None
    blocks: Judge = lambda statement: None
    chokes_on: Callable[[str], bool] = lambda header: False
    breaks_on: Callable[[str], bool] = lambda header: False


class ScannerServer:
    """A running server.  Use it with `with`; everything it has seen can be looked at."""

    def __init__(self, world: World, *, clock: Callable[[], datetime] = clock.now) -> None:
        self.world, self.clock, self.temper = world, clock, Temper()
        self.tokens: dict[str, datetime | None] = {}
        self.devices: dict[str, PublicKey] = {}
        self.suspended: set[str] = set()
        self.revoked: set[str] = set()
        self.stored: dict[str, CheckedStatement] = {}
        self.leaves: list[bytes] = []
        self.seen: Counter[str] = Counter()
        self.requests: list[tuple[str, str]] = []
        self.doors: list[dict[str, str]] = []
        self.doors_a_page = 1000
        self.work_time: str | None = None
        self.lots = [{"gtin": GTIN, "lot": LOT, "facts": world.facts}]
        self.unit_lots: list[dict[str, object]] = []
        self.operations = list(OPERATIONS)
        self.rolls: dict[str, str] | None = None
        self.extra_seq = 0
        self.filters: list[dict[str, object]] | None = []
        self.filter_files: dict[str, bytes] = {}
        self.missing: list[list[int]] = []
        self.holes_a_page = 1000
        self.lock = threading.Lock()
        self._http = _Listener(("127.0.0.1", 0), _handler_of(self))
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)

    def __enter__(self) -> "ScannerServer":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def invite(self, *, token: str | None = None, url: str | None = None) -> str:
        """Return a new one-time invitation."""
        token = token or f"token-{len(self.tokens):04d}-abcdefgh"
        self.tokens[token] = self.clock() + timedelta(hours=1)
        return make_invite(
            Invite(
                url=url or self.url,
                token=token,
                net=self.world.root.net,
                site=OWN,
                expires=self.clock() + timedelta(hours=1),
            )
        )

    def offer(self, *files: bytes, **said: object) -> None:
        """Offer these filter files; `said` is what the index says otherwise than they do."""
        opened = {open_filter(file).id.hex(): (open_filter(file).header, file) for file in files}
        self.filter_files = {id: file for id, (_, file) in opened.items()}
        self.filters = [
            {"kind": str(header.kind), "seq": header.seq, "sha256": id} | said for id, (header, _) in opened.items()
        ]

    def of_type(self, name: str) -> list[CheckedStatement]:
        """Return the stored statements of a type in the order of their numbers."""
        found = [each for each in self.stored.values() if each.public.type.value == name]
        return sorted(found, key=lambda each: each.private.seq)

    def units_of(self, name: str) -> list[str]:
        """Return the units of all lines of a type's statements."""
        return [line.unit for each in self.of_type(name) for line in each.units.lines]

    def enrol(self, body: dict[str, str]) -> tuple[int, object]:
        """Answer POST /api/v1/devices/enrol."""
        request = read_request(body["request"], body["request_sig"])
        until = self.tokens.get(body["token"])
        if until is None or until < self.clock():
            return 403, _problem("invite_refused", "邀请无效", "该邀请已使用或已过期")
        self.tokens[body["token"]] = None
        key = b64(key_id(request.public_key.spki))
        self.devices[key] = request.public_key
        certificate = write_certificate(
            Certificate(
                net=self.world.root.net,
                spki=request.public_key.spki,
                use="device",
                place=Place(role=SITE["role"], district=SITE["district"]),
                site=site_commitment(salt=bytes(16), gln=OWN),
                org=None,
                nbf=self.clock() - timedelta(days=1),
                naf=self.clock() + timedelta(days=700),
            )
        )
        return 201, {
            "certificate": certificate,
            "certificate_sig": sign_certificate(certificate, self.world.enrolment),
            "root": self.world.root.text,
            "trust_list": self.world.envelope(),
            "origin": ORIGIN,
            "site": SITE,
            "operations": self.operations,
        }

    def work(self) -> dict[str, object]:
        """Answer GET /api/v1/devices/work."""
        return {
            "site": SITE,
            "operations": self.operations,
            "lots": self.lots,
            "unit_lots": self.unit_lots,
            "doors": self.doors,
            **({} if self.rolls is None else {"rolls": list(self.rolls)}),
        }

    def work_page(self, after: str) -> dict[str, object]:
        """Return one page of the work: the places behind `after`."""
        found = self.work()
        if self.doors and found["doors"] == self.doors:
            behind = [each for each in sorted(self.doors, key=lambda each: each["gln"]) if each["gln"] > after]
            page = behind[: self.doors_a_page]
            found |= {"doors": page, "next": page[-1]["gln"] if len(page) < len(behind) else None}
        return found

    def checkpoint(self) -> str:
        """Answer GET /logs/{name}/checkpoint."""
        hashes = [leaf_hash(leaf) for leaf in self.leaves]
        return sign_checkpoint(Checkpoint(ORIGIN, len(hashes), tree_root(hashes)), self.world.log)

    def consistency(self, asked: Mapping[str, list[str]]) -> dict[str, object]:
        """Answer GET /logs/{name}/proof/consistency."""
        old, new = int(asked["old"][0]), int(asked["new"][0])
        path = consistency_path([leaf_hash(leaf) for leaf in self.leaves], old, new)
        return {"old": old, "new": new, "path": [b64(each) for each in path]}

    def chain(self, key: str, after: int = 0) -> dict[str, object]:
        """Answer GET /api/v1/devices/{key}/chain: one page of what is missing."""
        found = [each.private.seq for each in self.stored.values() if b64(each.header.key) == key]
        last = max(found, default=0) + self.extra_seq
        gaps = [number for number in range(1, last - self.extra_seq + 1) if number not in set(found)]
        missing = [span for span in ([[number, number] for number in gaps] + self.missing) if span[1] > after]
        page = missing[: self.holes_a_page]
        return {
            "key": key,
            "last_seq": last,
            "last_header": None,
            "missing": page,
            "forks": [],
            "next": page[-1][1] if len(page) < len(missing) else None,
        }

    def capture(self, wires: list[dict[str, str]]) -> tuple[int, object]:
        """Answer POST /api/v1/statements."""
        for wire in wires:
            if self.temper.chokes_on(wire["header"]):
                return 400, _problem("malformed_statement", "记录格式有误", "header")
            if self.temper.breaks_on(wire["header"]):
                return 500, _problem("internal_error", "服务器错误", "")
        with self.lock:
            return 202, {"results": [self._one(wire) for wire in wires]}

    def _one(self, wire: dict[str, str]) -> dict[str, object]:
        if self.temper.cannot_read(wire["header"]):
            return {"id": None, "status": "refused", "code": "not_canonical", "receipt": None}
        statement = read_statement(wire)
        id = str(statement.header.id)
        public_key = self.devices[b64(statement.header.key)]
        assert statement.verify(public_key)
        self.seen[id] += 1
        if code := self.temper.refuses(statement):
            return {"id": id, "status": "refused", "code": code, "receipt": None}
        status, known = "accepted", self.stored.get(id)
        if known is not None:
            assert known.wire.header == statement.wire.header
            status = "repeat"
        else:
            self.stored[id] = statement
            self.leaves.append(self._leaf(statement))
        code = self.temper.blocks(statement)
        return {
            "id": id,
            "status": "blocked" if code else status,
            "code": code,
            "receipt": self._receipt(statement),
        }

    def _leaf(self, statement: CheckedStatement) -> bytes:
        return leaf_bytes(LeafKind.CTE1, statement.wire.header, statement.signature, self.clock())

    def _receipt(self, statement: CheckedStatement) -> dict[str, object] | None:
        if self.temper.no_receipts:
            return None
        signer = Ed25519Signer.from_seed(bytes(32)) if self.temper.forge_receipts else self.world.receipts
        hashed = bytes(32) if self.temper.wrong_receipts else statement.header_hash
        receipt: dict[str, object] = dict(
            issue_receipt(
                net=self.world.root.net,
                origin=ORIGIN,
                id=statement.header.id,
                header_hash=hashed,
                leaf_hash=leaf_hash(self._leaf(statement)),
                received_at=self.clock(),
                include_by=self.clock() + timedelta(minutes=1),
                signer=signer,
            )
        )
        if self.temper.forge_receipts:
            receipt["key"] = b64(key_id(self.world.receipts.spki))
        return receipt


class _Listener(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of clients that were killed while they were answered; anything else is a fault of the test."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def _problem(code: str, title: str, detail: str) -> dict[str, object]:
    return {"type": "about:blank", "code": code, "title": title, "detail": detail}


def _handler_of(server: ScannerServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

        def do_GET(self) -> None:
            self._serve(b"")

        def do_POST(self) -> None:
            self._serve(self.rfile.read(int(self.headers["Content-Length"])))

        def _serve(self, body: bytes) -> None:
            server.requests.append((self.command, self.path))
            temper = server.temper
            if temper.stall_s:
                # As on a network that takes everything and answers nothing.
                time.sleep(temper.stall_s)
                return self._hang_up()
            if temper.lose_requests > 0:
                temper.lose_requests -= 1
                return self._hang_up()
            if temper.guest_login:
                return self._answer(400, "<html>log in to the guest network</html>", "text/html")
            if temper.statuses:
                return self._answer(temper.statuses.popleft(), "{}", "application/json")
            try:
                self._route(body)
            except Refusal as refusal:
                said = _problem(refusal.code, refusal.title.zh, refusal.say("zh"))
                self._answer(400, json.dumps(said), "application/problem+json")

        def _route(self, body: bytes) -> None:
            path = self.path
            if path == "/api/v1/trust-list":
                return self._trust_list()
            if path == "/api/v1/root-changes":
                return self._json(200, {"changes": server.world.root_changes})
            if path == "/api/v1/devices/enrol":
                return self._json(*server.enrol(json.loads(body)))
            if path.startswith("/api/v1/filters"):
                return self._filters(path.removeprefix("/api/v1/filters").strip("/"))
            if path.startswith("/logs/"):
                if path.startswith("/logs/cn-test/proof/consistency?"):
                    return self._json(200, server.consistency(parse_qs(urlsplit(path).query)))
                assert path == "/logs/cn-test/checkpoint"
                return self._answer(200, server.checkpoint(), "text/plain")
            if b64(parse_authorization(self.headers.get("Authorization", "")).key) in server.revoked:
                return self._json(403, _problem("device_revoked", "设备密钥已吊销", ""))
            if not self._is_device(body):
                return self._json(401, _problem("authentication_required", "需要身份验证", ""))
            if len(body) > server.temper.body_max:
                return self._json(413, _problem("body_too_large", "内容过大", ""))
            if path == "/api/v1/statements":
                status, value = server.capture(json.loads(body))
                if server.temper.lose_replies > 0:
                    server.temper.lose_replies -= 1
                    return self._hang_up()
                return self._json(status, value)
            if path.startswith("/api/v1/rolls/"):
                return self._roll(path.split("/")[4])
            if path.partition("?")[0] == "/api/v1/devices/work":
                return self._work()
            assert path.partition("?")[0].endswith("/chain")
            after = int(parse_qs(urlsplit(self.path).query).get("after", ["0"])[0])
            return self._json(200, server.chain(path.split("/")[4], after))

        def _work(self) -> None:
            after = parse_qs(urlsplit(self.path).query).get("after", [""])[0]
            text = json.dumps(server.work_page(after), ensure_ascii=False)
            etag = f'"{sha256(text.encode()).hex()}"'
            time = {"Coldtrace-Time": server.work_time or format_utc(server.clock())}
            if self.headers.get("If-None-Match") == etag:
                return self._answer(304, "", "application/json", etag, time)
            return self._answer(200, text, "application/json", etag, time)

        def _trust_list(self) -> None:
            etag = f'"{server.world.seq}"'
            if self.headers.get("If-None-Match") == etag:
                return self._answer(304, "", "application/json", etag)
            return self._answer(200, json.dumps(server.world.envelope()), "application/json", etag)

        def _roll(self, id: str) -> None:
            envelope = (server.rolls or {})[id]
            if not envelope:
                return self._json(404, _problem("roll_unknown", "没有这一卷", id))
            return self._json(200, {"roll": id, "envelope": envelope})

        def _filters(self, id: str) -> None:
            if server.filters is None:
                return self._json(404, _problem("not_found", "没有这个页面", ""))
            if id:
                return self._answer(200, server.filter_files[id], "application/vnd.coldtrace.filter")
            text = json.dumps({"filters": server.filters})
            etag = f'"{sha256(text.encode()).hex()}"'
            if self.headers.get("If-None-Match") == etag:
                return self._answer(304, "", "application/json", etag)
            return self._answer(200, text, "application/json", etag)

        def _is_device(self, body: bytes) -> bool:
            claimed = parse_authorization(self.headers.get("Authorization", ""))
            key = b64(claimed.key)
            if key not in server.devices or key in server.suspended:
                return False
            verify_request(
                claimed,
                public_key=load_public_key(server.devices[key].spki),
                net=server.world.root.net,
                method=self.command,
                path=self.path,
                body=body,
            )
            return True

        def _hang_up(self) -> None:
            self.close_connection = True
            self.connection.close()

        def _json(self, status: int, value: object) -> None:
            kind = "application/json" if status < 400 else "application/problem+json"
            self._answer(status, json.dumps(value, ensure_ascii=False), kind)

        def _answer(
            self,
            status: int,
            said: str | bytes,
            kind: str,
            etag: str | None = None,
            more: Mapping[str, str] | None = None,
        ) -> None:
            data = said.encode() if isinstance(said, str) else said
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            if etag is not None:
                self.send_header("ETag", etag)
            for name, value in (more or {}).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(data)

    return Handler


def noon() -> datetime:
    """Return the moment at which the tests that need no real clock play."""
    return datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
