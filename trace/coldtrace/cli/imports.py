"""`coldtrace import FILE.xlsx`: a broker's packing list, dry run, corrected copy."""

import argparse
import sys
from pathlib import Path

from coldtrace.cli.output import print_refusal, print_result, require_writable, write_file
from coldtrace.cli.refusals import FileUnreadable, NothingToDo
from coldtrace.errors import Refusal


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `import`."""
    parser = commands.add_parser("import", help="导入装箱单 / import a packing list")
    parser.add_argument("file", type=Path, nargs="?", metavar="FILE.xlsx")
    parser.add_argument("--dry-run", action="store_true", help="只检查 / read and judge, keep nothing")
    parser.add_argument("--annotated", type=Path, metavar="OUT.xlsx", help="写回错误 / write faults beside the cells")
    parser.add_argument("--template", type=Path, metavar="OUT.xlsx", help="保存模板 / save the template and stop")
    parser.add_argument("--station", metavar="GLN", help="首站 / first station, when there are several")
    parser.add_argument(
        "--carton-identity",
        choices=["u", "sscc"],
        default="u",
        help="无条码货物的箱码 / what names cartons without a GTIN",
    )
    parser.add_argument("--undo", metavar="CONSIGNMENT", help="撤销导入 / undo an import")
    parser.add_argument("--json", action="store_true")
    parser.set_defaults(func=run)


def run(arguments: argparse.Namespace) -> int:
    """Import, or say what is wrong by sheet, row and column; 1 when there are errors."""
    if arguments.template is not None:
        from coldtrace.interop.workbook.template import template

        write_file(arguments.template, template())
        print_result({"template": str(arguments.template)}, as_json=arguments.json)
        return 0
    return _undo(arguments) if arguments.undo else _import(arguments)


def _undo(arguments: argparse.Namespace) -> int:
    from uuid import UUID

    from coldtrace.cli.installation import open_installation
    from coldtrace.goods.refusals import ConsignmentUnknown
    from coldtrace.interop import imports
    from coldtrace.rights.model import EVERYTHING
    from coldtrace.settings import load_settings

    try:
        consignment_id = UUID(arguments.undo)
    except ValueError:
        return print_refusal(ConsignmentUnknown(id=arguments.undo), as_json=arguments.json)
    with open_installation(load_settings()) as installation:
        try:
            with installation.sessions.begin() as session:
                imports.undo_import(session, installation.env, consignment_id, EVERYTHING)
        except Refusal as refusal:
            return print_refusal(refusal, as_json=arguments.json)
    print_result({"consignment": str(consignment_id), "state": "undone"}, as_json=arguments.json)
    return 0


def _import(arguments: argparse.Namespace) -> int:
    from coldtrace.cli.installation import open_installation
    from coldtrace.cli.runs import draw
    from coldtrace.env import KeyMissing
    from coldtrace.goods.plan import Identity
    from coldtrace.interop import imports
    from coldtrace.interop.workbook.annotate import annotate
    from coldtrace.rights.model import EVERYTHING
    from coldtrace.settings import load_settings

    settings = load_settings()
    if arguments.file is None:
        raise NothingToDo(wanted="FILE.xlsx / --template OUT.xlsx / --undo CONSIGNMENT")
    data = _read(arguments.file, settings.body_limit_bytes)
    if arguments.annotated is not None:
        require_writable(arguments.annotated)
    command = imports.ImportWorkbook(
        data=data,
        filename=arguments.file.name,
        scope=EVERYTHING,
        station_gln=arguments.station,
        dry_run=arguments.dry_run,
        carton_identity=Identity(arguments.carton_identity),
    )
    with open_installation(settings) as installation:
        try:
            with installation.sessions.begin() as session:
                imported = imports.import_workbook(session, installation.env, command)
            if imported.opened is not None:
                draw(installation, imported.opened.run_id)
        except KeyMissing:
            raise
        except Refusal as refusal:
            return print_refusal(refusal, as_json=arguments.json)
    if arguments.annotated is not None:
        write_file(arguments.annotated, annotate(data, imported.result))
    body = imported.to_json()
    if arguments.json:
        print_result(body, as_json=True)
    else:
        _print_for_people(body)
    return 1 if imported.result.errors else 0


def _read(path: Path, limit: int) -> bytes:
    try:
        size = path.stat().st_size
        if size > limit:
            raise FileUnreadable(path=str(path), reason=f"{size} > {limit} bytes")
        return path.read_bytes()
    except OSError as error:
        raise FileUnreadable(path=str(path), reason=error.strerror or str(error)) from error


def _print_for_people(body: dict[str, object]) -> None:
    for name in ("errors", "warnings"):
        found = body[name]
        assert isinstance(found, list)
        for each in found:
            place = f"{each['sheet'] or ''} {each['column'] or ''}{each['row'] or ''}".strip()
            print(f"{name[:-1]}\t{place}\t{each['code']}\t{each['zh']} / {each['en']}", file=sys.stderr)
    errors, normalised = body["errors"], body["normalised"]
    assert isinstance(errors, list)
    assert isinstance(normalised, list)
    print(f"已规范 normalised\t{len(normalised)}")
    if errors:
        print(f"有 {len(errors)} 处错误，未导入任何内容 / {len(errors)} errors, nothing was imported")
        return
    net_g = body["net_g"]
    assert isinstance(net_g, int)
    print(f"箱 cartons\t{body['cartons']}\n托 pallets\t{body['pallets']}\n批 lots\t{body['lots']}")
    print(f"净重 net\t{net_g / 1000:,.3f} kg")
    if body["consignment"] is None:
        print("仅检查，未保存 / read only, nothing was kept")
        return
    print(f"批次 consignment\t{body['consignment']}\n赋码批 run\t{body['run']}")
    print(f"打印标签 / labels: coldtrace labels make --run {body['run']} --out labels.pdf")
