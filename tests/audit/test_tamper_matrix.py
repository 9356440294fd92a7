"""The tamper matrix: whatever an operator with every right on the database changes is found.

Each case changes the database as a superuser would, triggers off, and names what an audit of the database alone must
find.  What a database alone cannot show is in `test_rewritten_history.py`, what is served in `test_served_files.py`.
"""

import json
from collections.abc import Callable
from datetime import timedelta

import pytest

from coldtrace.audit.finding_words import FindingCode as F
from coldtrace.audit.service import Order, audit
from coldtrace.events.private_piece import erase_fields, read_erased, read_private
from coldtrace.seal.checkpoint import parse_checkpoint, sign_checkpoint
from coldtrace.seal.cosignature import cosign, witness_vkey
from coldtrace.seal.note import signature_of, split_note
from coldtrace.seal.root_document import parse_root, sign_root_change, write_root
from coldtrace.seal.trust_list import sign_trust_list
from coldtrace.seal.witness_policy import KnownWitness, WitnessPolicy, k_of_n
from support.audited_log import AuditedLog
from support.ticking import START
from support.tlog_vectors import signer

WITNESS = "witness.example/one"
POLICY = k_of_n(0, [KnownWitness(vkey=witness_vkey(name=WITNESS, spki=signer("witness one").spki))])


def found(log: AuditedLog, *, policy: WitnessPolicy | None = None, later: timedelta = timedelta(0)) -> set[F]:
    """Return what an audit of the database alone finds."""
    order = Order(database_url=log.url, vkey=log.vkey, policy=policy or WitnessPolicy())
    return set(audit(order, now=lambda: START + later).report.counts)


def flip(table: str, column: str, where: str, at: int = 20) -> Callable[[AuditedLog], object]:
    """Return a change of one bit in a column of bytes."""
    sql = f"UPDATE {table} SET {column} = set_byte({column}, {at}, get_byte({column}, {at}) # 1) WHERE {where}"
    return lambda log: log.run(sql)


def delete_leaf(log: AuditedLog) -> None:
    log.run("DELETE FROM ledger_leaf WHERE leaf_index = 100")


def delete_and_renumber(log: AuditedLog) -> None:
    delete_leaf(log)
    with log.root() as connection:
        connection.execute("UPDATE ledger_leaf SET leaf_index = -leaf_index WHERE leaf_index > 100")
        connection.execute("UPDATE ledger_leaf SET leaf_index = -leaf_index - 1 WHERE leaf_index < 0")


def duplicate(log: AuditedLog) -> None:
    log.run("ALTER TABLE ledger_leaf DROP CONSTRAINT ledger_leaf_log_id_entry_id_key")
    log.run(
        "INSERT INTO ledger_leaf SELECT log_id, (SELECT count(*) FROM ledger_leaf), entry_id, leaf_hash"
        " FROM ledger_leaf WHERE leaf_index = 100"
    )


def make_room(log: AuditedLog, at: int) -> None:
    with log.root() as connection:
        connection.execute("UPDATE ledger_leaf SET leaf_index = -leaf_index - 1 WHERE leaf_index >= %s", (at,))
        connection.execute("UPDATE ledger_leaf SET leaf_index = -leaf_index WHERE leaf_index < 0")


def insert_in_the_middle(log: AuditedLog) -> None:
    make_room(log, 100)
    log.run(
        "INSERT INTO ledger_entry SELECT 1, gen_random_uuid(), leaf || ' ', sha256('\\x00'::bytea || leaf || ' '),"
        " now() FROM ledger_entry LIMIT 1"
    )
    log.run(
        "INSERT INTO ledger_leaf SELECT 1, 100, entry_id, leaf_hash FROM ledger_entry e WHERE NOT EXISTS"
        " (SELECT FROM ledger_leaf l WHERE l.entry_id = e.entry_id)"
    )


def drop_last_leaves(log: AuditedLog) -> None:
    """Drop the last leaves and sign a shorter log; the entries stay behind."""
    log.run("DELETE FROM ledger_leaf WHERE leaf_index >= 300")
    log.forge()


