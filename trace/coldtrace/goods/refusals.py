"""Answers about goods that a caller can act on."""

from coldtrace.errors import Refusal, Words


class DeclarationImported(Refusal):
    """The declaration is imported already."""

    code = "declaration_imported"
    title = Words("该报关单已导入", "Declaration already imported")
    detail = Words(
        "报关单 {declaration} 已导入（批次 {consignment}）。如需更正，请先撤销原导入。",
        "Declaration {declaration} was imported before (consignment {consignment}). Undo that import to correct it.",
    )


class ConsignmentUnknown(Refusal):
    """There is no such consignment."""

    code = "consignment_unknown"
    title = Words("没有该批次", "No such consignment")
    detail = Words("没有编号为 {id} 的批次。请核对编号。", "There is no consignment {id}. Check the identifier.")


class AlreadyShipped(Refusal):
    """Something of the consignment has left, so its import stands."""

    code = "already_shipped"
    title = Words("已有货物出库", "Something was shipped")
    detail = Words(
        "批次 {id} 已有 {count} 件货物出库或售出，导入不能撤销。请用更正记录处理。",
        "{count} units of consignment {id} have been shipped or sold; the import can no longer be undone."
        " State corrections instead.",
    )


class AlreadyUndone(Refusal):
    """The import was undone before."""

    code = "already_undone"
    title = Words("导入已撤销", "Import undone before")
    detail = Words("批次 {id} 的导入已撤销。", "The import of consignment {id} was undone before.")


class GtinMissing(Refusal):
    """Codes for goods without a GTIN cannot be drawn yet."""

    code = "gtin_missing"
    title = Words("缺少商品条码", "GTIN missing")
    detail = Words(
        "工作表 {sheet} 第 {row} 行没有商品条码（GTIN），目前不能签发箱码。请补填外箱条码。",
        "Sheet {sheet}, row {row} has no GTIN, so no carton codes can be drawn. Fill in the case GTIN.",
    )


class PaperMissing(Refusal):
    """A paper that every consignment needs is not in the workbook."""

    code = "paper_missing"
    title = Words("缺少必要单证", "A required paper is missing")
    detail = Words(
        "装箱单缺少“{paper_zh}”。请补填后重新导入。",
        "The packing list lacks “{paper_en}”. Fill it in and import again.",
    )


class StationUnknown(Refusal):
    """It is not clear which first station codes the goods."""

    code = "station_unknown"
    title = Words("未指定首站", "First station not given")
    detail = Words(
        "需要指定一个首站（赋码站点）的 GLN；收到的是 {gln}。",
        "Name the GLN of the first station that codes the goods; got {gln}.",
    )


class RunUnknown(Refusal):
    """There is no such code run."""

    code = "run_unknown"
    title = Words("没有该赋码批", "No such code run")
    detail = Words("没有编号为 {id} 的赋码批。请核对编号。", "There is no code run {id}. Check the identifier.")
