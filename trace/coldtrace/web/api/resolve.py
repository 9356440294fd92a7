"""What a scanned text is here, and voiding codes."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from pydantic import Field, model_validator

from coldtrace.codes.foreign_scheme import load_schemes
from coldtrace.custody import voiding
from coldtrace.goods.firms import firms_of_units
from coldtrace.rights.model import Kind, Verb
from coldtrace.watch import scans
from coldtrace.watch.scans import AskedScan
from coldtrace.web.access import Caller, CallerLang, CurrentEnv, CurrentSettings, WriteSession, needs
from coldtrace.web.api.body import BodyIn

router = APIRouter(prefix="/api/v1/codes", tags=["codes"])

Voider = Annotated[Caller, needs(Kind.CODE, Verb.WRITE, devices=False, act="void")]


class ScanIn(BodyIn):
    """A text as the scanner gave it, or as somebody keyed it in."""

    text: str = Field(min_length=1, max_length=8100)


class VoidIn(BodyIn):
    """One code by its text, or numbers of a roll written as `17-23, 40`; and why.

    `bound` also voids labels of rolls that are bound to a lot, which may be on goods.
    """

    text: str | None = Field(default=None, max_length=8100)
    roll: UUID | None = None
    numbers: str | None = Field(default=None, max_length=10_000)
    reason: str = Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")
    bound: bool = False

    @model_validator(mode="after")
    def _one_way(self) -> "VoidIn":
        by_roll = self.roll is not None and self.numbers is not None
        if (self.text is None) != by_roll or (self.roll is None) != (self.numbers is None):
            raise ValueError("text, or roll with numbers")
        return self


@router.post("/resolve", summary="What is this code? 识别编码")
def post_resolve(
    body: ScanIn,
    caller: Annotated[Caller, needs(Kind.CODE, Verb.READ, shows=(Kind.UNIT,))],
    session: WriteSession,
    env: CurrentEnv,
    settings: CurrentSettings,
    lang: CallerLang,
) -> dict[str, object]:
    """Say what a scanned or keyed-in text is here; what nothing reads is kept as a case.

    `resolver` is what read it, `name` what it names here, `also` other readings that name nothing here.  409
    `ambiguous_code` when two readings name different things; 400 for a mistyped number or short code.  `state` and
    `site` of a unit are null unless the caller may see the statement that brought it there; a product or a lot has a
    `name` for whoever has part in an import of it.
    """
    asked = AskedScan(
        text=body.text,
        by=caller.actor,
        scope=caller.scope_for(Kind.UNIT, Verb.READ),
        gln=None if caller.device is None else caller.device.gln,
        operator_id=None if caller.device is not None else caller.organisation,
    )
    schemes = load_schemes(settings.foreign_schemes)
    answered = scans.answer_scan(session, env, asked, schemes=schemes)
    caller.named(body.text)
    caller.at([answered.resolution.site])
    return answered.to_json(lang)


@router.post("/void", summary="Void codes 作废标签")
def post_void(
    body: VoidIn,
    caller: Voider,
    session: WriteSession,
    env: CurrentEnv,
) -> dict[str, object]:
    """Void labels that were never used or were spoiled: all of them or none.  Needs a token.

    409 `in_circulation` names the first one that is on goods; those are held or recalled instead. 409 `label_bound`
    names one that has a lot, unless `bound` is true.
    """
    if body.text is not None:
        units = [voiding.unit_named(session, body.text, caller.scope)]
    else:
        assert body.roll is not None, "the model has seen to it"
        units = voiding.units_numbered(session, body.roll, body.numbers or "", caller.scope)
    done = voiding.void_units(session, env, units, caller.scope, reason=body.reason, bound=body.bound)
    caller.named(body.roll or body.text)
    caller.about(*firms_of_units(session, units))
    caller.told(voided=len(done.units))
    return {"voided": len(done.units), "already": done.already, "reason": body.reason, "units": list(done.units[:1000])}