def wait(log: AuditedLog) -> None:
    """Put an entry into the queue, as if it had just come: one more leaf about the first trust list."""
    log.run(
        "INSERT INTO ledger_entry SELECT 1, gen_random_uuid(), leaf, leaf_hash, now() FROM ledger_entry"
        " WHERE entry_id = %s",
        log.entry(log.place("trust", nth=0)),
    )
    log.run(
        "INSERT INTO ledger_pending (log_id, entry_id, leaf_hash) SELECT 1, entry_id, leaf_hash FROM ledger_entry e"
        " WHERE NOT EXISTS (SELECT FROM ledger_leaf l WHERE l.entry_id = e.entry_id)"
    )


def drop_pending(log: AuditedLog) -> None:
    wait(log)
    log.run("DELETE FROM ledger_pending")


def pending_with_another_hash(log: AuditedLog) -> None:
    wait(log)
    log.run("UPDATE ledger_pending SET leaf_hash = sha256('x')")


def drop_without_a_trace(log: AuditedLog) -> None:
    """Drop an entry, its leaf and pieces, close the gap and sign it: the device's chain has a hole."""
    place = log.place("cte1", nth=40)
    entry = log.entry(place)
    for table in ("statement_piece", "ledger_leaf", "ledger_entry"):
        log.run(f"DELETE FROM {table} WHERE entry_id = %s", entry)
    with log.root() as connection:
        connection.execute("UPDATE ledger_leaf SET leaf_index = -leaf_index WHERE leaf_index > %s", (place,))
        connection.execute("UPDATE ledger_leaf SET leaf_index = -leaf_index - 1 WHERE leaf_index < 0")
    log.forge()


def change_a_statement_and_sign(log: AuditedLog) -> None:
    """Change what a device has said and derive everything anew: the device's signature is left behind."""
    log.run(
        "UPDATE ledger_entry SET leaf = convert_to(replace(convert_from(leaf, 'UTF8'), 'uw\\\":16', 'uw\\\":32'), "
        "'UTF8') WHERE entry_id = %s",
        log.entry(log.place("cte1")),
    )
    log.forge()


def change_spelling_and_sign(log: AuditedLog) -> None:
    log.run("UPDATE ledger_entry SET leaf = leaf || ' ' WHERE entry_id = %s", log.entry(log.place("trust", nth=1)))
    log.forge()


def other_id(log: AuditedLog) -> None:
    entry = log.entry(log.place("cte1"))
    with log.root() as connection:
        for table in ("ledger_entry", "ledger_leaf", "statement_piece", "statement"):
            connection.execute(
                f"UPDATE {table} SET entry_id = 'ffffffff-0000-7000-8000-000000000001' WHERE entry_id = %s", (entry,)
            )


def enrol_late(log: AuditedLog) -> None:
    """Let a device's first statement come before its enrolment, and sign it."""
    enrolled = log.place("enrol", nth=0)
    log.swap(enrolled, log.place("cte1", nth=0))
    log.forge()


def forge_an_enrolment(log: AuditedLog) -> None:
    log.run(
        "UPDATE ledger_entry SET leaf = convert_to(replace(convert_from(leaf, 'UTF8'), 'cold_store', 'distributor'),"
        " 'UTF8') WHERE convert_from(leaf, 'UTF8') LIKE '%%cold_store%%'"
    )
    log.forge()


def cosignature(log: AuditedLog, line: str, key_id: bytes) -> None:
    size = max(log.sizes())
    log.run("INSERT INTO ledger_cosignature VALUES (1, %s, %s, %s, now(), %s)", size, WITNESS, key_id, line)


def cosign_as(log: AuditedLog, name: str, key: str, *, size: int | None = None) -> None:
    text = split_note(log.note(size or max(log.sizes())))[0]
    line = cosign(text, name=name, signer=signer(key), at_s=int(START.timestamp()))
    cosignature(log, line.to_line(), line.key_id)


def cosign_as_a_log(log: AuditedLog) -> None:
    line = signature_of(split_note(log.note(max(log.sizes())))[0], name=WITNESS, signer=signer("witness one"))
    cosignature(log, line.to_line(), line.key_id)


def sign_with_another_key(log: AuditedLog) -> None:
    size = log.sizes()[3]
    note = sign_checkpoint(parse_checkpoint(split_note(log.note(size))[0]), signer("thief"))
    log.run("UPDATE ledger_checkpoint SET note = %s WHERE tree_size = %s", note, size)


def two_roots_of_one_size(log: AuditedLog) -> None:
    """Sign another root for a size in the middle; the columns agree with the new note."""
    with log.root() as connection:
        log._sign(connection, log.sizes()[3], bytes(range(32)))


