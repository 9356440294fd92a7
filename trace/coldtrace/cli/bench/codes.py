"""`coldtrace bench codes`: minting, verifying and printing codes at a first station's pace.

Everything is made in memory with throw-away keys; no database and no installation is touched.  Figures of one kind are
taken in turn within a round and the median of the rounds is kept, so that a busy machine slows floor and figure alike.
"""

import json
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Final

import qrcode
from cryptography.hazmat.primitives.asymmetric import ed25519

from coldtrace import clock
from coldtrace.cli.bench.filter_times import filter_times
from coldtrace.cli.bench.rows import Goal, Row, medians, rate, seconds
from coldtrace.codes.digital_link import parse_trace_code
from coldtrace.codes.short_code import format_short_code
from coldtrace.goods.mint import Minter
from coldtrace.goods.plan import Cartons, pieces
from coldtrace.labels.content import LabelContent
from coldtrace.labels.make import make_labels
from coldtrace.labels.seal_check import SealCheck
from coldtrace.labels.symbol import qr_symbol
from coldtrace.seal.keys import Ed25519Signer, P256Signer, Signer
from coldtrace.seal.root_document import write_root
from coldtrace.seal.trust_list import TrustList, print_list, sign_trust_list, trusted_key
from coldtrace.verify.code import Verdict, verify_code

HOST: Final = "trace.example.cn"
GTIN, LOT = "09521234543213", "L2609A"
LABELS_OF_GOAL = 10_000
WORKERS = 2


@dataclass(frozen=True)
class Scale:
    """How much is done: `codes` a round, of `rounds` rounds, `each` codes a process, `labels` a file, and `voided`
    units in a stop-filter.  Two processes need a second or so to show what they can do together."""

    codes: int
    each: int
    labels: int
    voided: int
    rounds: int = 5


SMALL = Scale(codes=4_000, each=40_000, labels=600, voided=100_000)
FULL = Scale(codes=20_000, each=40_000, labels=LABELS_OF_GOAL, voided=1_000_000)


def bench_codes(*, scale: Scale, say: Callable[[str], None]) -> list[Row]:
    """Return the rows; `say` is told what is being measured."""
    seed = clock.random_bytes(32)
    signer = Ed25519Signer.from_seed(seed)
    say(f"1/6  签发 / minting: {scale.codes:,} codes x {scale.rounds} rounds")
    rows = _minting(seed, scale)
    say("2/6  两个进程 / two processes")
    rows += _two_processes(seed, scale)
    say("3/6  离线验证 / verifying offline")
    rows += _verifying(signer, scale)
    say("4/6  单个二维码 / one symbol")
    rows += _symbols(signer)
    say(f"5/6  停用名单 / a stop-filter of {scale.voided:,} voided units")
    rows += _stops(scale)
    say(f"6/6  标签 / {scale.labels:,} labels of 100x100, {WORKERS} processes")
    return rows + _labels(signer, scale)


def _minting(seed: bytes, scale: Scale) -> list[Row]:
    """Serial, signature, token, address, hash and unit id of each code, beside the bare signature."""
    raw_ed = ed25519.Ed25519PrivateKey.from_private_bytes(seed)
    signer, p256 = Ed25519Signer.from_seed(seed), P256Signer.generate()
    message = b"x" * 57

    def signing(sign: Callable[[bytes], bytes]) -> int:
        for _ in range(scale.codes):
            sign(message)
        return scale.codes

    raw, minted, raw_p256, minted_p256 = medians(
        scale.rounds,
        [
            lambda: rate(partial(signing, raw_ed.sign)),
            lambda: rate(lambda: _mint_count(signer, scale.codes)),
            lambda: rate(partial(signing, p256.sign)),
            lambda: rate(lambda: _mint_count(p256, scale.codes)),
        ],
    )
    goal = Goal(limit=0.70, better="high", of="ratio")
    return [
        Row(name="mint + sign + format, Ed25519, beside bare sign", value=minted, unit="1/s", floor=raw, goal=goal),
        Row(name="mint + sign + format, P-256, beside our P-256 sign", value=minted_p256, unit="1/s", floor=raw_p256),
    ]


