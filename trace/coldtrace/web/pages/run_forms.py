"""The forms of a code run's page: send its labels to a printer, print spoiled ones again, void lost ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from coldtrace.errors import Words
from coldtrace.goods.run_store import RunRecord
from coldtrace.settings import Printer
from coldtrace.web.pages.sheet import Choice, Field, Form, Section

DOWNLOAD = "download"
PRINTER, LAYOUT = Words("打印机", "Printer"), Words("标签尺寸", "Layout")
REASON = Words("原因", "Reason")
CODES = Words("标签上的短码或扫描内容，每行一个", "Short codes of the labels, or what a scanner reads; one a line")


@dataclass(frozen=True, kw_only=True)
class Entered:
    """What somebody entered into a form that was refused: it stands there again."""

    form: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)

    def of(self, form: str) -> Mapping[str, str]:
        """Return what was entered into this form."""
        return self.fields if self.form == form else {}


def run_forms(
    run: RunRecord,
    printers: Sequence[Printer],
    *,
    void: int,
    may_print: bool,
    may_replace: bool,
    entered: Entered,
) -> tuple[Section, ...]:
    """Return the forms that somebody may use on a run whose codes are all drawn; `void` is how many are void."""
    if not run.is_drawn:
        return ()
    base = f"/desk/runs/{run.run_id}"
    sections = [_send(base, run.wanted - void, printers, entered.of("print"))] if may_print else []
    if may_replace:
        sections.append(_again(base, printers, entered.of("reprint")))
        sections.append(_void(base, entered.of("void"), is_roll=run.kind == "roll"))
    return tuple(sections)


def _send(base: str, count: int, printers: Sequence[Printer], entered: Mapping[str, str]) -> Section:
    title = Words("发送到打印机", "Send to a printer")
    if not printers:
        return Section(
            id="send",
            title=title,
            empty=Words(
                "还没有配置打印机。请下载标签打印，或请管理员在服务器上设置 COLDTRACE_PRINTERS。",
                "No printer is configured. Download the labels, or have an administrator set COLDTRACE_PRINTERS on the"
                " server.",
            ),
        )
    if not count:
        return Section(
            id="send",
            title=title,
            empty=Words("所有标签都已作废，无可打印。", "Every label is void: nothing to print."),
        )
    return Section(
        id="send",
        title=title,
        lead=Words(
            "发送中断后再次发送，会从下一张继续。可以离开本页，进度在上方。“已送出”不等于已打出：断电、缺纸后请核对最后一张。",
            "A sending that was broken off goes on at the next label when you send again. You may leave this page; how"
            " far it is stands above. Sent is not printed: after a power cut or an empty roll look at the last label.",
        ),
        forms=(
            Form(
                action=f"{base}/print",
                submit=Words("发送", "Send"),
                fields=(
                    Field(name="printer", label=PRINTER, kind="select", choices=_printers(printers, entered)),
                    _layout(entered, "100x100", "100x150", "60x40"),
                    Field(
                        name="position",
                        label=Words("从第几张起", "Begin at label number"),
                        kind="number",
                        value=entered.get("position", ""),
                        required=False,
                        help=Words(
                            "留空：从头打印，或从中断处继续。整批已送过的，须填写序号才会再次打印。",
                            "Empty: from the start, or where it was broken off. A run that was sent whole is sent again"
                            " only from a number.",
                        ),
                    ),
                    Field(
                        name="confirm",
                        label=Words(
                            f"我已核对：这一批共 {count:,} 张可打印的标签",
                            f"I have checked: this run has {count:,} labels to print",
                        ),
                        kind="check",
                        required=False,
                    ),
                ),
            ),
        ),
    )


def _again(base: str, printers: Sequence[Printer], entered: Mapping[str, str]) -> Section:
    targets = Choice(value=DOWNLOAD, label=Words("下载 PDF", "Download a PDF"))
    return Section(
        id="again",
        title=Words("补打标签", "Print again"),
        lead=Words(
            "标签损坏时补打：码不变，一箱始终一个码；何人何时为何补打都会记录。丢失的请作废，不要补打。",
            "For labels that were spoiled: the code stays, for one box has one code; who, when and why is logged. Void"
            " what is lost instead.",
        ),
        forms=(
            Form(
                action=f"{base}/reprint",
                submit=Words("补打", "Print again"),
                fields=(
                    Field(name="codes", label=CODES, kind="textarea", value=entered.get("codes", "")),
                    Field(
                        name="reason",
                        label=REASON,
                        value=entered.get("reason", ""),
                        help=Words("例如：冷凝水浸湿", "Wet with condensation, say"),
                    ),
                    _layout(entered, "100x100", "100x150", "60x40", "a4"),
                    Field(
                        name="printer",
                        label=Words("送到", "Where to"),
                        kind="select",
                        choices=(targets, *_printers(printers, entered)),
                    ),
                ),
            ),
        ),
    )


def _void(base: str, entered: Mapping[str, str], *, is_roll: bool) -> Section:
    common = (
        Field(
            name="reason",
            label=REASON,
            value=entered.get("reason", ""),
            help=Words("例如：整卷丢失", "The roll was lost, say"),
        ),
        *((_bound(),) if is_roll else ()),
    )
    numbers = Field(
        name="numbers",
        label=Words("序号", "Numbers"),
        value=entered.get("numbers", ""),
        help=Words("例如：17-23, 40", "17-23, 40, say"),
    )
    codes = Field(name="codes", label=CODES, kind="textarea", value=entered.get("codes", ""))
    forms = [("按序号作废", "Void by number", numbers)] if is_roll else []
    forms.append(("按码作废", "Void by code", codes))
    return Section(
        id="void",
        title=Words("作废标签", "Void labels"),
        lead=Words(
            "用于丢失、损坏或从未使用的标签：全部成功或全部不动，不能恢复。作废的码处处显示红色，打印时自动跳过。"
            "已入库、出库或售出的货物不能作废，请扣留或召回。",
            "For labels that are lost, spoiled or were never used: all of them or none, and for good. A void code is"
            " red everywhere and left out of printing. What is in stock, under way or sold is not voided but held or"
            " recalled.",
        ),
        forms=tuple(
            Form(action=f"{base}/void", submit=Words(zh, en), quiet=True, fields=(named, *common))
            for zh, en, named in forms
        ),
    )


def _bound() -> Field:
    return Field(
        name="bound",
        label=Words(
            "也作废已绑定批次的标签（已确认不在货物上）",
            "Also labels that are bound to a lot (I made sure that they are not on goods)",
        ),
        kind="check",
        required=False,
    )


def _layout(entered: Mapping[str, str], *names: str) -> Field:
    return Field(
        name="layout",
        label=LAYOUT,
        kind="select",
        choices=tuple(
            Choice(
                value=name,
                label=Words("A4 纸", "A4") if name == "a4" else Words(f"{name} 毫米", f"{name} mm"),
                is_chosen=entered.get("layout") == name,
            )
            for name in names
        ),
    )


def _printers(printers: Sequence[Printer], entered: Mapping[str, str]) -> tuple[Choice, ...]:
    return tuple(
        Choice(
            value=each.name,
            label=Words(f"{each.name}（每英寸 {each.dpi} 点）", f"{each.name} ({each.dpi} dpi)"),
            is_chosen=entered.get("printer") == each.name,
        )
        for each in printers
    )
