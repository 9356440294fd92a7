"""Tiles and bundles over HTTP, exactly as C2SP tlog-tiles has them: strict paths, every width, for ever."""

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text

from coldtrace.journal import service as journal
from coldtrace.ledger import service as ledger
from coldtrace.seal.b64 import unb64
from coldtrace.seal.checkpoint import open_checkpoint
from coldtrace.seal.entry_bundle import read_bundle
from coldtrace.seal.hashing import leaf_hash
from coldtrace.seal.inclusion import verify_inclusion
from coldtrace.seal.merkle import tree_root
from support.databases import Databases
from support.log_entries import make_entry
from support.web_house import WebHouse, web_house

SIZE = 600
BYTES = "application/octet-stream"


@pytest.fixture(scope="module")
def web(databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebHouse]:
    """An application whose log has 600 leaves, all published; the sequencer of the application is at work too."""
    with web_house(databases, tmp_path_factory.mktemp("web"), anonymous_requests_per_minute=50) as made:
        # The keeper enters the journal's head once a day, two seconds after the start: in the middle, if not before.
        made.settle()
        assert made.client.get(at(made, f"tile/entries/000.p/{made.tree_size()}"), headers=made.bearer).is_success
        anchors = 0
        while not anchors:
            with made.sessions.begin() as session:
                journal.chain(session, made.env)
                journal.anchor(session, made.env)  # none while the keeper is just at it
                anchors = session.execute(text("SELECT count(*) FROM journal_anchor")).scalar_one()
        with made.sessions.begin() as session:
            have = ledger.signed_head(session, made.env.log).size + ledger.waiting(session, made.env.log)
            ledger.append(session, made.env.log, [make_entry(number) for number in range(SIZE - have)])
        made.settle()
        assert made.tree_size() == SIZE
        yield made


def at(web: WebHouse, path: str) -> str:
    return f"/logs/{web.env.log.name}/{path}"


@pytest.fixture(scope="module")
def hashes(web: WebHouse) -> list[bytes]:
    with web.sessions() as session:
        return [bytes(row[0]) for row in session.execute(text("SELECT leaf_hash FROM ledger_leaf ORDER BY leaf_index"))]


def test_hash_tiles(web: WebHouse, hashes: list[bytes]) -> None:
    wanted = {
        "tile/0/000": hashes[:256],
        "tile/0/001": hashes[256:512],
        "tile/0/002.p/88": hashes[512:],
        "tile/1/000.p/2": [tree_root(hashes[:256]), tree_root(hashes[256:512])],
    }
    for path, expected in wanted.items():
        answer = web.client.get(at(web, path), headers={"Accept-Encoding": "gzip"})
        assert answer.status_code == 200, path
        assert answer.content == b"".join(expected)
        assert answer.headers["content-type"] == BYTES
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert "content-encoding" not in answer.headers
        assert answer.headers["access-control-allow-origin"] == "*"


def test_partial_tiles_of_every_width(web: WebHouse, hashes: list[bytes]) -> None:
    """Nobody counts these requests against a visitor: whoever audits the log reads them all."""
    for number, most in ((0, 255), (2, 88)):
        for width in range(1, most + 1, 1 if most < 100 else 5):
            answer = web.client.get(at(web, f"tile/0/{number:03d}.p/{width}"))
            assert answer.content == b"".join(hashes[256 * number : 256 * number + width])
    assert web.client.get(at(web, "tile/1/000.p/1")).content == tree_root(hashes[:256])


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/002", "tile/0/002.p/89", "tile/0/003.p/1", "tile/1/000", "tile/1/000.p/3", "tile/2/000.p/1",
        "tile/0/000.p/256", "tile/0/000.p/0", "tile/0/000.p/01", "tile/0/0", "tile/0/x000/000", "tile/00/000",
        "tile/64/000", "tile/-1/000", "tile/0/000/", "tile/0//000", "tile/0/%30%30%30", "tile/0/000%2Ep/1", "tile/0",
        "tile/0/000.p", "tile/0/000.p/", "tile/entries", "tile/0/x999/x999/x999/x999/x999/x999/999", "tile/0/x00a/000",
        "tile/0/000.P/1", "tile/0/0000",
    ],
)  # fmt: skip
def test_what_is_no_tile(web: WebHouse, path: str) -> None:
    answer = web.client.get(at(web, path), headers=web.bearer)
    assert (answer.status_code, answer.json()["code"]) == (404, "no_tile")


