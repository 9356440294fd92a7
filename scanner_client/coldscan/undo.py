"""Taking back the last scan: a correction that stands behind it in the chain, never a deletion.

A pick that nothing was stored of yet is simply put back.  The correction says that the statement did not happen
(docs/guides/corrections.md); what it said may then be said anew.
"""

from coldscan import lanes, statements, words
from coldscan.answer import Answer, Result
from coldscan.bench import Bench
from coldscan.compose import Matter
from coldscan.operation import NAMES, Operation
from coldscan.piles import pile_in_use
from coldscan.saying import REPEAT_WITHIN
from coldscan.store import immediate
from coldtrace.events.public_piece import CorrectionMode, Corrects
from coldtrace.events.statement_type import StatementType
from coldtrace.seal.b64 import b64


def undo(bench: Bench, text: str) -> Answer:
    """Take back what was scanned last on this lane: the last pick, else the last statement that still stands.

    Each UNDO goes one further back.  A statement of before this shift is the desk's to correct.
    """
    name, pile = bench.lane.name, pile_in_use(bench)
    if pile is not None and lanes.pile_size(bench.connection, name, pile):
        with immediate(bench.connection):
            lanes.put_back(bench.connection, name, pile)
        left = lanes.pile_size(bench.connection, name, pile)
        return _answer(bench, text, Result.NOTED, words.PUT_BACK.say(bench.lang, count=left))
    if StatementType.CORRECT.value not in bench.device.operations:
        say = words.NOT_ALLOWED.say(bench.lang, operation=words.UNDO.say(bench.lang))
        return _answer(bench, text, Result.STOP, say, code="not_allowed")
    id = None
    with immediate(bench.connection):
        last = statements.last_of(bench.connection, key=b64(bench.device.key), lane=name)
        if last is not None and bench.is_recent(last.moment, within=REPEAT_WITHIN):
            corrects = Corrects(header=last.header_hash, mode=CorrectionMode.DID_NOT_OCCUR)
            matter = Matter(type=StatementType.CORRECT, lines=[], corrects=corrects)
            id = bench.append(matter, now=bench.clock())
            statements.mark_undone(bench.connection, last.id)
            lanes.drop(bench.connection, name, lanes.unsay(bench.connection, last.id))
    if last is None:
        return _answer(bench, text, Result.LOOK, words.NOTHING_TO_UNDO.say(bench.lang), code="nothing_to_undo")
    at = bench.local_time(last.at, "%m-%d %H:%M:%S")
    if id is None:
        say = words.TOO_OLD_TO_UNDO.say(bench.lang, at=at)
        return _answer(bench, text, Result.LOOK, say, code="too_old_to_undo")
    operation = NAMES[Operation(last.type)].say(bench.lang)
    return _answer(bench, text, Result.SAVED, words.UNDONE.say(bench.lang, at=at, operation=operation), id=id)


def _answer(
    bench: Bench, text: str, result: Result, say: str, *, code: str | None = None, id: str | None = None
) -> Answer:
    return Answer(
        text=text,
        verdict="command",
        result=result,
        say=say,
        code=code,
        operation=bench.lane.operation,
        statement_id=id,
        queued=id is not None,
    )