def checkpoint_beyond(log: AuditedLog) -> None:
    with log.root() as connection:
        log._sign(connection, max(log.sizes()) + 5, bytes(range(32)))


def note_of_another_size(log: AuditedLog) -> None:
    one, two = log.sizes()[2:4]
    log.run("UPDATE ledger_checkpoint SET note = %s WHERE tree_size = %s", log.note(one), two)


def erase_silently(log: AuditedLog) -> None:
    log.run(
        "UPDATE statement_piece SET bytes = NULL, erased_at = now() WHERE piece = 'private' AND entry_id = %s",
        log.entry(log.place("cte1")),
    )


def wait_since_another_day(log: AuditedLog) -> None:
    wait(log)
    log.run("UPDATE ledger_entry e SET received_at = '2020-01-01' FROM ledger_pending p WHERE e.entry_id = p.entry_id")


def publish(
    *, size: int | None = None, root: bytes | None = None, note: str | None = None
) -> Callable[[AuditedLog], None]:
    """Return a change of what is noted as published: all as it was signed but for what is given."""

    def change(log: AuditedLog) -> None:
        signed = log.sizes()[2]
        ((good,),) = log.run("SELECT root FROM ledger_checkpoint WHERE tree_size = %s", signed)
        log.run("DELETE FROM ledger_published")
        log.run(
            "INSERT INTO ledger_published (log_id, tree_size, root, note, published_at) VALUES (1, %s, %s, %s, now())",
            size or signed,
            root or good,
            note or log.note(signed),
        )

    return change


ERASED = "(SELECT entry_id FROM statement_piece WHERE erased_at IS NOT NULL)"


def erase_more(log: AuditedLog, *names: str) -> None:
    """Erase more fields of the piece of which the log says that `site` was."""
    entry, data = log.run("SELECT entry_id, bytes FROM statement_piece WHERE erased_at IS NOT NULL")[0]
    fewer = erase_fields(read_erased(data.decode()), names)
    log.run("UPDATE statement_piece SET bytes = %s WHERE piece = 'private' AND entry_id = %s", fewer.encode(), entry)


def erase_without_a_time(log: AuditedLog) -> None:
    """Erase a field of another statement and leave no time of it."""
    entry = log.entry(log.place("cte1"))
    ((data,),) = log.run("SELECT bytes FROM statement_piece WHERE piece = 'private' AND entry_id = %s", entry)
    fewer = erase_fields(read_private(data.decode()), ["site"])
    log.run("UPDATE statement_piece SET bytes = %s WHERE piece = 'private' AND entry_id = %s", fewer.encode(), entry)


def misshape(kind: str, pattern: str, by: str) -> Callable[[AuditedLog], object]:
    """Return a change of the text of a leaf of a kind, signed anew."""

    def change(log: AuditedLog) -> None:
        log.run(
            "UPDATE ledger_entry SET leaf = convert_to(regexp_replace(convert_from(leaf, 'UTF8'), %s, %s), 'UTF8')"
            " WHERE entry_id = %s",
            pattern,
            by,
            log.entry(log.place(kind, nth=0)),
        )
        log.forge()

    return change


def erase_and_drop_the_entry_of_it(log: AuditedLog) -> None:
    """Drop the last leaf, which says what was erased, and sign."""
    last = max(log.sizes()) - 1
    log.run("DELETE FROM ledger_entry WHERE entry_id = %s", log.entry(last))
    log.run("DELETE FROM ledger_leaf WHERE leaf_index = %s", last)
    log.forge()


def salt(log: AuditedLog) -> None:
    log.run(
        "UPDATE statement_piece SET bytes = convert_to(regexp_replace(convert_from(bytes, 'UTF8'),"
        ' \'"salt":".{22}"\', \'"salt":"AAAAAAAAAAAAAAAAAAAAAA"\'), \'UTF8\')'
        " WHERE piece = 'private' AND entry_id = %s",
        log.entry(log.place("cte1")),
    )


def exchange_pieces(log: AuditedLog) -> None:
    """Give a statement the public piece of another."""
    one, two = log.entry(log.place("cte1", nth=3)), log.entry(log.place("cte1", nth=4))
    log.run(
        "UPDATE statement_piece SET bytes = (SELECT bytes FROM statement_piece WHERE piece = 'public'"
        " AND entry_id = %s) WHERE piece = 'public' AND entry_id = %s",
        one,
        two,
    )