def test_entry_bundles_need_a_token(web: WebHouse, hashes: list[bytes]) -> None:
    for path in ("tile/entries/000", "tile/entries/002.p/88"):
        assert web.client.get(at(web, path)).status_code == 401
    leaves = []
    for path, count in (("tile/entries/000", 256), ("tile/entries/001", 256), ("tile/entries/002.p/88", 88)):
        answer = web.client.get(at(web, path), headers=web.bearer)
        assert answer.headers["content-type"] == BYTES
        assert answer.headers["cache-control"] == "private, max-age=31536000, immutable"
        assert answer.headers["content-encoding"] == "gzip"
        leaves += read_bundle(answer.content, count=count)
    assert [leaf_hash(leaf) for leaf in leaves] == hashes
    for path in ("tile/entries/002", "tile/entries/002.p/89", "tile/entries/0"):
        assert web.client.get(at(web, path), headers=web.bearer).status_code == 404


@pytest.mark.parametrize(
    ("asked", "coding"),
    [("gzip", "gzip"), ("br, *;q=0.1", "gzip"), ("identity", None), ("gzip;q=0", None), ("", None)],
)
def test_bundles_are_compressed_for_those_who_take_it(web: WebHouse, asked: str, coding: str | None) -> None:
    with web.client.stream(
        "GET", at(web, "tile/entries/000"), headers=web.bearer | {"Accept-Encoding": asked}
    ) as answer:
        raw = b"".join(answer.iter_raw())
    assert answer.headers.get("content-encoding") == coding
    assert answer.headers["vary"] == "Accept-Encoding"
    data = gzip.decompress(raw) if coding else raw
    assert len(read_bundle(data, count=256)) == 256


def test_published_entries_are_open_when_the_operator_wants_it(databases: Databases, tmp_path: Path) -> None:
    with web_house(databases, tmp_path, public_entries=True) as open_house:
        open_house.settle()
        answer = open_house.client.get(at(open_house, "tile/entries/000.p/1"))
        assert answer.status_code == 200
        assert answer.headers["cache-control"].startswith("public")


def test_the_service_writes_the_same_files(web: WebHouse) -> None:
    folder = web.settings.data_dir / "logs" / web.env.log.name
    note = web.client.get(at(web, "checkpoint"), headers=web.bearer)
    assert note.headers["cache-control"] == "public, max-age=1"
    with web.sessions() as session:
        vkey = dict(ledger.logs(session))[web.env.log]
    assert open_checkpoint(note.text, log=vkey).checkpoint.size == SIZE
    written = [path for path in folder.rglob("*") if path.is_file() and "tile" in path.parts]
    assert written
    for path in written:
        name = str(path.relative_to(folder))
        assert web.client.get(at(web, name), headers=web.bearer).content == path.read_bytes(), name


def test_a_proof_as_json(web: WebHouse, hashes: list[bytes]) -> None:
    with web.sessions() as session:
        entry_id = session.execute(text("SELECT entry_id FROM ledger_leaf WHERE leaf_index = 300")).scalar_one()
    path = at(web, f"statements/{entry_id}/proof")
    told = web.client.get(path, headers=web.bearer | {"Accept": "application/json"}).json()
    assert unb64(told["leaf_hash"]) == hashes[300]
    assert verify_inclusion(
        leaf_hash=hashes[300],
        index=told["index"],
        size=told["size"],
        path=[unb64(step) for step in told["path"]],
        root=tree_root(hashes[: told["size"]]),
    )
    assert told["checkpoint"] in web.client.get(path, headers=web.bearer).text


def test_an_auditor_finds_the_logs_and_their_keys(web: WebHouse) -> None:
    answer = web.client.get("/logs/")
    (log,) = answer.json()["logs"]
    assert answer.headers["access-control-allow-origin"] == "*"
    assert (log["name"], log["state"], log["current"], log["size"]) == (web.env.log.name, "open", True, SIZE)
    note = web.client.get(log["checkpoint"]).text
    assert open_checkpoint(note, log=log["vkey"]).checkpoint.origin == log["origin"]
    assert web.client.get(at(web, "")).json() == log
    assert web.client.get("/logs/nowhere/").status_code == 404
