"""How values look to a reader: days, moments, weights, temperatures, codes in groups.  No value is ever dropped:
what cannot be read is shown as it is."""

import re
from datetime import UTC, date, datetime, timedelta, timezone

from coldtrace.errors import Lang

LOCAL = timezone(timedelta(hours=8), "UTC+08:00")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_YEAR_MONTH = re.compile(r"^([0-9]{4})-(0[1-9]|1[0-2])$")
_DAY = re.compile(r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")
_SHELF_LIFE = re.compile(r"^\s*(?:P)?([0-9]{1,4})\s*(个月|月|天|日|年|months?|days?|years?|[MDY])\s*$", re.IGNORECASE)
_UNITS = {"月": "month", "天": "day", "日": "day", "年": "year", "m": "month", "d": "day", "y": "year"}
_UNIT_ZH = {"month": "个月", "day": "天", "year": "年"}


def read_day(value: str) -> date | None:
    """Return the day that a text names as YYYY-MM-DD, None if it names none.

    >>> read_day("2026-11-05"), read_day("20261105"), read_day("2026-02-30")
    (datetime.date(2026, 11, 5), None, None)
    """
    try:
        return date.fromisoformat(value) if _DAY.match(value) else None
    except ValueError:
        return None


def day(value: str, lang: Lang) -> str:
    """Return an ISO day or month for people.

    >>> day("2026-11-05", "zh"), day("2026-11-05", "en"), day("2026-11", "en"), day("soon", "en")
    ('2026年11月5日', '5 Nov 2026', 'Nov 2026', 'soon')
    """
    month = _YEAR_MONTH.match(value)
    if month:
        year, number = int(month[1]), int(month[2])
        return f"{year}年{number}月" if lang == "zh" else f"{_MONTHS[number - 1]} {year}"
    read = read_day(value)
    if read is None:
        return value
    if lang == "zh":
        return f"{read.year}年{read.month}月{read.day}日"
    return f"{read.day} {_MONTHS[read.month - 1]} {read.year}"


def days(first: str, last: str, lang: Lang) -> str:
    """Return a stretch of days, naming year and month once if they are the same.

    >>> days("2026-11-18", "2026-11-19", "zh"), days("2026-11-18", "2026-11-19", "en")
    ('2026年11月18日–19日', '18–19 Nov 2026')
    >>> days("2026-11-30", "2026-12-01", "en"), days("2026-11-30", "2026-11-30", "en")
    ('30 Nov 2026 – 1 Dec 2026', '30 Nov 2026')
    """
    if first == last:
        return day(first, lang)
    if first[:7] == last[:7] and _DAY.match(first) and _DAY.match(last):
        if lang == "zh":
            return f"{day(first, lang)}–{int(last[8:])}日"
        return f"{int(first[8:])}–{day(last, lang)}"
    return f"{day(first, lang)} – {day(last, lang)}"


def moment(value: datetime, lang: Lang) -> str:
    """Return a moment in local time, to the minute.

    >>> moment(datetime(2026, 11, 23, 4, 5, tzinfo=UTC), "en")
    '23 Nov 2026, 12:05'
    """
    local = value.astimezone(LOCAL)
    return f"{day(local.date().isoformat(), lang)}{' ' if lang == 'zh' else ', '}{local:%H:%M}"


def hour(value: datetime, lang: Lang) -> str:
    """Return a moment to the hour only: enough to recognise one's own look-up, too little to recognise another's.

    >>> hour(datetime(2026, 11, 23, 4, 5, tzinfo=UTC), "zh")
    '2026年11月23日 12 时'
    """
    local = value.astimezone(LOCAL)
    text = day(local.date().isoformat(), lang)
    return f"{text} {local.hour} 时" if lang == "zh" else f"{text}, in the hour after {local:%H}:00"


def iso(value: datetime) -> str:
    """Return a moment for the `datetime` attribute, UTC to the second."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def weight(net_g: int, lang: Lang) -> str:
    """Return grams as kilograms without a float.

    >>> weight(19550, "zh"), weight(20000, "en"), weight(500, "en")
    ('19.55 千克', '20 kg', '0.5 kg')
    """
    whole, rest = divmod(net_g, 1000)
    text = f"{whole}.{rest:03d}".rstrip("0").rstrip(".")
    return f"{text} {'千克' if lang == 'zh' else 'kg'}"


def degrees(value_mdegc: int) -> str:
    """Return milli-degrees with one decimal and a real minus sign.

    >>> degrees(-18250)
    '−18.3 °C'
    """
    tenths = (abs(value_mdegc) + 50) // 100
    sign = "−" if value_mdegc < 0 and tenths else ""
    return f"{sign}{tenths // 10}.{tenths % 10} °C"


def shelf_life(text: str, lang: Lang) -> str:
    """Return a shelf life such as `24个月`, `24 months` or `P24M` in the reader's language, else as it is.

    >>> shelf_life("24个月", "en"), shelf_life("P1Y", "zh"), shelf_life("见包装", "en")
    ('24 months', '1 年', '见包装')
    """
    match = _SHELF_LIFE.match(text)
    if match is None:
        return text
    number, raw = int(match[1]), match[2].lower().removeprefix("个").removesuffix("s")
    unit = _UNITS.get(raw, raw)
    return f"{number} {_UNIT_ZH[unit]}" if lang == "zh" else f"{number} {unit}{'' if number == 1 else 's'}"
