"""The page of one code run: what is made of it, and the forms of whoever may print, replace and void its labels."""

from dataclasses import dataclass

from coldtrace.errors import Words
from coldtrace.web.pages.sheet import Section
from coldtrace.web.pages.views import DeskView, LabelChoice, PrintLine, RollNumbers, RunLine


@dataclass(frozen=True, kw_only=True)
class RunView(DeskView):
    """One code run with what is being made of it.  The page asks again by itself while something is going on."""

    run: RunLine
    kid: str
    jobs: tuple[PrintLine, ...] = ()
    downloads: tuple[LabelChoice, ...] = ()
    reprints: int = 0
    void: str = ""
    """Numbers of labels whose codes are void, as ranges; empty where there are none."""
    roll: RollNumbers | None = None
    roll_url: str | None = None
    forms: tuple[Section, ...] = ()
    notice: Words | None = None
    problem: Words | None = None

    @property
    def is_busy(self) -> bool:
        """Whether codes are being drawn or labels made."""
        return not self.run.is_drawn or any(job.state == "running" for job in self.jobs)

    @property
    def keeps_up(self) -> bool:
        """Whether the page asks again by itself: not the answer to a form, whose address is no page."""
        return self.is_busy and self.notice is None and self.problem is None