def _two_processes(seed: bytes, scale: Scale) -> list[Row]:
    """As many codes in each of two processes, started together, beside one process alone."""
    count = scale.each
    one, two = medians(scale.rounds, [lambda: _side_by_side(seed, count, 1), lambda: _side_by_side(seed, count, 2)])
    goal = Goal(limit=1.8, better="high", of="ratio")
    return [Row(name="minting in two processes, beside one", value=two, unit="1/s", floor=one, goal=goal)]


def _side_by_side(seed: bytes, count: int, processes: int) -> float:
    """Return how many codes a second `processes` processes mint together; starting them does not count."""
    context = get_context("spawn")
    pipes = [context.Pipe() for _ in range(processes)]
    children = [context.Process(target=_mint_when_told, args=(seed, count, theirs)) for _, theirs in pipes]
    for child in children:
        child.start()
    for ours, _ in pipes:
        ours.recv()
    start = time.perf_counter()
    for ours, _ in pipes:
        ours.send("go")
    for ours, _ in pipes:
        ours.recv()
    took = time.perf_counter() - start
    for child in children:
        child.join()
    return processes * count / took


def _mint_when_told(seed: bytes, count: int, pipe: Connection) -> None:
    signer = Ed25519Signer.from_seed(seed)
    _mint_count(signer, 100)
    pipe.send("ready")
    pipe.recv()
    _mint_count(signer, count)
    pipe.send("done")


def _verifying(signer: Signer, scale: Scale) -> list[Row]:
    """One code at a time, as a handheld asks: median over many different codes, beside the bare signature check."""
    texts = _uris(signer, 500)
    trust, now = _trust(signer), clock.now()
    message = b"x" * 57
    signature = signer.sign(message)
    key = ed25519.Ed25519PublicKey.from_public_bytes(signer.spki[12:])

    def one(text: str) -> None:
        if verify_code(text, trust=trust, now=now).verdict is not Verdict.VALID:
            raise AssertionError("a good code did not verify")

    took, floor = medians(
        scale.rounds,
        [
            lambda: statistics.median(seconds(partial(one, text)) for text in texts),
            lambda: statistics.median(seconds(partial(key.verify, signature, message)) for _ in texts),
        ],
    )
    goal = Goal(limit=0.35, better="low", of="value")
    name = "offline verify of one code, median, beside bare verify"
    return [Row(name=name, value=took * 1000, unit="ms", floor=floor * 1000, goal=goal)]


def _symbols(signer: Signer) -> list[Row]:
    """The symbol of one code: as the tutorial of `qrcode` makes it, beside what we draw in bulk."""
    texts = _uris(signer, 12)

    def drawn(draw: Callable[[str], object]) -> int:
        for text in texts:
            draw(text)
        return len(texts)

    ours, tutorial = medians(
        3, [lambda: rate(lambda: drawn(lambda text: qr_symbol(text, "Q"))), lambda: rate(lambda: drawn(qrcode.make))]
    )
    return [Row(name="QR symbol of one code, beside qrcode.make(text)", value=ours, unit="1/s", peer=tutorial)]


def _stops(scale: Scale) -> list[Row]:
    """A verdict while that many units are listed as void, beside one without any list."""
    times = filter_times(scale.voided)
    name = f"verdict with {scale.voided:,} voided units listed, beside none"
    goal = Goal(limit=20, better="low", of="value")
    floor = times.verdict_without_s * 1000
    return [
        Row(name=name, value=times.verdict_with_s * 1000, unit="ms", floor=floor, goal=goal),
        Row(
            name="the first one, opening and checking the file",
            value=times.verdict_cold_s * 1000,
            unit="ms",
            floor=floor,
        ),
        Row(
            name=f"building and signing that filter, {times.size_bytes * 8 / times.entries:.1f} bits a unit",
            value=times.build_s,
            unit="s",
        ),
    ]


