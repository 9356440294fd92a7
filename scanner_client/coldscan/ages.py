"""Spans of time in words."""

from coldtrace.errors import Lang, Words

_DAYS = Words("{days} 天 {hours} 小时", "{days} d {hours} h")
_HOURS = Words("{hours} 小时 {minutes} 分", "{hours} h {minutes} min")
_MINUTES = Words("{minutes} 分钟", "{minutes} min")


def say_age(seconds: int, lang: Lang) -> str:
    """Return a span as people say it.

    >>> say_age(11_400, "en")
    '3 h 10 min'
    """
    minutes = max(0, seconds) // 60
    hours, days = minutes // 60, minutes // 1440
    if days:
        return _DAYS.say(lang, days=days, hours=hours % 24)
    if hours:
        return _HOURS.say(lang, hours=hours, minutes=minutes % 60)
    return _MINUTES.say(lang, minutes=minutes)
