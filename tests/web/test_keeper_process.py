"""The two ends of the process that keeps the logs: what it says is heard, and one that cannot live is told of."""

import pickle
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from coldtrace.cli import keeper_process
from coldtrace.cli.keeper_process import KeeperProcess, Work, work_of
from coldtrace.db.roles import SEQUENCER
from coldtrace.ledger.keeper import KeeperSettings, Said
from coldtrace.ledger.refusals import QuorumMissing
from coldtrace.seal.cosignature import witness_vkey
from coldtrace.seal.keys import Ed25519Signer
from coldtrace.seal.witness_policy import KnownWitness, k_of_n
from support.web_house import WebHouse


def settings(folder: Path) -> KeeperSettings:
    return KeeperSettings(data_dir=folder, tick_s=0.02, publish_every_s=0.02, strict=True, public_entries=False)


def until(reached: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 300
    while not reached():
        assert time.monotonic() < deadline, "it never came so far"
        time.sleep(0.02)


def test_a_refusal_travels_whole() -> None:
    sent = QuorumMissing(name="x", size=5, cosigned=1, quorum=2)
    said = Said(publishing={"x": sent})
    came = pickle.loads(pickle.dumps(said))
    (heard,) = came.troubles
    assert (type(heard), heard.facts, heard.say("zh")) == (QuorumMissing, sent.facts, sent.say("zh"))
    assert came.holds_up("x")
    assert not came.holds_up("y")


def test_what_keeps_it_from_signing_is_heard_and_it_ends_when_told(web: WebHouse, tmp_path: Path) -> None:
    """Strict, with a witness that nobody can reach."""
    vkey = witness_vkey(name="w.example", spki=Ed25519Signer.generate().spki)
    known = KnownWitness(vkey=vkey, url="http://127.0.0.1:9")
    policy = k_of_n(1, [known])
    url = web.engine.url.render_as_string(hide_password=False)
    work = work_of(replace(web.env, policy=policy), settings(tmp_path), url=url, role=SEQUENCER)
    keeper = KeeperProcess(work)
    keeper.start()
    try:
        until(lambda: bool(keeper.said().signing))
        assert [each.code for each in keeper.said().signing.values()] == ["witnesses_silent"]
        assert keeper.said().holds_up(web.env.log.name)
        assert keeper._process is not None
        assert web.env.keyring.folder.name not in Path(f"/proc/{keeper._process.pid}/cmdline").read_text()
    finally:
        keeper.stop()
    assert keeper._process is None


def test_one_that_cannot_live_is_told_of_and_started_again_with_pauses(
    web: WebHouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(keeper_process, "FIRST_PAUSE_S", 0.01)
    url = web.engine.url.render_as_string(hide_password=False)
    work: Work = work_of(web.env, settings(tmp_path), url=url, role=SEQUENCER)
    keeper = KeeperProcess(replace(work, url="nothing"))
    keeper.start()
    try:
        until(lambda: caplog.text.count("ended by itself") == 2)
        (away,) = keeper.said().troubles
        assert away.code == "log_keeper_away"
        assert away.facts["exit"] in (1, -9)  # its own end, or ours when its own took too long
        assert keeper.said().holds_up(web.env.log.name)
        assert "in 0.02 s" in caplog.text
    finally:
        keeper.stop()
    assert keeper._process is None
