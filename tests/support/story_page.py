"""The consumer's page of a story's box, rendered by the real template, for a browser to compare with its proof."""

import json
from dataclasses import replace
from datetime import datetime

from coldtrace.codes.digital_link import parse_trace_code
from coldtrace.errors import Lang
from coldtrace.events.facts import read_facts
from coldtrace.web.formats import LOCAL
from coldtrace.web.pages.code_asked import label_of
from coldtrace.web.pages.goods_facts import read_goods
from coldtrace.web.pages.journey import JourneyStep, journey_stops, temperature
from coldtrace.web.pages.views import Bilingual, ConsumerView, ProofSummary, Queries, Seller
from coldtrace.web.render import render
from coldtrace.web.status_words import Status
from support.story import NOW

SHOP_NAME = Bilingual(zh="海河生鲜店", en="Haihe Fresh Foods")


def page_view(bundle: str, *, url: str, now: datetime = NOW) -> ConsumerView:
    """Return what a truthful service shows beside a bundle."""
    parts = json.loads(bundle)
    pieces = [json.loads(each["public"]) for each in parts["statements"]]
    steps = [
        JourneyStep(
            statement_type=each["type"],
            role=each["place"]["role"],
            district=each["place"]["district"],
            date=each["date"],
            cold=each["cold"],
            by_platform=each["by"] == "gateway",
        )
        for each in pieces
    ]
    stops = journey_stops(steps)
    facts = {} if parts["facts"] is None else read_facts(parts["facts"])
    return ConsumerView(
        here="/01/09506000134352",
        host="trace.example.cn",
        status=Status.SOLD,
        decided_at=now,
        code_label=label_of(parse_trace_code(parts["code"])),
        queries=Queries(count=2, first_at=now),
        goods=read_goods(facts, today=now.astimezone(LOCAL).date()),
        journey=stops,
        temperature=temperature(steps, stops),
        seller=Seller(name=SHOP_NAME, district=pieces[-1]["place"]["district"], date=pieces[-1]["date"]),
        proof=ProofSummary(result="passed", url=url, passed=1),
    )


def story_page(bundle: str, lang: Lang, *, url: str, **changes: object) -> str:
    """Return the page as HTML; `changes` are what the service shows otherwise."""
    view = replace(page_view(bundle, url=url), **changes)  # type: ignore[arg-type]
    return render("consumer/unit.html", view, lang)
