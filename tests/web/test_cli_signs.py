"""Command cards and door signs by command: printed, read back from the paper, and signed."""

import json
from pathlib import Path

import pytest

from coldtrace.cli.installation import open_installation
from coldtrace.clock import now
from coldtrace.codes.command import Command, parse_command
from coldtrace.goods.place_labels import PlaceLabels, place_labels
from coldtrace.parties import service as parties
from coldtrace.parties.model import SiteRole
from coldtrace.parties.refusals import NoCodeKey
from coldtrace.seal.root_document import parse_root
from coldtrace.seal.trust_list import open_trust_list
from coldtrace.settings import load_settings
from coldtrace.verify.code import Verdict, verify_code
from support.box_font import box_font
from support.command_line import Run
from support.house import DISTRICTS, GLNS
from support.label_cases import pdf_pictures, pdf_texts, read_picture

PORT, MARKET = GLNS[SiteRole.FIRST_STATION], GLNS[SiteRole.MARKET]


def verdicts(uris: list[str]) -> list[Verdict]:
    """What a handheld with today's trust list says to each."""
    settings = load_settings()
    with open_installation(settings) as installation, installation.sessions() as session:
        envelope = parties.trust_envelope(session, installation.env)
    root = parse_root((settings.data_dir / "keys" / "root.json").read_text(encoding="utf-8"))
    trust = open_trust_list(json.dumps(envelope, ensure_ascii=False), root=root)
    return [verify_code(uri, trust=trust, now=now()).verdict for uri in uris]


@pytest.fixture
def market(port: Run) -> Run:
    """A market that prints nothing itself, beside the port."""
    ran = port(
        *("sites", "register", "--gln", MARKET, "--role", "market", "--district", DISTRICTS[SiteRole.MARKET]),
        *("--name-zh", "滨海市场", "--name-en", "Binhai Market", "--uscc", "91120116MA05TE5T1N"),
        *("--firm-zh", "滨海远洋", "--firm-en", "Binhai", "--json"),
    )
    assert ran.status == 0, ran.err
    return port


PLAIN = [
    *("IN", "OUT", "MOVE", "COUNT", "UNDO", "CONFIRM", "NEXT"),
    *("COMMISSION", "PACK", "UNPACK", "SELL", "OPEN", "TRANSFORM", "HOLD", "DESTROY"),
]
REASONS = ["DAMAGED", "WARM", "LABEL", "PAPERS", "SMELL", "ORDERED"]
METHODS = ["BURNT", "RENDERED", "BURIED"]
CARDS = {
    *(f"CT:{name}" for name in PLAIN),
    *(f"CT:REASON:{name}" for name in REASONS),
    *(f"CT:METHOD:{name}" for name in METHODS),
}
"""What is printed unasked: every command without a word, and every word that we know."""

CARD_WORDS = [
    *("入库", "出库", "移库", "盘点", "撤销", "确认", "下一单", "赋码", "组托", "拆托", "销售"),
    *("开箱上柜", "分装", "封存", "销毁", "破损", "焚烧"),
]


@pytest.mark.parametrize(("layout", "pages"), [("a4", 2), ("100x100", 24)])
def test_every_command_has_a_card(first_run: Run, layout: str, pages: int, tmp_path: Path) -> None:
    out = tmp_path / "cards.pdf"
    ran = first_run("labels", "cards", "--layout", layout, "--out", out, "--json")
    assert (ran.status, ran.json) == (0, {"labels": 24, "pages": pages, "decoded": 24, "out": str(out)})
    read = sorted(text.decode() for picture in pdf_pictures(out) for text in read_picture(picture))
    assert read == sorted(CARDS)
    assert {parse_command(text).command for text in CARDS} == set(Command) - {Command.WITNESS}
    text = "".join(pdf_texts(out))
    assert [word for word in CARD_WORDS if word not in text] == []


