"""Papers of the demo world: a policy that warns, and one paper of the consignment; the other is still to come."""

from sqlmodel import Session

from coldtrace.env import Env
from coldtrace.errors import Words
from coldtrace.goods.consignments import list_consignments
from coldtrace.goods.paper_policies import NewPolicy, add_policy, list_policies
from coldtrace.goods.paper_rules import Need, NeedLevel, PaperKind, PolicyScope
from coldtrace.goods.papers import DeclarePaper, declare_paper
from coldtrace.rights.model import EVERYTHING
from coldtrace.working_days import LOCAL

MADE_BY = "demo"


def add_papers(session: Session, env: Env) -> None:
    """Add both, once: a world that is told again has them already."""
    if not list_policies(session, limit=1):
        add_policy(
            session,
            env,
            NewPolicy(
                name="frozen-meat",
                title=Words("冷冻肉类（演示）", "Frozen meat (demo)"),
                scope=PolicyScope(hs_chapters=frozenset({"02"})),
                needs=[
                    Need(kind=PaperKind.QUARANTINE_CERTIFICATE, level=NeedLevel.WARN),
                    Need(kind=PaperKind.HEALTH_CERTIFICATE, level=NeedLevel.WARN),
                ],
                begins=env.clock().astimezone(LOCAL).date(),
            ),
            by=MADE_BY,
        )
    for consignment in list_consignments(session, EVERYTHING, limit=1):
        data = sample_paper("Health certificate (example, not a real one)")
        declare_paper(
            session,
            env,
            EVERYTHING,
            DeclarePaper(
                consignment_id=consignment.consignment_id,
                kind=PaperKind.HEALTH_CERTIFICATE,
                issuer="MAPA (demo)",
                number="BR-DEMO-0001",
                file_name="health-certificate.pdf",
                data=data,
            ),
            by=MADE_BY,
            limit_bytes=len(data),
        )


def sample_paper(title: str) -> bytes:
    """Return a PDF of one page that says what it is (ASCII)."""
    drawn = f"BT /F1 18 Tf 72 720 Td ({title}) Tj ET".encode("ascii")
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R"
        b" /Resources << /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawn), drawn),
    )
    out, places = bytearray(b"%PDF-1.4\n"), []
    for number, each in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % place for place in places)
    out += b"trailer\n<< /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return bytes(out)
