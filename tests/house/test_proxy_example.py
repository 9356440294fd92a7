"""The proxy of the guide lets through what the service promises to take, and no header that a visitor may not set."""

import re
from pathlib import Path

from coldtrace.settings import Settings
from coldtrace.web.pages import complain

GUIDE = Path(__file__).parents[2] / "docs/guides/run-in-production.md"
MIB = 1024 * 1024


def example() -> str:
    (found,) = re.findall(r"```nginx\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
    return str(found)


def test_bodies_that_the_service_takes_pass_the_proxy(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    outside, _, rest = example().partition("location = " + complain.FORM_SENT[1] + " {")
    photo = rest.partition("}")[0]
    sizes = [int(size) * MIB for text in (outside, photo) for size in re.findall(r"client_max_body_size (\d+)m;", text)]
    assert len(sizes) == 2
    assert sizes[0] >= settings.body_limit_bytes
    assert sizes[1] >= complain.body_limit(settings)


def test_a_visitors_own_city_is_cleared_everywhere_and_pages_are_compressed() -> None:
    server, _, locations = example().partition("location ")
    assert 'proxy_set_header X-Visitor-City "";' in server
    # One in a location would undo all those of the server there.
    assert "proxy_set_header" not in locations
    assert "gzip on;" in server
    assert {"text/css", "text/javascript", "application/json"} <= set(re.findall(r"\w+/\w+", server))
