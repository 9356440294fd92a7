"""The proxy of the guide lets through what the service promises to take, and no header that a visitor may not set."""

import re
from pathlib import Path

from coldtrace.settings import Settings
from coldtrace.web.api import papers
from coldtrace.web.pages import complain, desk_papers

GUIDE = Path(__file__).parents[2] / "docs/guides/run-in-production.md"
MIB = 1024 * 1024


def example() -> str:
    (found,) = re.findall(r"```nginx\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    return str(found)


def test_bodies_that_the_service_takes_pass_the_proxy(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    outside = example().partition("location = ")[0]
    (usual,) = re.findall(r"client_max_body_size (\d+)m;", outside)
    sizes = {"": int(usual) * MIB}
    for path, place in re.findall(r"location = (\S+) \{(.*?)\}", example(), re.DOTALL):
        sizes[path] = int(re.findall(r"client_max_body_size (\d+)m;", place)[0]) * MIB
    wanted = {
        "": settings.body_limit_bytes,
        complain.FORM_SENT[1]: complain.body_limit(settings),
        papers.SENT[1]: papers.body_limit(settings),
        desk_papers.SENT[1]: papers.body_limit(settings),
    }
    assert set(sizes) == set(wanted)
    assert [path for path, bytes in wanted.items() if sizes[path] < bytes] == []


def test_a_visitors_own_city_is_cleared_everywhere_and_pages_are_compressed() -> None:
    server, _, locations = example().partition("location ")
    assert 'proxy_set_header X-Visitor-City "";' in server
    # One in a location would undo all those of the server there.
    assert "proxy_set_header" not in locations
    assert "gzip on;" in server
    assert {"text/css", "text/javascript", "application/json"} <= set(re.findall(r"\w+/\w+", server))
