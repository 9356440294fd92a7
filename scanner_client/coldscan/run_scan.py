"""`coldscan scan`."""

import sqlite3
import sys
from contextlib import closing

from coldscan import words
from coldscan.answer import Answer, Result
from coldscan.bench import Bench, open_bench
from coldscan.commands import set_counterparty, set_operation
from coldscan.fault_words import say_fault
from coldscan.lanes import own_lane
from coldscan.line_reader import lines_of
from coldscan.loop import Printer, line_printer, panel_printer, print_json, run, warnings_of
from coldscan.operation import NAMES, Operation, read_operation
from coldscan.panel import BELL
from coldscan.refusals import BadOption, OperationNotAllowed, StoreFault
from coldscan.session import FINDINGS, OK, Session
from coldscan.store import open_store
from coldtrace.codes.gln import parse_gln


def run_scan(
    session: Session,
    *,
    operation: str | None,
    lane: str | None,
    to: str | None,
    to_name: str | None,
    quiet: bool,
) -> int:
    """Answer the lines of standard input until it ends; 1 if any was refused or could not be stored."""
    try:
        return _scan(session, operation=operation, lane=lane, to=to, to_name=to_name, quiet=quiet)
    except (StoreFault, sqlite3.Error) as fault:
        # The store cannot even be opened, as on a full disk: whoever holds the gun hears it in the words of a scan.
        reason = str(fault.facts["reason"]) if isinstance(fault, StoreFault) else str(fault)
        print(words.NOT_STORED.say(session.lang, reason=say_fault(reason, session.lang)), file=sys.stderr)
        raise


def _scan(
    session: Session, *, operation: str | None, lane: str | None, to: str | None, to_name: str | None, quiet: bool
) -> int:
    with closing(open_store(session.state)) as connection, own_lane(session.state, lane) as lane_name:
        bench = open_bench(
            session.state,
            connection,
            passphrase=session.passphrase,
            lane=lane_name,
            lang=session.lang,
            clock=session.clock,
            steady=session.steady,
        )
        if operation is not None:
            _start(bench, operation)
        if to is not None or to_name is not None:
            set_counterparty(bench, gln=None if to is None else parse_gln(to), name=to_name)
        for warning in warnings_of(bench):
            print(warning, file=sys.stderr)
        printer = _printer(session, bench, quiet=quiet)
        clean = run(bench, lines_of(sys.stdin.fileno()), sys.stdout, printer)
    return OK if clean else FINDINGS


def _start(bench: Bench, text: str) -> None:
    try:
        operation = read_operation(text)
    except ValueError:
        raise BadOption(option="--operation", example=", ".join(Operation)) from None
    if operation.value not in bench.device.operations:
        raise OperationNotAllowed(operation=NAMES[operation].say(bench.lang))
    set_operation(bench, operation)


def _printer(session: Session, bench: Bench, *, quiet: bool) -> Printer:
    if session.as_json:
        return print_json
    if not sys.stdout.isatty():
        return line_printer(bench)
    printer = panel_printer(bench)
    ready = Answer(text="", verdict="ready", result=Result.NOTED, say=words.READY.say(session.lang))
    print(printer(ready).replace(BELL, ""), end="", flush=True)
    return (lambda answer: printer(answer).replace(BELL, "")) if quiet else printer
