"""The demo world's papers: a policy that warns, one paper that is there and one that is not."""

from coldtrace.cli.demo.papers import add_papers, sample_paper
from coldtrace.goods.paper_bytes import PDF, media_type_of
from coldtrace.goods.paper_policies import lacking_papers
from support.road import Road


def test_one_paper_is_there_and_of_the_other_the_policy_warns(road: Road) -> None:
    id = road.consignment().consignment_id
    add_papers(road.session, road.env)
    add_papers(road.session, road.env)
    assert (road.count("paper"), road.count("paper_policy")) == (1, 1)
    lacking = lacking_papers(road.session, id, at=road.env.clock())
    assert [(each.kind.value, each.level.value) for each in lacking] == [("quarantine_certificate", "warn")]
    assert media_type_of(sample_paper("x")) == PDF
