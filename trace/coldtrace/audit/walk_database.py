"""The walk through the database: steps 1 to 6, and 7 where the log is served too."""

from collections import deque
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from itertools import groupby

from coldtrace.audit.database import Database, LeafRow, PublishedRow
from coldtrace.audit.finding_words import FindingCode
from coldtrace.audit.growth import Growth
from coldtrace.audit.heads import check_line
from coldtrace.audit.leaf_text import Leaf
from coldtrace.audit.leaves import header_hash
from coldtrace.audit.pieces import Gone, Read
from coldtrace.audit.served import Comparison
from coldtrace.audit.tree import Node
from coldtrace.audit.trust_lists import Lists
from coldtrace.audit.walk import Task, Walked
from coldtrace.audit.work import Told, Work
from coldtrace.audit.workers import AT_ONCE, Workers, workers
from coldtrace.errors import Refusal
from coldtrace.seal.b64 import unb64
from coldtrace.seal.checkpoint import open_checkpoint
from coldtrace.seal.note import split_note


class DatabaseWalk:
    """One walk.  `comparison` is None when nothing is served."""

    def __init__(self, task: Task, database: Database, comparison: Comparison | None) -> None:
        self._task, self._database, self._comparison = task, database, comparison
        self._report = task.report
        self._lists = Lists(database, task.report, root=task.root)
        self._leaves = task.leaves(self._lists.enrolment_keys, net=self._lists.net)
        self._has_other_logs = database.has_other_logs()
        if self._has_other_logs:
            # A device that another log has seen enrolled speaks in this one too.
            self._leaves.know_certificates(database.certificates())
        self._gone: dict[str, tuple[str, Gone]] = {}
        self._told: list[Told] = []

    def run(self, *, now: datetime, promise: timedelta) -> Walked | None:
        """Walk all leaves and then what hangs on them; None if the log is shorter than what was saved."""
        newest = self._database.newest_checkpoint()
        if self._task.is_shorter(self._database.log.size, "" if newest is None else newest.note):
            return None
        self._report.check(1, 2, 3, 4, 5)
        if self._task.pieces:
            self._report.check(6)
        if not self._task.signatures:
            self._report.note("device signatures: left out as asked / 按要求未检查设备签名")
        growth = self._task.growth(self._stored_hashes, self._stored_checkpoints())
        self._walk(growth)
        self._task.finish(growth)
        if self._comparison is not None:
            self._report.check(7)
            self._comparison.finish()
        self._check_cosignatures()
        walked = Walked(
            tree=growth.tree,
            note="" if newest is None else newest.note,
            keys=self._leaves.keys_to_json(),
            chains=self._leaves.chains.to_json(),
            lists=max(self._leaves.lists, default=0),
        )
        self._check_head(walked)
        self._check_waiting(now, promise)
        self._check_ends()
        return walked

    def _walk(self, growth: Growth) -> None:
        """Go from leaf to leaf; what is dear runs behind, and the chains follow when it has caught up."""
        task, database = self._task, self._database
        dear = task.pieces or task.signatures
        with workers(
            database.snapshot,
            database.pieces,
            processes=task.processes if dear else 1,
            statements=database.log.size - task.first,
        ) as helpers:
            behind: deque[tuple[list[Told], int]] = deque()
            expected = task.first
            for batch in database.leaves(expected):
                expected = self._check_rows(batch, expected)
                hashes = [row.leaf_hash for row in batch]
                completed: list[Node] = []
                growth.extend(hashes, completed.extend)
                self._check_nodes(completed)
                if self._comparison is not None:
                    self._comparison.leaves(batch[0].at, hashes, [row.leaf for row in batch])
                    self._comparison.nodes(completed)
                for told, work in self._parts():
                    while helpers.is_full:
                        self._follow(helpers, behind)
                    helpers.give(work)
                    behind.append((told, growth.tree.size))
                task.progress(behind[0][1] if behind else growth.tree.size, database.log.size)
            while behind:
                self._follow(helpers, behind)

    def _check_rows(self, batch: Sequence[LeafRow], expected: int) -> int:
        """Check the rows of a batch and their texts; return the index that must come next."""
        for row in batch:
            if row.at != expected:
                last = row.at - 1
                self._report.find(FindingCode.LEAF_MISSING, expected if last == expected else f"{expected}-{last}")
            expected = row.at + 1
            if row.leaf is None:
                self._report.find(FindingCode.ENTRY_MISSING, row.at)
                continue
            digest = sha256(b"\x00" + row.leaf).digest()
            if digest != row.leaf_hash:
                self._report.find(FindingCode.LEAF_HASH, row.at)
            if digest != row.entry_hash:
                self._report.find(FindingCode.ENTRY_HASH, row.entry_id.hex())
            self._look(self._leaves.read(row.leaf, str(row.at)), row.entry_id, row.day, str(row.at))
        return expected

    def _look(self, leaf: Leaf | None, entry_id: bytes, day: str | None, where: str) -> None:
        """Compare an entry with its leaf, and keep a statement for what is still to be checked of it."""
        if leaf is None:
            return
        if leaf.day != day:
            self._report.find(FindingCode.ENTRY_DAY, where)
        if leaf.header is None:
            return
        if leaf.header.id.replace("-", "") != entry_id.hex():
            self._report.find(FindingCode.ENTRY_ID, where)
        self._told.append(Told(where, entry_id, leaf.header, header_hash(leaf)))

    def _parts(self) -> Iterator[tuple[list[Told], Work]]:
        """Give the statements that were kept, in parts, with the work that they make."""
        told, self._told = self._told, []
        signatures = self._leaves.take_signatures()
        for first in range(0, len(told), AT_ONCE):
            part = told[first : first + AT_ONCE]
            # As many of the one as of the other, in order, but for statements whose key is unknown.
            yield part, Work(signatures[first : first + AT_ONCE], part if self._task.pieces else ())
        assert len(signatures) <= len(told), "only a statement has a signature"

    def _follow(self, helpers: Workers, behind: "deque[tuple[list[Told], int]]") -> None:
        """Take back the oldest part and continue the devices' chains with it."""
        done = helpers.take()
        told, size = behind.popleft()
        self._report.merge(done.report)
        for where, entry_id, header, here in told:
            read = done.reads.get(entry_id, Read())
            if read.gone is not None:
                self._gone[here] = (where, read.gone)
            self._leaves.chains.add(header.key, here=here, prev=header.prev, seq=read.seq, where=where)
        self._task.progress(size, self._database.log.size)

    def _check_nodes(self, completed: Sequence[Node]) -> None:
        for level, group in groupby(sorted(completed), key=lambda node: node.level):
            nodes = list(group)
            stored = self._database.nodes(level, nodes[0].at, nodes[-1].at - nodes[0].at + 1)
            for node in nodes:
                if node.at not in stored:
                    self._report.find(FindingCode.NODE_MISSING, f"{level}/{node.at}")
                elif stored[node.at] != node.hash:
                    self._report.find(FindingCode.NODE_WRONG, f"{level}/{node.at}")

    def _stored_checkpoints(self) -> Iterator[tuple[int, bytes]]:
        """Give size and root of each stored checkpoint, its signature checked on the way."""
        for row in self._database.checkpoints(self._task.first):
            try:
                head = open_checkpoint(row.note, log=self._task.vkey).checkpoint
            except Refusal:
                self._report.find(FindingCode.CHECKPOINT_SIGNATURE, row.size)
            else:
                if (head.size, head.root) != (row.size, row.root):
                    self._report.find(FindingCode.CHECKPOINT_COLUMNS, row.size)
            yield row.size, row.root

    def _check_cosignatures(self) -> None:
        policy = self._task.policy
        for size, witness, key_id, line, note in self._database.cosignatures(self._task.first):
            if not policy.witnesses:
                self._report.note(
                    "stored cosignatures: give --witness-policy / 已存见证签名未检查，请用 --witness-policy"
                )
                return
            where = f"{size} {witness}"
            try:
                text, (parsed,) = split_note(f"{split_note(note or '')[0]}\n{line}")
            except (Refusal, ValueError):
                self._report.find(FindingCode.COSIGNATURE_BAD, where)
                continue
            if check_line(parsed, text, str(size), policy, self._report) and (parsed.name, parsed.key_id) != (
                witness,
                key_id,
            ):
                self._report.find(FindingCode.COSIGNATURE_BAD, where)

    def _check_head(self, walked: Walked) -> None:
        log, tree = self._database.log, walked.tree
        if (log.size, log.root) != (tree.size, tree.root()):
            self._report.find(FindingCode.HEAD_WRONG, f"{log.size}, {tree.size}")
        if log.frontier != tree.size.to_bytes(8, "big") + b"".join(tree.edge):
            self._report.find(FindingCode.FRONTIER_WRONG, tree.size)
        newest = self._database.newest_checkpoint()
        if newest is None or newest.size != tree.size:
            self._report.find(FindingCode.HEAD_UNSIGNED, tree.size)
        published = self._database.published()
        if published is not None and not self._is_signed(published):
            self._report.find(FindingCode.PUBLISHED_WRONG, published.size)
        for level, (count, highest) in self._database.node_counts().items():
            owed = tree.size >> 8 * level
            if count > owed or highest >= owed:
                self._report.find(FindingCode.NODE_EXTRA, level)
            elif count < owed and self._task.first:
                self._report.find(FindingCode.NODE_MISSING, f"{level}: {count} < {owed}")

    def _is_signed(self, published: PublishedRow) -> bool:
        """Tell whether the log has signed what is noted as published, as one of its checkpoints."""
        try:
            head = open_checkpoint(published.note, log=self._task.vkey).checkpoint
        except Refusal:
            return False
        return (head.size, head.root) == (published.size, published.root) and published.root == published.signed_root

    def _check_waiting(self, now: datetime, promise: timedelta) -> None:
        database = self._database
        for code, ids in (
            (FindingCode.LEAF_REPEATED, database.repeated_entries()),
            (FindingCode.ENTRY_LOST, database.lost_entries()),
            (FindingCode.STATEMENT_LOST, database.lost_statements()),
            (FindingCode.PENDING_WRONG, database.wrong_pending()),
            (FindingCode.PIECE_ORPHAN, database.orphan_pieces()),
        ):
            for each in ids:
                self._report.find(code, each)
        helpers = Workers(None, parts=1, pieces=database.pieces)
        for number, (entry_id, data, day, is_late) in enumerate(database.pending(since=now - promise), 1):
            if is_late:
                self._report.find(FindingCode.PENDING_OVERDUE, entry_id)
            where = f"pending {entry_id}"
            self._look(self._leaves.read(data, where), bytes.fromhex(entry_id.replace("-", "")), day, where)
            if number % AT_ONCE == 0:
                self._finish(helpers)
        self._finish(helpers)

    def _finish(self, helpers: Workers) -> None:
        """Do all work that was kept."""
        for told, work in self._parts():
            helpers.give(work)
            self._follow(helpers, deque([(told, self._database.log.size)]))

    def _check_ends(self) -> None:
        """Judge what only the whole log can tell: erasures, chains, trust lists."""
        for here, (where, gone) in self._gone.items():
            if not gone.is_covered_by(self._leaves.erased.get(here, frozenset())):
                self._report.find(FindingCode.ERASED_UNRECORDED, where)
        missing = self._leaves.chains.missing()
        kept = self._database.known_headers([unb64(each) for each in missing])
        for prev, where in missing.items():
            is_here = kept.get(unb64(prev))
            if is_here is False:
                continue  # the device's chain began in another log of this installation
            if is_here:
                self._report.note(
                    f"leaf {where}: two statements of one device follow the same one / 同一设备的两条记录接在同一条之后"
                )
            else:
                self._report.find(FindingCode.CHAIN_BROKEN, where)
        above = 0 if self._task.start is None else self._task.start.lists
        if self._has_other_logs:
            above = max(self._lists.hashes, default=0)  # which log has an older list is not for this one to say
        self._lists.compare(self._leaves.lists, self._report, above=above)

    def _stored_hashes(self, level: int, first: int, count: int) -> Sequence[bytes]:
        found = self._database.hashes(level, first, count)
        return [found[at] for at in range(first, first + count) if at in found]
