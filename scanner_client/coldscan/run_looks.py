"""`coldscan status`, `verify`, `export` and `doctor`: they look, and change nothing."""

from collections.abc import Mapping
from contextlib import closing
from datetime import timedelta

from coldscan import cache
from coldscan.ages import say_age
from coldscan.cache import Name
from coldscan.certificate_end import CertificateEnd
from coldscan.device import read_offset
from coldscan.knowledge import load_knowledge
from coldscan.local_time import local_time
from coldscan.refusals import NotEnrolled, StoreFault
from coldscan.session import COULD_NOT_RUN, FINDINGS, OK, Session
from coldscan.store import open_store, open_to_look
from coldtrace.errors import Words

STATUS = Words(
    "{site} · 未发送 {unsent} · 已发送 {sent} · 被拒 {refused} · 信任名单 {age}前签发 · 上次同步 {last_sync}",
    "{site} · unsent {unsent} · sent {sent} · refused {refused} · trust list issued {age} ago · last sync {last_sync}",
)
OLDEST = Words("最早的未发送记录：{age}前（{at}）", "Oldest unsent: {age} ago ({at})")
MARKED = Words(
    "{become}：第 {seq} 条 {type}，{at}，{unit}：{said}", "{become}: number {seq}, {type}, {at}, {unit}: {said}"
)
BECOME = {"sent": Words("已收下，未生效", "Kept, without effect"), "refused": Words("被拒", "Refused")}
AGE = Words("信任名单：{age}前签发，此后的状态未知", "Trust list issued {age} ago; status unknown since")
VALID = Words("签名有效", "Signature valid")


def run_status(session: Session) -> int:
    """Print how the device stands; 2 if it is not enrolled."""
    from coldscan.status import ending_of, status_of

    if not session.state.store.exists():
        raise NotEnrolled(path=str(session.state.root))
    with closing(open_store(session.state)) as connection:
        status = status_of(connection, now=session.clock(), steady=session.steady)
        fixed = cache.get(connection, Name.OFFSET)
        ending = ending_of(connection, now=session.clock(), steady=session.steady)
    offset = None if fixed is None else read_offset(fixed)
    session.tell(status, _status_words(session, status, offset, ending))
    return OK if status["enrolled"] else COULD_NOT_RUN


def run_verify(session: Session, *, text: str) -> int:
    """Print the offline verdict on one text; 0 only for `valid`."""
    from coldscan.verdict import judge
    from coldtrace.codes.scan import read_scan
    from coldtrace.errors import Refusal
    from coldtrace.verify.code import Verdict

    with closing(open_store(session.state)) as connection:
        knowledge = load_knowledge(connection, known=None)
        try:
            serial = read_scan(text).serial
        except Refusal:
            serial = None
        known = None if serial is None else cache.known_uri(connection, serial)
    finding = judge(known or text, knowledge=knowledge, now=session.clock())
    say = finding.say_refused(session.lang) if finding.refusal else VALID.say(session.lang)
    value: dict[str, object] = {
        "text": text,
        "verdict": finding.verdict.value,
        "ais": dict(finding.code.elements) if finding.passes and finding.code else {},
        "kid": finding.kid,
        "list_age_s": finding.list_age_s,
        "list_expired": knowledge.is_stale(session.clock()),
        "stops_unknown": knowledge.lacks_stops(session.clock()),
        "say": say,
    }
    age = say_age(finding.list_age_s, session.lang)
    icon = "✔" if finding.verdict is Verdict.VALID else "✖"
    session.tell(value, f"{icon} {say}\n{AGE.say(session.lang, age=age)}")
    return OK if finding.verdict is Verdict.VALID else FINDINGS


def run_export(session: Session, *, wire: bool) -> int:
    """Print the raw queue."""
    from coldscan.export import export_lines

    if not session.state.store.exists():
        raise NotEnrolled(path=str(session.state.root))
    for line in export_lines(session.state, wire=wire):
        print(line)
    return OK


def run_doctor(session: Session) -> int:
    """Print every check; 1 if any failed."""
    from coldscan.doctor import NAMES, Patient, examine

    fault = None
    try:
        opened = open_store(session.state)
    except StoreFault as refusal:
        if not session.state.store.exists():
            raise
        fault, opened = refusal, open_to_look(session.state)
    with closing(opened) as connection:
        patient = Patient(
            connection=connection,
            state=session.state,
            passphrase=session.passphrase,
            lang=session.lang,
            clock=session.clock,
            steady=session.steady,
            fault=fault,
        )
        checks = examine(patient)
    ok = all(each.result != "failed" for each in checks)
    icons = {"passed": "✔", "warning": "!", "failed": "✖", "not_checked": "·"}
    lines = [f"{icons[each.result]} {NAMES[each.name].say(session.lang)}: {each.reason}" for each in checks]
    session.tell({"ok": ok, "checks": [vars(each) for each in checks]}, "\n".join(lines))
    return OK if ok else FINDINGS


def _short(unit: str | None) -> str:
    """Return what a person finds on the label: the short code, or the number as it is."""
    from coldtrace.codes.short_code import format_short_code, is_short_code

    serial = "" if unit is None else unit.rpartition("(21)")[2]
    return format_short_code(serial) if is_short_code(serial) else unit or "-"


def _status_words(
    session: Session, status: Mapping[str, object], offset: timedelta | None, ending: CertificateEnd | None
) -> str:
    from coldscan.server_words import say_answer
    from coldscan.status import WARNINGS
    from coldscan.words_looks import TYPE_NAMES
    from coldtrace.events.statement_type import StatementType

    lang = session.lang

    def local(at: object) -> str:
        return "-" if at is None else local_time(str(at), offset)

    site = status["site"]
    name = site["name_zh" if lang == "zh" else "name_en"] if isinstance(site, dict) else "-"
    age = status["list_age_s"]
    lines = [
        STATUS.say(
            lang,
            site=str(name),
            unsent=str(status["unsent"]),
            sent=str(status["sent"]),
            refused=str(status["refused"]),
            age=say_age(age, lang) if isinstance(age, int) else "-",
            last_sync=local(status["last_sync"]),
        )
    ]
    oldest = status["oldest_unsent_age_s"]
    if isinstance(oldest, int):
        lines.append(OLDEST.say(lang, age=say_age(oldest, lang), at=local(status["oldest_unsent_at"])))
    marked = status["marked"]
    for each in marked if isinstance(marked, list) else []:
        lines.append(
            MARKED.say(
                lang,
                seq=each["seq"],
                become=BECOME[each["state"]].say(lang) if each["state"] in BECOME else "-",
                type=TYPE_NAMES[StatementType(each["type"])].say(lang),
                at=local(each["at"]),
                unit=_short(each["unit"]),
                said=say_answer(each["code"], each["reason"], lang),
            )
        )
    warnings = status["warnings"]
    lines += [f"! {WARNINGS[each].say(lang)}" for each in warnings] if isinstance(warnings, list) else []
    lines += [f"! {ending.say(lang)}"] if ending is not None and ending.is_near else []
    return "\n".join(lines)
