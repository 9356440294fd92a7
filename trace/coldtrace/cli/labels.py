"""`coldtrace labels make|send|jobs|printers|cards|doors`: labels as a file or to a printer, every one checked first."""

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from coldtrace.cli import label_signs, printers, reprints
from coldtrace.cli.label_progress import LabelProgress
from coldtrace.cli.output import print_refusal, print_result, print_rows
from coldtrace.cli.refusals import FileUnwritable, NothingToDo, OutputNameMisleads
from coldtrace.errors import Refusal
from coldtrace.journal.model import COMMAND_LINE

LAYOUTS = ("60x40", "100x100", "100x150", "a4")
FORMATS = ("pdf", "png", "svg", "zpl", "zpl-native", "csv")

_ENDINGS = {
    ".pdf": ("pdf",),
    ".zpl": ("zpl", "zpl-native"),
    ".csv": ("csv",),
    ".png": ("png",),
    ".svg": ("svg",),
    ".zip": ("png", "svg"),
}


def add_parser(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add `labels`."""
    parser = commands.add_parser("labels", help="标签 / labels")
    actions = parser.add_subparsers(dest="labels_command", required=True)

    make = actions.add_parser("make", help="生成标签文件 / write a label file")
    make.add_argument("--run", required=True, type=UUID, metavar="ID")
    make.add_argument("--layout", default="100x100", choices=LAYOUTS)
    make.add_argument("--format", default="pdf", metavar="|".join(FORMATS))
    make.add_argument("--dpi", default=203, type=int, choices=[203, 300])
    make.add_argument("--hex", action="store_true", help="ZPL 不用 Z64 压缩 / plain hex for clones without Z64")
    make.add_argument("--out", required=True, type=Path, metavar="PATH")
    make.add_argument("--json", action="store_true")
    make.set_defaults(func=run_make)
    label_signs.add_actions(actions)

    send = actions.add_parser("send", help="发送到打印机 / send to a printer of the configuration")
    send.add_argument("--run", type=UUID, metavar="ID")
    send.add_argument("--layout", default="100x100", choices=LAYOUTS)
    send.add_argument("--printer", metavar="NAME")
    send.add_argument("--native", action="store_true", help="由打印机绘制二维码 / the printer draws the symbol")
    send.add_argument("--job", type=UUID, metavar="ID", help="继续一个中断的任务 / go on with a job that stopped")
    send.add_argument("--from", dest="position", type=int, metavar="N", help="从第几张起 / from label number N on")
    send.add_argument("--after", metavar="CODE", help="接在最后打出的标签之后 / behind the label that came out last")
    send.add_argument("--json", action="store_true")
    send.set_defaults(func=run_send)

    jobs = actions.add_parser("jobs", help="打印任务 / print jobs of a run")
    jobs.add_argument("--run", required=True, type=UUID, metavar="ID")
    jobs.add_argument("--json", action="store_true")
    jobs.set_defaults(func=run_jobs)

    printers.add_action(actions)
    reprints.add_actions(actions)


def run_make(arguments: argparse.Namespace) -> int:
    """Write the labels and say how many were made and read back."""
    from coldtrace.cli.installation import open_installation
    from coldtrace.goods.print_runner import MakeRun, make_run
    from coldtrace.rights.model import EVERYTHING
    from coldtrace.settings import load_settings

    _require_fitting_name(arguments.out, arguments.format)
    settings = load_settings()
    progress = LabelProgress()
    with open_installation(settings) as installation:
        command = MakeRun(
            run_id=arguments.run,
            layout=arguments.layout,
            format=arguments.format,
            dpi=arguments.dpi,
            out=arguments.out,
            requested_by=COMMAND_LINE,
            scope=EVERYTHING,
            font=settings.label_font,
            z64=not arguments.hex,
            workers=settings.label_workers,
        )
        try:
            report = make_run(installation.sessions, installation.env, command, progress)
        except Refusal as refusal:
            progress.close()
            return print_refusal(refusal, as_json=arguments.json)
        except OSError as error:
            raise FileUnwritable(path=str(arguments.out), reason=error.strerror or str(error)) from error
        finally:
            progress.close()
    if arguments.format == "zpl-native":
        _say_scan_back()
    result = {
        "labels": report.count + report.kept,
        "pages": report.pages,
        "decoded": report.decoded,
        "kept": report.kept,
        **_skipped(report.skipped),
        "out": str(arguments.out),
    }
    print_result(result, as_json=arguments.json)
    return 0


def _require_fitting_name(out: Path, format: str) -> None:
    """Raise OutputNameMisleads for a file that would be called what it is not; other endings are the operator's."""
    fits = _ENDINGS.get(out.suffix.lower())
    if format in FORMATS and fits is not None and format not in fits:
        raise OutputNameMisleads(path=str(out), format=format, fits=", ".join(fits))


def run_send(arguments: argparse.Namespace) -> int:
    """Send the labels, or what is left of them; 1 when the printer stopped or a label was refused."""
    from coldtrace.cli.installation import open_installation
    from coldtrace.goods import print_runner, printing
    from coldtrace.goods.print_runner import SendRun, find_printer
    from coldtrace.rights.model import EVERYTHING
    from coldtrace.settings import load_settings

    if arguments.job is None and (arguments.run is None or arguments.printer is None):
        raise NothingToDo(wanted="--run --printer / --job")
    settings = load_settings()
    progress = LabelProgress()
    with open_installation(settings) as installation:
        sessions, env = installation.sessions, installation.env
        try:
            if arguments.job is None:
                run, layout, native, name = arguments.run, arguments.layout, arguments.native, arguments.printer
            else:
                with sessions() as session:
                    job = printing.job_of(session, arguments.job)
                run, layout, native = job.run_id, job.layout, job.format == "zpl-native"
                name = job.target.removeprefix("printer:")
            command = SendRun(
                run_id=run,
                layout=layout,
                printer=find_printer(settings.printers, name),
                requested_by=COMMAND_LINE,
                scope=EVERYTHING,
                patience_s=settings.printer_patience_s,
                native=native,
                position=arguments.position,
                font=settings.label_font,
                workers=settings.label_workers,
            )
            if arguments.after is not None:
                with sessions() as session:
                    last = printing.label_position(session, run, arguments.after, EVERYTHING)
                command = replace(command, position=last + 1)
            job = print_runner.begin_sending(sessions, env, command)
            if job.done and not arguments.json:
                _say(
                    f"从第 {job.done + 1} 张继续；请核对最后打出的标签。",
                    f"going on with label {job.done + 1}; compare it with the last one that was printed.",
                )
            job, sent = print_runner.send_job(sessions, env, job, command, progress)
        except Refusal as refusal:
            progress.close()
            return print_refusal(refusal, as_json=arguments.json)
        finally:
            progress.close()
    if native:
        _say_scan_back()
    _say(
        "已送出不等于已打印：请看最后打出的标签；有缺失时用 --after 短码继续。",
        "sent is not printed: look at the last label that came out; if some are missing, go on with --after SHORTCODE.",
    )
    result = {"job": str(job.job_id), "sent": sent.labels, "done": job.done, "total": job.total}
    print_result(result | _skipped(sent.skipped), as_json=arguments.json)
    return 0


def run_jobs(arguments: argparse.Namespace) -> int:
    """List the print jobs of a run, newest first."""
    from coldtrace.cli.installation import open_installation
    from coldtrace.goods import print_store
    from coldtrace.goods.print_json import job_json
    from coldtrace.rights.model import EVERYTHING
    from coldtrace.settings import load_settings

    with open_installation(load_settings()) as installation, installation.sessions() as session:
        jobs = [job_json(job) for job in print_store.jobs_of_run(session, arguments.run, EVERYTHING, limit=50)]
    if arguments.json:
        print_result({"jobs": jobs}, as_json=True)
    else:
        print_rows(("id", "state", "done", "total", "target", "trouble"), jobs)
    return 0


def _skipped(numbers: tuple[int, ...]) -> dict[str, object]:
    """Return what a result says of void labels, and say it to people too."""
    from coldtrace.goods.roll_rules import format_ranges, ranges_of

    named = format_ranges(ranges_of(numbers))
    if numbers:
        _say(
            f"跳过 {len(numbers)} 张已作废的标签：第 {named} 张。",
            f"Left out {len(numbers)} void labels: number {named}.",
        )
    return {"skipped": len(numbers), "skipped_numbers": named}


def _say_scan_back() -> None:
    _say(
        "二维码由打印机绘制，未经解码核对：请先扫描第一张标签。",
        "The printer draws the symbol, which the decode check cannot see: scan the first label before the rest.",
    )


def _say(zh: str, en: str) -> None:
    print(f"{zh} / {en}", file=sys.stderr)
