"""Refusals of the label room.  None of them lets a label out: a carton with an unreadable label is worse than none."""

from coldtrace.errors import Refusal, Words


class LabelRefused(Refusal):
    """Base of everything that stops a label."""

    code = "label_refused"
    title = Words("标签未生成", "Label not made")
    detail = Words("标签未生成。", "The label was not made.")


class NoLabels(LabelRefused):
    """The run holds nothing to print."""

    code = "no_labels"
    title = Words("没有标签", "No labels")
    detail = Words("这个批次里没有要打印的标签。", "There is nothing to print in this run.")


class UnknownLayout(LabelRefused):
    """A layout name nobody has drawn."""

    code = "unknown_label_layout"
    title = Words("没有这种版式", "No such layout")
    detail = Words("没有版式「{layout}」，可用：{known}。", "There is no layout '{layout}'; there are: {known}.")


class UnknownFormat(LabelRefused):
    """An output format nobody has written."""

    code = "unknown_label_format"
    title = Words("没有这种输出格式", "No such output format")
    detail = Words("没有输出格式「{format}」，可用：{known}。", "There is no format '{format}'; there are: {known}.")


class FontMissing(LabelRefused):
    """Chinese text cannot be drawn: no usable font file."""

    code = "label_font_missing"
    title = Words("缺少中文字体", "Chinese font missing")
    detail = Words(
        "标签需要一个带中文的字体文件，但「{path}」不能使用。请安装 noto-cjk-sans-otc（含在 coldtrace[server] 中），"
        "或用 COLDTRACE_LABEL_FONT 指定 .ttf/.otf/.ttc 文件。",
        "Labels need a font file with Chinese characters, but '{path}' cannot be used. Install noto-cjk-sans-otc "
        "(part of coldtrace[server]) or name a .ttf/.otf/.ttc file in COLDTRACE_LABEL_FONT.",
    )


class CharacterMissing(LabelRefused):
    """The font cannot draw a character: it would print as an empty box."""

    code = "label_character_missing"
    title = Words("字体缺字", "Character not in the font")
    detail = Words(
        "标签文字「{text}」里的「{character}」（{code_point}）在字体里没有。请改写这个字，或换一个字体。",
        "The label text '{text}' has '{character}' ({code_point}), which the font cannot draw. "
        "Change the text or take another font.",
    )


class CodeNotPrintable(LabelRefused):
    """The text of the symbol is empty, too long for a QR code, or not plain ASCII."""

    code = "label_code_not_printable"
    title = Words("码的内容不能印成二维码", "Code text cannot be printed")
    detail = Words(
        "码的内容必须是非空的 ASCII 文字，且不超过二维码的容量（现有 {length} 个字符）。",
        "The code's text must be non-empty ASCII and fit a QR code (it has {length} characters).",
    )


class TextsDisagree(LabelRefused):
    """What a person reads on the label is not what the symbol says."""

    code = "label_texts_disagree"
    title = Words("人读文字与码不一致", "Printed text and code disagree")
    detail = Words(
        "标签上的「{text}」与二维码内容 {uri} 不一致，请检查码的数据。",
        "The label would print '{text}', which is not what its code {uri} says. Check the code's data.",
    )


class SymbolTooLarge(LabelRefused):
    """The real symbol does not fit this label at a module size that a handheld reads in the cold."""

    code = "label_symbol_too_large"
    title = Words("二维码放不下", "Symbol too large for the label")
    detail = Words(
        "这个码要 {modules} 个模块宽，在 {layout} 标签上每个模块不足 0.5 毫米。请用更大的标签。",
        "This code is {modules} modules wide; on a {layout} label a module would be under 0.5 mm. Use a larger label.",
    )


class NotDecoded(LabelRefused):
    """The finished label does not read back byte for byte."""

    code = "label_not_decoded"
    title = Words("标签读不回来", "Label does not read back")
    detail = Words(
        "标签「{label}」按打印精度画出后解码不符：应读出 {expected} 个码，读对 {found} 个。未放行。",
        "Label '{label}', drawn as it will be printed, does not decode: {expected} codes expected, {found} read right. "
        "It was not released.",
    )


