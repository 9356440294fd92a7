"""`coldtrace labels cards|doors`: the command cards of a gate, and the signed codes of its doors."""

import argparse
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from coldtrace.cli.output import print_refusal, print_result
from coldtrace.cli.refusals import FileUnwritable
from coldtrace.errors import Refusal

if TYPE_CHECKING:
    from coldtrace.labels.content import LabelContent
    from coldtrace.labels.seal_check import SealCheck
    from coldtrace.settings import Settings

LAYOUTS = ("60x40", "100x100", "100x150", "a4")


def add_actions(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `labels cards` and `labels doors`."""
    cards = actions.add_parser("cards", help="作业指令卡（覆膜使用）/ command cards, to be laminated")
    cards.add_argument(
        "--witness",
        default="",
        metavar="K1,K2",
        help="另加见证人代号卡（销毁用） / cards with the codes of who witnesses a destruction",
    )
    _add_output(cards, layout="a4")
    cards.set_defaults(func=run_cards)
    doors = actions.add_parser("doors", help="库门与场所码（带签名）/ signed codes of doors and places")
    doors.add_argument("--site", required=True, metavar="GLN")
    doors.add_argument(
        "--doors",
        default="",
        metavar="D1,D2",
        help="库门名称（字母数字，逗号分隔）；不写则为场所本身 / letters and digits; without: the place itself",
    )
    _add_output(doors, layout="100x150")
    doors.set_defaults(func=run_doors)


def run_cards(arguments: argparse.Namespace) -> int:
    """Write the cards of all commands, of reasons and methods, and of the witnesses named; needs no installation."""
    from coldtrace.codes.command import Command, parse_command
    from coldtrace.labels.command_words import CARDS, command_label
    from coldtrace.settings import load_settings

    codes = [code.strip() for code in arguments.witness.split(",") if code.strip()]
    try:
        witnesses = [parse_command(f"{Command.WITNESS}:{code}") for code in codes]
    except Refusal as refusal:
        return print_refusal(refusal, as_json=arguments.json)
    return _write(arguments, load_settings(), [command_label(card) for card in (*CARDS, *witnesses)])


def run_doors(arguments: argparse.Namespace) -> int:
    """Sign and write the codes of a place's doors."""
    from coldtrace.cli.installation import open_installation
    from coldtrace.goods.place_labels import PlaceLabels, place_labels
    from coldtrace.goods.printing import seal_check
    from coldtrace.settings import load_settings

    settings = load_settings()
    command = PlaceLabels(gln=arguments.site, doors=[door for door in arguments.doors.split(",") if door.strip()])
    with open_installation(settings) as installation, installation.sessions() as session:
        try:
            contents = place_labels(session, installation.env, command)
            seals = seal_check(session, installation.env)
        except Refusal as refusal:
            return print_refusal(refusal, as_json=arguments.json)
    return _write(arguments, settings, contents, seals)


def _add_output(parser: argparse.ArgumentParser, *, layout: str) -> None:
    parser.add_argument("--layout", default=layout, choices=LAYOUTS)
    parser.add_argument("--format", default="pdf")
    parser.add_argument("--out", required=True, type=Path, metavar="PATH")
    parser.add_argument("--json", action="store_true")


def _write(
    arguments: argparse.Namespace,
    settings: "Settings",
    contents: "Iterable[LabelContent]",
    seals: "SealCheck | None" = None,
) -> int:
    """Write signs; those with a signature are verified with `seals` like every label."""
    from coldtrace.labels.make import make_labels

    try:
        report = make_labels(
            contents,
            layout=arguments.layout,
            format=arguments.format,
            out=arguments.out,
            font=settings.label_font,
            seals=seals,
        )
    except Refusal as refusal:
        return print_refusal(refusal, as_json=arguments.json)
    except OSError as error:
        raise FileUnwritable(path=str(arguments.out), reason=error.strerror or str(error)) from error
    result = {"labels": report.count, "pages": report.pages, "decoded": report.decoded, "out": str(arguments.out)}
    print_result(result, as_json=arguments.json)
    return 0