def other_list(log: AuditedLog) -> None:
    log.run("UPDATE trust_list SET envelope = (SELECT envelope FROM trust_list WHERE seq = 2) WHERE seq = 1")


def sign_list_with_another_root(log: AuditedLog) -> None:
    """Let a stranger sign a list in the place of the root; its text, which the log has the hash of, stays."""
    text = json.loads(log.run("SELECT envelope FROM trust_list WHERE seq = 1")[0][0])["list"]
    forged = json.dumps(sign_trust_list(text, {"r1": signer("thief")}), ensure_ascii=False)
    log.run("UPDATE trust_list SET envelope = %s WHERE seq = 1", forged)


def sign_list_with_nothing(log: AuditedLog) -> None:
    log.run("UPDATE trust_list SET envelope = (envelope::jsonb || '{\"sigs\": []}')::text WHERE seq = 2")


def change_the_root_alone(log: AuditedLog) -> None:
    """Put another root behind the first, agreed to by itself alone."""
    first = parse_root(log.run("SELECT root FROM root_version")[0][0])
    thief = signer("thief")
    new = write_root(roots={"r1": thief.spki}, threshold=1, previous=first)
    change = json.dumps(sign_root_change(new, [("r1", thief)]))
    log.run("INSERT INTO root_version VALUES (2, %s, %s, now())", new.text, change)


def sql(text: str) -> Callable[[AuditedLog], object]:
    """Return a change that is one statement."""
    return lambda log: log.run(text)


def duplicate_and_sign(log: AuditedLog) -> None:
    duplicate(log)
    log.forge()


def cosign_another_size(log: AuditedLog) -> None:
    cosign_as(log, WITNESS, "witness one", size=log.sizes()[3])


