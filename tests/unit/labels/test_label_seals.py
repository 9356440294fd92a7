"""No label leaves whose code a verifier would not call valid today."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from coldtrace.codes.digital_link import parse_trace_code
from coldtrace.labels.content import LabelContent, LabelKind
from coldtrace.labels.make import make_labels
from coldtrace.labels.refusals import CodeNotVerified
from coldtrace.labels.seal_check import SealCheck, SealReader
from coldtrace.seal.filter import open_filter
from coldtrace.seal.filter_build import build_allow_filter
from coldtrace.seal.keys import key_id
from coldtrace.seal.root_document import parse_root, write_root
from coldtrace.seal.trust_entries import Allow
from coldtrace.seal.trust_list import UntrustedTrustList
from support.label_cases import carton, command
from support.signed_labels import AT, STATION, seals, signed_carton, signed_pallet, signed_place

SSCC_CARTON = replace(signed_pallet(), kind=LabelKind.UNIT, count=None)


@pytest.mark.parametrize("content", [signed_carton(), SSCC_CARTON, signed_pallet(), signed_place(), command()])
def test_what_is_signed_passes(content: LabelContent, tmp_path: Path) -> None:
    report = make_labels([content], layout="100x100", format="pdf", out=tmp_path / "a.pdf", seals=seals())
    assert report.count == 1


OTHER_LOT = signed_carton().uri.replace("/10/L2409A1/", "/10/L2409A9/")


@pytest.mark.parametrize(
    ("content", "check", "verdict"),
    [
        (carton(), seals(), "unknown_key"),
        (replace(signed_carton(), uri=signed_carton().uri.partition("?")[0]), seals(), "unsigned"),
        (replace(signed_carton(), uri=OTHER_LOT, gs1_text="", lot=""), seals(), "bad_signature"),
        (signed_carton(), seals(st="revoked"), "revoked"),
        (signed_carton(), seals(at=AT + timedelta(days=900)), "revoked"),
        (signed_carton(), seals(hosts=("other.example.cn",)), "untrusted_host"),
        (replace(signed_carton(), kind=LabelKind.PALLET), seals(), "other_kind"),
        (replace(signed_place(), kind=LabelKind.UNIT), seals(), "other_kind"),
        (replace(command(), uri="CT:EVERYTHING"), seals(), "unknown_command"),
        (replace(command(), uri=signed_carton().uri), seals(), "unknown_command"),
    ],
)
@pytest.mark.parametrize("format", ["pdf", "csv"])
def test_what_is_not_valid_is_refused(
    content: LabelContent, check: SealCheck, verdict: str, format: str, tmp_path: Path
) -> None:
    with pytest.raises(CodeNotVerified) as caught:
        make_labels([content], layout="100x100", format=format, out=tmp_path / "a", seals=check)
    assert caught.value.facts["verdict"] == verdict
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("is_older", [True, False])
def test_a_stolen_key_prints_again_only_what_is_older_than_the_theft(is_older: bool, tmp_path: Path) -> None:
    content = signed_carton()
    unit = str(parse_trace_code(content.uri).unit_id)
    net = parse_root(seals().root).net
    file = build_allow_filter(
        lambda: [unit if is_older else "(00)106141412345678908"],
        net=net,
        key=key_id(STATION.spki),
        issued=AT,
        random=bytes,
    )
    check = replace(seals(st="revoked", allow=Allow(sha256=open_filter(file).id, units=1)), allow_filters=(file,))
    if is_older:
        assert make_labels([content], layout="100x100", format="csv", out=tmp_path / "a", seals=check).count == 1
    else:
        with pytest.raises(CodeNotVerified):
            make_labels([content], layout="100x100", format="csv", out=tmp_path / "a", seals=check)


def test_a_list_of_another_installation_vouches_for_nothing() -> None:
    other = write_root(roots={"r1": STATION.spki}, threshold=1)
    with pytest.raises(UntrustedTrustList):
        SealReader(replace(seals(), root=other.text))
