"""Signed heads that the leaves must lead to: of the log as served, of its witnesses, of the auditor's own memory."""

from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass

from coldtrace.audit.finding import Report
from coldtrace.audit.finding_words import FindingCode
from coldtrace.audit.refusals import SourceUnreachable
from coldtrace.audit.served import Closed, HttpSource, Source
from coldtrace.errors import Refusal
from coldtrace.seal.add_checkpoint import monitor_path
from coldtrace.seal.checkpoint import Checkpoint, Cosignature, open_checkpoint
from coldtrace.seal.note import NoteSignature, split_note
from coldtrace.seal.vkey import LOG_KIND, Vkey, vkey_of
from coldtrace.seal.witness_policy import WitnessPolicy


@dataclass(frozen=True, kw_only=True)
class Mark:
    """At this size the tree must have this root, or there is a finding at `where` with `note` as evidence."""

    size: int
    root: bytes
    code: FindingCode
    where: str
    note: str


@dataclass(frozen=True, kw_only=True)
class ServedHead:
    """The checkpoint that a log serves, signed by it; `note` as served, with the valid ones of its cosignatures."""

    checkpoint: Checkpoint
    note: str
    cosignatures: tuple[Cosignature, ...] = ()


def witness_notes(policy: WitnessPolicy, origin: str, report: Report) -> dict[Vkey, bytes]:
    """Return what each witness of the policy shows of a log, by the witness's key; silent ones are noted.

    Not by name: two keys may share one, as after a change of keys.
    """
    found = {}
    for witness in policy.witnesses:
        if witness.url is None:
            continue
        with closing(HttpSource(witness.url, timeout_s=10)) as source:
            try:
                data = source.read(monitor_path(origin))
            except (Closed, SourceUnreachable):
                data = None
        if data is None:
            report.note(f"witness {witness.vkey.name}: no answer / 见证人没有回答")
        else:
            found[witness.vkey] = data
    return found


def witness_marks(notes: dict[Vkey, bytes], log: Vkey, report: Report) -> list[Mark]:
    """Return the heads in what the witnesses show, each signed by the log and by that witness."""
    marks = []
    for witness, note in notes.items():
        try:
            opened = open_checkpoint(note, log=log, witnesses=[witness])
        except Refusal:
            report.find(FindingCode.WITNESS_ANSWER, witness.name)
            continue
        if not opened.cosignatures:
            report.find(FindingCode.WITNESS_ANSWER, witness.name)
            continue
        head = opened.checkpoint
        marks.append(
            Mark(
                size=head.size,
                root=head.root,
                code=FindingCode.WITNESS_DIFFERS,
                where=f"{witness.name} {head.size}",
                note=note.decode("utf-8"),
            )
        )
    return marks


def served_head(source: Source, log: Vkey, policy: WitnessPolicy, report: Report) -> ServedHead | None:
    """Return the checkpoint that a log serves, with its valid cosignatures; None with a finding."""
    try:
        note = source.read("checkpoint")
    except Closed:
        note = None
    if note is None:
        report.find(FindingCode.SERVED_CHECKPOINT, "404")
        return None
    return open_served(note, log, policy, report)


def open_served(note: bytes, log: Vkey, policy: WitnessPolicy, report: Report) -> ServedHead | None:
    """Return the checkpoint of a served note; wrong lines of witnesses are findings and count for nothing."""
    try:
        opened = open_checkpoint(note, log=log)
        text, lines = split_note(note)
    except Refusal as refusal:
        report.find(FindingCode.SERVED_CHECKPOINT, refusal.code)
        return None
    names = {key.name for key in policy.vkeys}
    where = f"checkpoint {opened.checkpoint.size}"
    good = [line for line in lines if line.name in names and check_line(line, text, where, policy, report)]
    block = "".join(line.to_line() for line in lines if line.name == log.name)
    opened = open_checkpoint(
        f"{text}\n{block}{''.join(line.to_line() for line in good)}", log=log, witnesses=policy.vkeys
    )
    if not policy.is_met_by(opened.cosignatures):
        report.find(FindingCode.QUORUM_MISSED, opened.checkpoint.size)
    return ServedHead(checkpoint=opened.checkpoint, note=note.decode("utf-8"), cosignatures=opened.cosignatures)


def check_line(line: NoteSignature, text: str, where: str, policy: WitnessPolicy, report: Report) -> bool:
    """Tell whether a signature line is a valid cosignature of a witness of the policy; a finding if not."""
    key = next((each for each in policy.vkeys if (each.name, each.key_id) == (line.name, line.key_id)), None)
    if key is None:
        code = FindingCode.COSIGNATURE_KIND if _is_other_kind(line, policy.vkeys) else FindingCode.COSIGNATURE_STRANGER
        report.find(code, f"{where} {line.name}")
        return False
    if not key.verify(line.signature, text):
        report.find(FindingCode.COSIGNATURE_BAD, f"{where} {line.name}")
        return False
    return True


def _is_other_kind(line: NoteSignature, witnesses: Iterable[Vkey]) -> bool:
    """Tell whether a witness of the policy has signed here as if it were a log."""
    return any(
        vkey_of(name=each.name, spki=each.spki, kind=LOG_KIND).key_id == line.key_id
        for each in witnesses
        if each.name == line.name
    )
