"""`coldtrace bench codes`: minting, verifying and printing codes at a first station's pace.

Everything is made in memory with throw-away keys; no database and no installation is touched.  Figures of one kind
are taken in turn within a round and the median of the rounds is kept, so that a busy machine slows floor and figure alike.
"""

import io
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import qrcode
from cryptography.hazmat.primitives.asymmetric import ed25519

from coldtrace import clock
from coldtrace.cli.bench.rows import Goal, Row, medians, rate, seconds
from coldtrace.codes.short_code import format_short_code
from coldtrace.labels.content import LabelContent
from coldtrace.labels.make import make_labels
from coldtrace.labels.symbol import qr_symbol
from coldtrace.seal.keys import Ed25519Signer, P256Signer, Signer
from coldtrace.seal.trust_list import TrustList, trusted_key
from coldtrace.verify.code import Verdict, verify_code

HOST, GTIN, LOT = "trace.example.cn", "09521234543213", "L2609A"
ROUNDS = 5


@dataclass(frozen=True)
class Scale:
    """How much is done: `codes` a round, `labels` a file, `filter_items` in the stop-filter."""

    codes: int
    labels: int
    filter_items: int


SMALL, FULL = (
    Scale(codes=2_000, labels=500, filter_items=100_000),
    Scale(codes=20_000, labels=10_000, filter_items=1_000_000),
)
LABELS_OF_GOAL = 10_000


def bench_codes(*, full: bool, say: Callable[[str], None]) -> list[Row]:
    """Return the rows; `say` is told what is being measured."""
    scale = FULL if full else SMALL
    signer = Ed25519Signer.generate()
    say(f"1/5 minting {scale.codes:,} codes, {ROUNDS} rounds / 签发")
    rows = _minting(signer, scale)
    say("2/5 verifying / 验证")
    rows += _verifying(signer, scale)
    say("3/5 one symbol / 单个二维码")
    rows += _symbols(signer)
    say(f"4/5 labels: {scale.labels:,} of 100x100 / 标签")
    rows += _labels(signer, scale)
    return rows


def _verifying(signer: Signer, scale: Scale) -> list[Row]:
    """One code at a time, as a handheld asks: median over many different codes, beside the bare signature check."""
    texts = _uris(signer, 500)
    trust, now = _trust(signer), clock.now()
    message = b"x" * 57
    signature = signer.sign(message)
    key = ed25519.Ed25519PublicKey.from_public_bytes(signer.spki[12:])

    def one(text: str) -> float:
        start = time.perf_counter()
        report = verify_code(text, trust=trust, now=now)
        took = time.perf_counter() - start
        assert report.verdict is Verdict.VALID, report.verdict
        return took

    def raw() -> float:
        start = time.perf_counter()
        key.verify(signature, message)
        return time.perf_counter() - start

    took, floor = medians(
        ROUNDS, [lambda: statistics.median(map(one, texts)), lambda: statistics.median(raw() for _ in texts)]
    )
    return [
        Row(
            name="offline verify of one code, median",
            value=took * 1000,
            unit="ms",
            floor=floor * 1000,
            goal=Goal(limit=0.35, better="low", of="value"),
        )
    ]


def _symbols(signer: Signer) -> list[Row]:
    """The picture of one code: what the tutorial of `qrcode` shows, beside what we draw in bulk."""
    texts = _uris(signer, 12)

    def tutorial() -> int:
        for text in texts:
            qrcode.make(text)
        return len(texts)

    def ours() -> int:
        for text in texts:
            qr_symbol(text, "Q")
        return len(texts)

    fast, slow = medians(3, [lambda: rate(ours), lambda: rate(tutorial)])
    return [Row(name="QR symbol of one code, beside qrcode.make(text)", value=fast, unit="1/s", peer=slow)]


def _uris(signer: Signer, count: int) -> list[str]:
    return [code.uri for code in _codes(signer, count)]


def _trust(signer: Signer) -> TrustList:
    now = clock.now()
    key = trusted_key(
        use="code",
        spki=signer.spki,
        scope=("01", "00"),
        print_from=now - timedelta(days=1),
        accept_until=now + timedelta(days=700),
    )
    return TrustList(
        net=bytes(32), seq=1, issued=now, expires=now + timedelta(days=7), hosts=(HOST,), stations=(), keys=(key,)
    )