CTE = "entry_id = (SELECT entry_id FROM statement ORDER BY entry_id LIMIT 1)"
NEWEST = "tree_size = (SELECT max(tree_size) FROM ledger_checkpoint)"
ORPHAN = "INSERT INTO statement_piece VALUES (1, gen_random_uuid(), 'public', '')"
MATRIX: dict[str, tuple[Callable[[AuditedLog], object], set[F]]] = {
    "a bit of a leaf": (flip("ledger_entry", "leaf", CTE), {F.LEAF_HASH, F.ENTRY_HASH}),
    "a bit of an entry's hash": (flip("ledger_entry", "leaf_hash", CTE), {F.ENTRY_HASH}),
    "a bit of a leaf's hash": (flip("ledger_leaf", "leaf_hash", CTE), {F.LEAF_HASH, F.CHECKPOINT_ROOT, F.HEAD_WRONG}),
    "a bit of a public piece": (flip("statement_piece", "bytes", f"piece = 'public' AND {CTE}"), {F.PIECE_WRONG}),
    "a bit of a private piece": (flip("statement_piece", "bytes", f"piece = 'private' AND {CTE}"), {F.PIECE_WRONG}),
    "a bit of a units piece": (flip("statement_piece", "bytes", f"piece = 'units' AND {CTE}"), {F.PIECE_WRONG}),
    "a salt": (salt, {F.PIECE_WRONG}),
    "the piece of another statement": (exchange_pieces, {F.PIECE_WRONG}),
    "a piece deleted": (sql(f"DELETE FROM statement_piece WHERE piece = 'units' AND {CTE}"), {F.PIECE_MISSING}),
    "a piece erased without saying so": (erase_silently, {F.ERASED_UNRECORDED}),
    "all pieces gone of which one field was erased": (
        sql(f"UPDATE statement_piece SET bytes = NULL, erased_at = now() WHERE entry_id = {ERASED}"),
        {F.ERASED_UNRECORDED},
    ),
    "a private piece gone of which one field was erased": (
        sql(f"UPDATE statement_piece SET bytes = NULL WHERE piece = 'private' AND entry_id = {ERASED}"),
        {F.ERASED_UNRECORDED},
    ),
    "a public piece gone of which one private field was erased": (
        sql(f"UPDATE statement_piece SET bytes = NULL WHERE piece = 'public' AND entry_id = {ERASED}"),
        {F.ERASED_UNRECORDED},
    ),
    "another field erased than the log says": (lambda log: erase_more(log, "seq"), {F.ERASED_UNRECORDED}),
    "a field erased, and no time of it": (erase_without_a_time, {F.ERASED_UNRECORDED}),
    "the number of a trust list is none": (
        misshape("trust", r'seq\\":\d+', r'seq\\":null'),
        {F.LEAF_TEXT, F.LIST_WRONG},
    ),
    "the fields of an erasure are none": (
        misshape("erase", r'fields\\":\[.*?\]', r'fields\\":null'),
        {F.LEAF_TEXT, F.ERASED_UNRECORDED},
    ),
    "the entry of an erasure dropped": (erase_and_drop_the_entry_of_it, {F.ERASED_UNRECORDED}),
    "a time of receipt": (sql(f"UPDATE ledger_entry SET received_at = '2020-01-01' WHERE {CTE}"), {F.ENTRY_DAY}),
    "a time of receipt without end": (
        sql(f"UPDATE ledger_entry SET received_at = 'infinity' WHERE {CTE}"),
        {F.ENTRY_DAY},
    ),
    "a time of receipt of what waits": (wait_since_another_day, {F.ENTRY_DAY}),
    "a published note that is none": (publish(note="junk"), {F.PUBLISHED_WRONG}),
    "a published size that was never signed": (publish(size=7), {F.PUBLISHED_WRONG}),
    "a published root that was never signed": (publish(root=bytes(32)), {F.PUBLISHED_WRONG}),
    "a statement of another installation": (
        misshape("cte1", r'net\\":\\"....', r'net\\":\\"AAAA'),
        {F.LEAF_NET, F.LEAF_SIGNATURE},
    ),
    "a piece of nothing": (sql(ORPHAN), {F.PIECE_ORPHAN}),
    "a bit of a node": (flip("ledger_node", "hash", "level = 1 AND idx = 0"), {F.NODE_WRONG}),
    "a node deleted": (sql("DELETE FROM ledger_node"), {F.NODE_MISSING}),
    "a node too many": (sql("INSERT INTO ledger_node VALUES (1, 1, 1, sha256('x'))"), {F.NODE_EXTRA}),
    "a level too many": (sql("INSERT INTO ledger_node VALUES (1, 2, 0, sha256('x'))"), {F.NODE_EXTRA}),
    "a bit of a checkpoint's root": (
        flip("ledger_checkpoint", "root", "tree_size > 100"),
        {F.CHECKPOINT_COLUMNS, F.CHECKPOINT_ROOT},
    ),
    "a letter of a checkpoint's note": (
        sql("UPDATE ledger_checkpoint SET note = replace(note, 'a', 'b')"),
        {F.CHECKPOINT_SIGNATURE},
    ),
    "the note of another size": (note_of_another_size, {F.CHECKPOINT_COLUMNS}),
    "a checkpoint signed with another key": (sign_with_another_key, {F.CHECKPOINT_SIGNATURE}),
    "two different checkpoints of one size": (two_roots_of_one_size, {F.CHECKPOINT_ROOT}),
    "a checkpoint beyond the leaves": (checkpoint_beyond, {F.CHECKPOINT_BEYOND, F.HEAD_UNSIGNED}),
    "the newest checkpoint deleted": (sql(f"DELETE FROM ledger_checkpoint WHERE {NEWEST}"), {F.HEAD_UNSIGNED}),
    "a bit of the head's root": (flip("ledger_head", "root", "true"), {F.HEAD_WRONG}),
    "the head's size": (sql("UPDATE ledger_head SET tree_size = tree_size - 1"), {F.HEAD_WRONG}),
    "a bit of the frontier": (flip("ledger_head", "frontier", "true"), {F.FRONTIER_WRONG}),
    "a leaf deleted": (delete_leaf, {F.LEAF_MISSING, F.ENTRY_LOST, F.CHECKPOINT_ROOT}),
    "a leaf deleted and the rest renumbered": (delete_and_renumber, {F.ENTRY_LOST, F.CHECKPOINT_ROOT, F.HEAD_WRONG}),
    "an entry deleted": (
        sql(f"DELETE FROM ledger_entry WHERE {CTE}"),
        {F.ENTRY_MISSING, F.STATEMENT_LOST, F.PIECE_ORPHAN},
    ),
    "two leaves swapped": (lambda log: log.swap(100, 101), {F.CHECKPOINT_ROOT, F.HEAD_WRONG}),
    "a leaf twice": (duplicate, {F.LEAF_REPEATED, F.HEAD_WRONG}),
    "a leaf twice, signed": (duplicate_and_sign, {F.LEAF_REPEATED}),
    "a leaf put in the middle": (insert_in_the_middle, {F.CHECKPOINT_ROOT, F.HEAD_WRONG}),
    "a gap in the numbers": (lambda log: make_room(log, 100), {F.LEAF_MISSING}),
    "a pending row dropped": (drop_pending, {F.ENTRY_LOST}),
    "a pending row with another hash": (pending_with_another_hash, {F.PENDING_WRONG}),
    "the last leaves dropped and signed": (drop_last_leaves, {F.ENTRY_LOST}),
    "a statement dropped without a trace": (drop_without_a_trace, {F.STATEMENT_LOST, F.CHAIN_BROKEN}),
    "a statement changed and signed": (change_a_statement_and_sign, {F.LEAF_SIGNATURE}),
    "a leaf spelt otherwise and signed": (change_spelling_and_sign, {F.LEAF_TEXT}),
    "an entry under another id": (other_id, {F.ENTRY_ID}),
    "a statement before its enrolment": (enrol_late, {F.LEAF_KEY_UNKNOWN}),
    "an enrolment changed and signed": (forge_an_enrolment, {F.ENROLMENT_BAD, F.LEAF_KEY_UNKNOWN}),
    "a trust list exchanged": (other_list, {F.LIST_WRONG}),
    "a trust list dropped": (sql("DELETE FROM trust_list WHERE seq = 1"), {F.LIST_WRONG}),
    "a trust list signed by a stranger": (sign_list_with_another_root, {F.LIST_UNSIGNED}),
    "a trust list signed by nobody": (sign_list_with_nothing, {F.LIST_UNSIGNED}),
    "a root that the one before has not signed": (change_the_root_alone, {F.ROOT_WRONG}),
    "the first root dropped": (sql("DELETE FROM root_version"), {F.LIST_UNSIGNED}),
    "a cosignature by a stranger": (lambda log: cosign_as(log, "other.example", "other"), {F.COSIGNATURE_STRANGER}),
    "a cosignature by another key": (lambda log: cosign_as(log, WITNESS, "other"), {F.COSIGNATURE_STRANGER}),
    "a cosignature of another size": (cosign_another_size, {F.COSIGNATURE_BAD}),
    "a cosignature of a log's kind": (cosign_as_a_log, {F.COSIGNATURE_KIND}),
    "a cosignature that is none": (lambda log: cosignature(log, "nothing", b"1234"), {F.COSIGNATURE_BAD}),
    "another log key in the database": (sql("UPDATE ledger_log SET vkey = replace(vkey, '+', '-')"), {F.OTHER_KEY}),
}