class NotDecodedSmall(LabelRefused):
    """The label reads at full size but not at half size, blurred and pale."""

    code = "label_not_decoded_small"
    title = Words("标签缩小后读不出", "Label does not read when small")
    detail = Words(
        "标签「{label}」缩小一半并降低对比度后解码不符：应读出 {expected} 个码，读对 {found} 个。未放行。",
        "Label '{label}' does not decode at half size and low contrast: {expected} codes expected, {found} read right. "
        "It was not released.",
    )


class QuietZoneNotWhite(LabelRefused):
    """Something is printed in the white margin that a scanner needs around the symbol."""

    code = "label_quiet_zone"
    title = Words("码的留白被占用", "Quiet zone is not white")
    detail = Words(
        "标签「{label}」上的码四周必须留白，但有内容压在留白里。未放行。",
        "The white margin around the code on label '{label}' has something printed in it. It was not released.",
    )


class OneLabelPerFile(LabelRefused):
    """Several pictures cannot go into one .png or .svg file."""

    code = "label_one_per_file"
    title = Words("一个图片文件只能放一张标签", "One label per picture file")
    detail = Words(
        "文件「{path}」只能放一张标签。请给一个文件夹，或一个 .zip 文件。",
        "The file '{path}' can hold one label only. Give a folder or a .zip file.",
    )


class CodeNotVerified(LabelRefused):
    """The code that would be printed is not one that verifiers call valid."""

    code = "label_code_not_verified"
    title = Words("码的签名未通过验证", "Code does not verify")
    detail = Words(
        "标签「{label}」上的码未通过离线验证（{verdict}），未放行。"
        "请检查该站点的密钥状态（coldtrace keys list）和信任清单。",
        "The code on label '{label}' does not pass offline verification ({verdict}); it was not released. "
        "Check the station's keys (coldtrace keys list) and the trust list.",
    )


class LayoutNotForPrinter(LabelRefused):
    """A sheet of paper cannot be sent to a label printer."""

    code = "label_layout_not_for_printer"
    title = Words("该版式不能用于标签打印机", "Not a layout for a label printer")
    detail = Words(
        "版式 {layout} 是整页纸，不能生成 ZPL。请选 60x40、100x100 或 100x150。",
        "The layout {layout} is a sheet of paper and cannot become ZPL. Take 60x40, 100x100 or 100x150.",
    )


class FolderInUse(LabelRefused):
    """The folder holds pictures of other labels under the numbers of this run."""

    code = "label_folder_in_use"
    title = Words("文件夹里已有别的标签", "The folder holds other labels")
    detail = Words(
        "文件夹 {path} 中的 {name} 属于另一批标签，未作更改。请另选一个文件夹。",
        "{name} in the folder {path} belongs to other labels; nothing was changed. Take another folder.",
    )


class LabelWorkerLost(LabelRefused):
    """A worker process died: out of memory, or killed."""

    code = "label_worker_lost"
    title = Words("标签进程中断", "A label worker was lost")
    detail = Words(
        "生成标签的子进程意外结束（可能内存不足），文件未生成。请重新运行；"
        "仍然失败时把 COLDTRACE_LABEL_WORKERS 设为 1。",
        "A process that makes labels ended unexpectedly (out of memory?), so there is no file. Run it again; "
        "if it fails again, set COLDTRACE_LABEL_WORKERS to 1.",
    )


class PrinterStopped(LabelRefused):
    """The printer cannot be reached, or takes nothing more."""

    code = "printer_stopped"
    title = Words("打印机中断", "The printer stopped")
    detail = Words(
        "打印机 {printer} 中断（{reason}），本次已送出 {sent} 张。"
        "请检查电源、纸张和网络后重新运行同一命令，会从下一张继续；先核对最后打出的标签，必要时用 --from 指定。",
        "The printer {printer} stopped ({reason}) after {sent} labels. Check power, paper and network and run the same "
        "command again: it goes on with the next label. Look at the last printed label first and use --from if needed.",
    )


class LayoutNotReleased(LabelRefused):
    """This drawing has not been tried under damage, or did not hold a minimum."""

    code = "layout_not_released"
    title = Words("版式未放行", "Layout not released")
    detail = Words(
        "版式「{layout}」（{kind}）以现在的画法没有通过污损试读，不能打印。"
        "请换一个版式；改过版式的开发者请运行 tools/label_scoreboard.py。",
        "Layout '{layout}' ({kind}), as it is drawn now, has not passed the trial under damage and cannot be printed. "
        "Take another layout; who changed the layout runs tools/label_scoreboard.py.",
    )
