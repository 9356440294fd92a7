"""Trust lists under changed roots: each list by the roots of its time, from the root that the auditor knows."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

from coldtrace.audit.finding_words import FindingCode as F
from coldtrace.audit.service import Order, audit
from coldtrace.db.engine import make_engine, make_sessions
from coldtrace.env import Keyring
from coldtrace.ledger.sequencer import tick
from coldtrace.parties import trust
from coldtrace.parties.roots import current_root
from coldtrace.seal.keys import Ed25519Signer, save_private_key
from coldtrace.seal.root_document import sign_root_change, write_root
from support.audited_log import AuditedLog
from support.ticking import START


def change_root(log: AuditedLog, folder: Path) -> None:
    """Change the root as an operator does, with a list of the new one, and sequence its leaf."""
    shutil.copytree(log.env.keyring.folder, folder)
    env = replace(log.env, keyring=Keyring(folder))
    new = Ed25519Signer.generate()
    save_private_key(new, folder / "root-new.pem")
    engine = make_engine(log.url)
    with make_sessions(engine).begin() as session:
        old = current_root(session)
        root = write_root(roots={"new": new.spki}, threshold=1, previous=old)
        (id,) = (each.id for each in old.roots)
        change = sign_root_change(root, [(id, env.keyring.signer("root")), ("new", new)])
        trust.adopt_root_change(session, env, json.dumps(change))
    with engine.begin() as connection:
        tick(connection, env, env.log, now=START)
    engine.dispose()


def look(log: AuditedLog, root: str | None = None) -> set[F]:
    return set(audit(Order(database_url=log.url, vkey=log.vkey, root=root), now=lambda: START).report.counts)


def test_lists_before_and_behind_a_change_of_the_root(log: AuditedLog, tmp_path: Path) -> None:
    first = str(log.run("SELECT root FROM root_version")[0][0])
    change_root(log, tmp_path / "keys")
    assert look(log) == look(log, first) == set()
    second = str(log.run("SELECT root FROM root_version WHERE version = 2")[0][0])
    assert F.ROOT_WRONG in look(log, second), "another installation's root, or not its first"
    log.run(
        "UPDATE trust_list SET envelope = (SELECT envelope FROM trust_list ORDER BY seq DESC LIMIT 1) WHERE seq = 1"
    )
    assert F.LIST_UNSIGNED in look(log, first), "old roots sign nothing behind a list of the new ones"


def test_without_a_root_the_report_says_whose_word_it_takes(log: AuditedLog) -> None:
    report = audit(Order(database_url=log.url, vkey=log.vkey), now=lambda: START).report
    assert any("--root" in note for note in report.notes)