@pytest.mark.parametrize("name", MATRIX)
def test_it_is_found(log: AuditedLog, name: str) -> None:
    tamper, expected = MATRIX[name]
    tamper(log)
    assert expected <= found(log, policy=POLICY)


def test_nothing_is_found_where_nothing_was_done(log: AuditedLog) -> None:
    cosign_as(log, WITNESS, "witness one")
    publish()(log)
    assert found(log, policy=POLICY) == set()


def test_a_copy_that_was_derived_anew_is_the_same(log: AuditedLog) -> None:
    """The forger of these tests does it right: what it derives from honest leaves is clean."""
    before = log.note(max(log.sizes()))
    log.forge()
    assert log.note(max(log.sizes())) == before
    assert found(log) == set()


def test_who_waits_longer_than_was_promised_is_found(log: AuditedLog) -> None:
    log.run(
        "INSERT INTO ledger_entry SELECT 1, gen_random_uuid(), leaf, leaf_hash, %s FROM ledger_entry LIMIT 1", START
    )
    log.run(
        "INSERT INTO ledger_pending (log_id, entry_id, leaf_hash) SELECT 1, entry_id, leaf_hash FROM ledger_entry e"
        " WHERE NOT EXISTS (SELECT FROM ledger_leaf l WHERE l.entry_id = e.entry_id)"
    )
    assert found(log, later=timedelta(seconds=59)) == set()
    assert found(log, later=timedelta(seconds=61)) == {F.PENDING_OVERDUE}
