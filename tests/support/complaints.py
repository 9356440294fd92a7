"""Complaints for tests: made as the page makes them, and moved on as an office does."""

import io
from uuid import UUID

from PIL import Image
from sqlmodel import Session

from coldtrace.env import Env
from coldtrace.parties.model import Site
from coldtrace.rights.model import EVERYTHING
from coldtrace.watch import complaint_work
from coldtrace.watch.complaint_photo import Photo, clean_photo
from coldtrace.watch.complaint_rules import ComplaintDays, ComplaintLimits, Outcome, Subject
from coldtrace.watch.complaint_work import NewComplaint, Publish
from coldtrace.watch.complaints import complaint_of_receipt
from coldtrace.working_days import WorkingDays

DAYS, LIMITS, WORKING = ComplaintDays(), ComplaintLimits(), WorkingDays()
SAID, CONTACT, SHOP = "箱子里的肉有异味", "han.meimei@example.cn", "街角小店"
PLACE_CODE = "https://trace.example.cn/414/9521234000044"


def new_complaint(env: Env, *, district: str = "120103", **other: object) -> NewComplaint:
    """Return a complaint as it comes from the page; other facts by name."""
    usual: dict[str, object] = {
        "form_id": env.new_id(),
        "visitor": env.random(16),
        "network": env.random(16),
        "subject": Subject.SPOILED,
        "code": PLACE_CODE,
        "verdict": "valid",
        "proven": f"{PLACE_CODE}#{env.new_id()}",
        "unit_id": None,
        "product_zh": "冷冻牛腩",
        "product_en": "Frozen beef brisket",
        "gln": None,
        "district": district,
        "shop": SHOP,
        "said": SAID,
        "contact": CONTACT,
        "lang": "zh",
        "photo": small_photo(),
    }
    return NewComplaint(**(usual | other))  # type: ignore[arg-type]


def make_complaint(session: Session, env: Env, site: Site, *done: str) -> UUID:
    """Make a complaint about a site and move it on by `accept` and `close`."""
    new = new_complaint(env, district=site.district, gln=site.gln)
    receipt = complaint_work.submit(session, env, new, days=DAYS, limits=LIMITS, working=WORKING)
    found = complaint_of_receipt(session, receipt)
    assert found is not None
    id = found.complaint_id
    if "accept" in done:
        complaint_work.accept(session, env, EVERYTHING, id, by="tests", days=DAYS)
    if "close" in done:
        complaint_work.close(
            session,
            env,
            EVERYTHING,
            id,
            by="tests",
            outcome=Outcome.SETTLED,
            answer="已退款",
            publish=Publish(respondent="一家店"),
            days=DAYS,
        )
    return id


def picture(size: tuple[int, int] = (40, 30), kind: str = "JPEG", **save: object) -> bytes:
    """Return a picture as a phone would send it."""
    out = io.BytesIO()
    Image.new("RGB", size, (200, 30, 30)).save(out, kind, **save)
    return out.getvalue()


def small_photo() -> Photo:
    """Return a photo as it is kept."""
    return clean_photo(picture(), limit_bytes=1024 * 1024)