def test_witnesses_have_cards_when_they_are_named(first_run: Run, tmp_path: Path) -> None:
    out = tmp_path / "cards.pdf"
    ran = first_run("labels", "cards", "--witness", "k17, K18", "--out", out, "--json")
    assert (ran.status, ran.json["labels"]) == (0, 26)
    read = {text.decode() for picture in pdf_pictures(out) for text in read_picture(picture)}
    assert read - CARDS == {"CT:WITNESS:K17", "CT:WITNESS:K18"}
    refused = first_run("labels", "cards", "--witness", "见证人", "--out", tmp_path / "none.pdf", "--json")
    assert (refused.status, refused.json["code"]) == (1, "unknown_command")
    assert not (tmp_path / "none.pdf").exists()


def test_the_font_of_the_setting_is_embedded(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plain, other = tmp_path / "plain.pdf", tmp_path / "other.pdf"
    assert run("labels", "cards", "--out", plain).status == 0
    probe = "批号生产日期到期原产净重进口商0123456789ABCabc()-.:/"
    font = box_font(tmp_path / "boxes.ttf", "".join(sorted(set(probe + "".join(pdf_texts(plain))) - set("\r\n"))))
    monkeypatch.setenv("COLDTRACE_LABEL_FONT", str(font))
    assert run("labels", "cards", "--out", other).status == 0
    assert b"+NotoSansCJKsc-Regular" in plain.read_bytes()
    assert b"+Boxes-Regular" in other.read_bytes()
    assert b"NotoSans" not in other.read_bytes()


def test_doors_carry_codes_that_verifiers_believe(market: Run, tmp_path: Path) -> None:
    for gln, doors in ((PORT, "D01,d02"), (MARKET, "GATE-N"), (MARKET, "")):
        out = tmp_path / f"{gln}{doors}.pdf"
        ran = market("labels", "doors", "--site", gln, "--doors", doors, "--out", out, "--json")
        names = [name.upper() for name in doors.split(",") if name]
        assert (ran.status, ran.json["labels"]) == (0, len(names) or 1), ran.err
        uris = [text.decode() for picture in pdf_pictures(out) for text in read_picture(picture)]
        paths = [uri.partition("?")[0].partition("/414/")[2] for uri in uris]
        assert paths == ([f"{gln}/254/{name}" for name in names] or [gln])
        assert set(verdicts(uris)) == {Verdict.VALID}
    lines = pdf_texts(tmp_path / f"{MARKET}GATE-N.pdf")[0].split()
    assert "GATE-N" in lines, "the door stands alone: no other line is larger"
    assert "滨海市场" in lines


def test_doors_that_cannot_be_signed_are_refused(port: Run, tmp_path: Path) -> None:
    out = tmp_path / "doors.pdf"
    for site, doors, code in (
        ("9521234000099", "D1", "site_unknown"),
        (PORT, "三号门", "door_name_unusable"),
        (PORT, "D" * 21, "door_name_unusable"),
    ):
        ran = port("labels", "doors", "--site", site, "--doors", doors, "--out", out, "--json")
        assert (ran.status, ran.json["code"]) == (1, code)
        assert code == "site_unknown" or "CSET 82" in ran.json["en"]
    assert not out.exists()


def test_without_a_key_that_may_print_no_door_is_signed(run: Run) -> None:
    with open_installation(load_settings()) as installation, installation.sessions.begin() as session:
        operator = parties.register_operator(
            session,
            installation.env,
            uscc="91120116MA05TE5T1N",
            name_zh="滨海远洋",
            name_en="Binhai",
            city_zh="天津",
            city_en="Tianjin",
        )
        parties.register_site(
            session,
            installation.env,
            parties.RegisterSite(
                gln=MARKET,
                operator=operator,
                name_zh="市场",
                name_en="Market",
                role=SiteRole.MARKET,
                district=DISTRICTS[SiteRole.MARKET],
            ),
        )
        with pytest.raises(NoCodeKey):
            place_labels(session, installation.env, PlaceLabels(gln=MARKET, doors=["D1"]))
