"""Clocks, limits and states of complaints, and what is left of a photo."""

import io
from datetime import date, datetime

import pytest
from PIL import Image

from coldtrace.settings import SettingInvalid
from coldtrace.watch.complaint_photo import SCANS_MAX, SIDE_MAX, clean_photo, scans_of
from coldtrace.watch.complaint_refusals import ComplaintNotThere, PhotoTooLarge, PhotoUnreadable
from coldtrace.watch.complaint_rules import (
    ComplaintDays,
    ComplaintLimits,
    ComplaintState,
    accept_by,
    answer_by,
    require_state,
)
from coldtrace.working_days import LOCAL, WorkingDays
from support.complaints import picture

LIMIT = 4 * 1024 * 1024
USUAL, NEW_YEAR = WorkingDays(), WorkingDays(holidays=[date(2027, 1, 1)])
WORKED = WorkingDays(holidays=[date(2027, 1, 1)], worked=[date(2026, 12, 26), date(2027, 1, 3)])


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LOCAL)


@pytest.mark.parametrize(
    ("came", "days", "working", "last"),
    [
        # 27 November 2026 is a Friday.
        ("2026-11-23T09:00", 1, USUAL, "2026-11-24"),
        ("2026-11-27T23:59", 1, USUAL, "2026-11-30"),
        ("2026-11-28T08:00", 1, USUAL, "2026-11-30"),
        ("2026-11-27T09:00", 7, USUAL, "2026-12-08"),
        ("2026-12-31T09:00", 1, NEW_YEAR, "2027-01-04"),
        ("2026-12-31T09:00", 0, NEW_YEAR, "2026-12-31"),
        # The Saturday before it and the Sunday after are worked instead.
        ("2026-12-25T09:00", 1, WORKED, "2026-12-26"),
        ("2026-12-25T09:00", 2, WORKED, "2026-12-28"),
        ("2026-12-31T09:00", 1, WORKED, "2027-01-03"),
    ],
)
def test_working_days(came: str, days: int, working: WorkingDays, last: str) -> None:
    assert accept_by(at(came), ComplaintDays(accept=days), working) == at(f"{last}T23:59:59")


def test_a_day_is_no_holiday_and_worked() -> None:
    with pytest.raises(SettingInvalid) as caught:
        WorkingDays(holidays=[date(2027, 1, 1)], worked=[date(2027, 1, 1), date(2027, 1, 3)])
    assert caught.value.facts["name"] == "COLDTRACE_COMPLAINT_WORKED_DAYS"
    assert "2027-01-01" in caught.value.say("zh")


def test_a_day_is_the_offices_day() -> None:
    late_on_sunday = datetime.fromisoformat("2026-11-29T17:00:00+00:00")  # Monday there
    assert accept_by(late_on_sunday, ComplaintDays(accept=1), USUAL) == at("2026-12-01T23:59:59")


def test_the_answer_is_due_sixty_days_after_it_was_accepted() -> None:
    assert answer_by(at("2026-11-30T10:00"), ComplaintDays()) == at("2027-01-29T23:59:59")


def test_clocks_and_limits_are_chosen_one_by_one() -> None:
    assert ComplaintDays.of({"answer": 45}) == ComplaintDays(accept=7, answer=45, publish=7)
    assert ComplaintLimits.of({"visitor": 1}) == ComplaintLimits(
        visitor=1, network=20, network_code=3, network_unproven=5, code=20, unproven=200
    )
    with pytest.raises(SettingInvalid) as caught:
        ComplaintDays.of({"anwser": 45})
    assert caught.value.facts["name"] == "COLDTRACE_COMPLAINT_DAYS"
    with pytest.raises(SettingInvalid):
        ComplaintLimits.of({"visitors": 1})


def test_a_step_needs_its_state() -> None:
    require_state("x", ComplaintState.ACCEPTED, ComplaintState.ACCEPTED, ComplaintState.IN_WORK)
    with pytest.raises(ComplaintNotThere) as caught:
        require_state("x", ComplaintState.CLOSED, ComplaintState.ACCEPTED, ComplaintState.IN_WORK)
    assert caught.value.facts == {"id": "x", "state": "closed", "wanted": "accepted, in_work"}


def test_nothing_but_dots_is_left_of_a_photo() -> None:
    exif = Image.Exif()
    exif[0x010F] = "PHONE OF HAN MEIMEI"
    exif[0x0112] = 6  # lies on its side
    exif.get_ifd(0x8825)[2] = (39.0, 8.0, 1.0)  # GPSLatitude
    sent = picture((400, 300), exif=exif, comment=b"SECRET NOTE", icc_profile=b"PROFILE")
    assert b"HAN MEIMEI" in sent
    assert b"SECRET NOTE" in sent
    kept = clean_photo(sent, limit_bytes=LIMIT)
    with Image.open(io.BytesIO(kept.jpeg)) as seen:
        assert not seen.getexif()
        assert {"exif", "comment", "icc_profile"}.isdisjoint(seen.info)
        # Upright: the phone's turn was carried out.
        assert seen.size == (kept.width, kept.height) == (300, 400)
    assert not any(secret in kept.jpeg for secret in (b"HAN MEIMEI", b"SECRET NOTE", b"PROFILE"))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_a_large_photo_is_made_small_enough_to_keep(kind: str) -> None:
    kept = clean_photo(picture((4000, 1000), kind), limit_bytes=LIMIT)
    assert (kept.width, kept.height) == (SIDE_MAX, SIDE_MAX // 4)
    assert kept.jpeg.startswith(b"\xff\xd8")


def test_what_shines_through_is_white() -> None:
    out = io.BytesIO()
    Image.new("RGBA", (9, 9), (0, 0, 0, 0)).save(out, "PNG")
    with Image.open(io.BytesIO(clean_photo(out.getvalue(), limit_bytes=LIMIT).jpeg)) as seen:
        assert seen.getpixel((4, 4)) == (255, 255, 255)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"GIF89a",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"%PDF-1.7",
        picture(kind="GIF"),
        picture(kind="TIFF"),
        picture((300, 300))[:400],
        b"\xff\xd8\xff" + bytes(100),
    ],
)
def test_what_is_no_photo_is_refused_and_nothing_else_happens(data: bytes) -> None:
    with pytest.raises(PhotoUnreadable):
        clean_photo(data, limit_bytes=LIMIT)


def test_too_many_bytes_or_dots_are_refused_before_they_are_decoded() -> None:
    with pytest.raises(PhotoTooLarge):
        clean_photo(picture(), limit_bytes=100)
    wide = io.BytesIO()
    Image.new("1", (8000, 7000)).save(wide, "PNG")
    with pytest.raises(PhotoTooLarge) as caught:
        clean_photo(wide.getvalue(), limit_bytes=LIMIT)
    assert caught.value.facts == {"mib": 4, "mpx": 50}
    # One picture of many scans: the last one, which some bytes say, again and again.
    whole = picture((64, 64), progressive=True)
    assert 1 < scans_of(whole) <= SCANS_MAX
    assert clean_photo(whole, limit_bytes=LIMIT).width == 64
    last = whole[whole.rindex(b"\xff\xda") : -2]
    with pytest.raises(PhotoUnreadable):
        clean_photo(whole[:-2] + last * SCANS_MAX + whole[-2:], limit_bytes=LIMIT)
    bomb = io.BytesIO()
    Image.new("1", (30_000, 10_000)).save(bomb, "PNG")
    with pytest.raises(PhotoTooLarge):
        clean_photo(bomb.getvalue(), limit_bytes=LIMIT)