def _labels(signer: Signer, scale: Scale) -> list[Row]:
    """Whole label files; the time is given for 10,000 labels, measured over as many as the scale says."""
    contents = [_label(uri) for uri in _uris(signer, scale.labels)]
    seals = _seals(signer)
    # A label as the tutorial would print it: the symbol alone, without text, check or signature.
    some = [content.uri for content in contents[:12]]
    tutorial = seconds(lambda: [qrcode.make(uri) for uri in some]) / len(some) * LABELS_OF_GOAL
    rows = []
    for format, limit in (("pdf", 60.0), ("zpl", 40.0)):
        with tempfile.TemporaryDirectory() as folder:
            make = partial(
                make_labels,
                contents,
                layout="100x100",
                format=format,
                out=Path(folder) / f"labels.{format}",
                seals=seals,
                workers=WORKERS,
            )
            took = seconds(make) / scale.labels * LABELS_OF_GOAL
        rows.append(
            Row(
                name=f"10,000 labels as {format.upper()}, checked, beside qrcode.make alone",
                value=took,
                unit="s",
                peer=tutorial,
                goal=Goal(limit=limit, better="low", of="value"),
            )
        )
    return rows


def _mint_count(signer: Signer, count: int) -> int:
    return sum(1 for _ in _minted(signer, count))


def _uris(signer: Signer, count: int) -> list[str]:
    return list(_minted(signer, count))


def _minted(signer: Signer, count: int) -> Iterator[str]:
    minter = Minter(host=HOST, signer=signer, random=clock.random_bytes, ssccs=iter(()))
    step = Cartons(count=count, gtin=GTIN, lot=LOT, lot_id=1, pallet="P01", net_g=count * 20_000)
    return (code.uri for code in minter.mint(pieces([step], drawn=0, most=count)))


def _trust(signer: Signer) -> TrustList:
    now = clock.now()
    key = trusted_key(
        use="code",
        spki=signer.spki,
        scope=("01", "00"),
        print_from=now - timedelta(days=1),
        print_until=now + timedelta(days=30),
        accept_until=now + timedelta(days=700),
    )
    return TrustList(
        net=bytes(32), seq=1, issued=now, expires=now + timedelta(days=7), hosts=(HOST,), stations=(), keys=(key,)
    )


def _seals(signer: Signer) -> SealCheck:
    """The same list as it travels: signed by a root of its own."""
    root_key = Ed25519Signer.generate()
    root = write_root(roots={"r1": root_key.spki}, threshold=1)
    text = print_list(replace(_trust(signer), net=root.net))
    envelope = json.dumps(sign_trust_list(text, {"r1": root_key}, root=root), ensure_ascii=False)
    return SealCheck(trust_list=envelope, root=root.text, at=clock.now())


def _label(uri: str) -> LabelContent:
    elements = parse_trace_code(uri).elements
    return LabelContent(
        uri=uri,
        product_zh="冷冻去骨牛肉（牛腩）",
        product_en="Frozen boneless beef, thin flank",
        gs1_text="".join(f"({ai}){value}" for ai, value in elements),
        lot=LOT,
        production_date="2026-09-03",
        expiry_date="2028-09-02",
        origin_zh="巴西",
        origin_en="Brazil",
        net_g=20_000,
        storage_zh="-18℃以下冷冻保存",
        storage_en="Keep frozen at or below -18 °C",
        importer_zh="天津海河冷链进出口有限公司",
        importer_en="Tianjin Haihe Cold Chain Import & Export Co., Ltd.",
        plant_reg="CBRA06012109230017",
        short_code=format_short_code(dict(elements)["21"]),
    )
