"""Refusals: answers that a caller can cause and act on, the same offline and behind HTTP.

A refusal has a stable `code` and facts.  Its words stand beside it in Chinese and English as templates over
those facts, so that every door (HTTP, command line, handheld) says the same thing in the caller's language.
It never knows an HTTP status: `web/problems.py` owns that table.
"""

from typing import ClassVar, Literal, NamedTuple

Lang = Literal["zh", "en"]
Fact = str | int | bool | None


class Words(NamedTuple):
    """One sentence in both languages; `{name}` stands for a fact."""

    zh: str
    en: str

    def say(self, lang: Lang, **facts: Fact) -> str:
        """Return the sentence of `lang` with the facts filled in."""
        return (self.zh if lang == "zh" else self.en).format(**facts)


class Refusal(Exception):
    """Base of all refusals.  Subclasses set `code`, `title` and `detail`; raise them with their facts by name.

    >>> class TooLong(Refusal):
    ...     code = "too_long"
    ...     title = Words("太长", "Too long")
    ...     detail = Words("最多 {limit} 个字。", "At most {limit} characters.")
    >>> TooLong(limit=20).say("en")
    'At most 20 characters.'
    """

    code: ClassVar[str] = "refused"
    title: ClassVar[Words] = Words("未接受", "Refused")
    detail: ClassVar[Words] = Words("请求未被接受。", "The request was refused.")

    def __init__(self, **facts: Fact) -> None:
        self.facts = facts
        super().__init__(f"{self.code}: {self.detail.say('en', **facts)}")

    def say(self, lang: Lang) -> str:
        """Return the full sentence: what is wrong, where, and what to do."""
        return self.detail.say(lang, **self.facts)
