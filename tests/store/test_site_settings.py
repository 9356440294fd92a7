"""What an administrator sets for a site: company prefixes that never overlap, and a quota."""

import json

import pytest
from sqlalchemy import text

from coldtrace.codes.refusals import MalformedNumber
from coldtrace.errors import Refusal
from coldtrace.parties import store
from coldtrace.parties.refusals import CompanyPrefixOverlaps, MalformedCompanyPrefix, SiteUnknown
from coldtrace.parties.site_settings import SetSite, set_site, site_settings
from support.road import PORT, STORE, Road

OTHERS = "4600001"


@pytest.fixture
def alone(road: Road) -> Road:
    """The port, with all other sites under another company's prefix."""
    road.session.execute(text("UPDATE site SET company_prefixes = ARRAY[:p] WHERE gln <> :g"), {"p": OTHERS, "g": PORT})
    return road


def test_what_is_set_stays_until_it_is_set_again(alone: Road) -> None:
    kept = set_site(alone.session, alone.env, SetSite(gln=PORT, codes_per_day=500))
    assert (kept.codes_per_day, kept.company_prefixes) == (500, ("9521234",))
    kept = set_site(alone.session, alone.env, SetSite(gln=PORT, company_prefixes=["952123456", "4500002", "952123456"]))
    assert (kept.codes_per_day, kept.company_prefixes) == (500, ("952123456", "4500002"))
    assert site_settings(alone.session)[PORT] == kept
    assert set_site(alone.session, alone.env, SetSite(gln=PORT, unlimited=True)).codes_per_day is None


def test_new_prefixes_are_published_and_the_same_ones_are_not(alone: Road) -> None:
    before = alone.count("trust_list")
    set_site(alone.session, alone.env, SetSite(gln=PORT, company_prefixes=["9521234"], codes_per_day=7))
    assert alone.count("trust_list") == before
    set_site(alone.session, alone.env, SetSite(gln=PORT, company_prefixes=["952123456"]))
    assert alone.count("trust_list") == before + 1
    row = store.newest_trust_list(alone.session)
    assert row is not None
    stations = json.loads(json.loads(row.envelope)["list"])["stations"]
    assert [station["gcp"] for station in stations if station["gln"] == PORT] == [["952123456"]]


@pytest.mark.parametrize(
    ("command", "refusal"),
    [
        (SetSite(gln=PORT, company_prefixes=["952"]), MalformedCompanyPrefix),
        (SetSite(gln=PORT, company_prefixes=["9521234567890"]), MalformedCompanyPrefix),
        (SetSite(gln=PORT, company_prefixes=["９５２１２３４"]), MalformedCompanyPrefix),
        (SetSite(gln=PORT, company_prefixes=[]), MalformedCompanyPrefix),
        (SetSite(gln=PORT, company_prefixes=["46000012"]), CompanyPrefixOverlaps),
        (SetSite(gln=PORT, company_prefixes=["4600"]), CompanyPrefixOverlaps),
        (SetSite(gln=PORT, company_prefixes=["9521", "95212"]), CompanyPrefixOverlaps),
        (SetSite(gln="9521234000198", codes_per_day=1), SiteUnknown),
        (SetSite(gln="9521234000199", codes_per_day=1), MalformedNumber),
    ],
)
def test_what_cannot_be_set(alone: Road, command: SetSite, refusal: type[Refusal]) -> None:
    before = site_settings(alone.session)
    with pytest.raises(refusal):
        set_site(alone.session, alone.env, command)
    alone.session.expire_all()
    assert site_settings(alone.session) == before


def test_sites_of_one_company_share_its_prefix(alone: Road) -> None:
    kept = set_site(alone.session, alone.env, SetSite(gln=PORT, company_prefixes=[OTHERS]))
    assert kept.company_prefixes == site_settings(alone.session)[STORE].company_prefixes == (OTHERS,)
