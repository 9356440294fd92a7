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


class NotYourImport(Refusal):
    """Whoever imports is neither the importer nor the first station of the packing list."""

    code = "not_your_import"
    title = Words("不是本单位的货物", "Not your goods")
    detail = Words(
        "装箱单的进口商和赋码首站都不属于您所在的单位，未导入任何内容。"
        "请核对进口商信用代码与首站 GLN，或由其中一方导入。",
        "Neither the importer nor the first station of this packing list is one of yours; nothing was imported. Check"
        " the importer's credit code and the station's GLN, or have one of the two import it.",
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


class RunUnfinished(Refusal):
    """Not all codes of the run exist yet."""

    code = "run_unfinished"
    title = Words("赋码尚未完成", "The run is not drawn to its end")
    detail = Words(
        "赋码批 {id} 只生成了 {wanted} 个码中的 {drawn} 个。请先完成：coldtrace codes resume --run {id}，"
        "或再次导入同一文件。",
        "Of code run {id}, {drawn} of {wanted} codes exist. Finish it first: coldtrace codes resume --run {id}, or"
        " import the same file again.",
    )


class MintWorkerLost(Refusal):
    """A process that minted codes is gone: killed, or out of memory."""

    code = "mint_worker_lost"
    title = Words("签码进程中断", "A minting process is gone")
    detail = Words(
        "生成码的进程意外中断。已生成的码都已保存；请运行 coldtrace codes resume 继续。",
        "A process that minted codes ended unexpectedly. What was drawn is kept; coldtrace codes resume goes on.",
    )


class CodeQuotaSpent(Refusal):
    """The station's quota of codes for this day does not hold the whole run."""

    code = "code_quota_spent"
    title = Words("当日赋码额度不足", "Quota of codes spent")
    detail = Words(
        "站点 {gln} 每天最多 {quota} 个码，今天已用 {drawn} 个，还剩 {left} 个；本次需要 {wanted} 个，未作任何更改。"
        "额度于 {resets_at}（UTC）重置；或由管理员提高：coldtrace sites set --codes-per-day。",
        "Station {gln} may draw {quota} codes a day; {drawn} are drawn today and {left} are left, but {wanted} were"
        " asked for. Nothing was changed. The quota starts anew at {resets_at} (UTC), or an administrator raises it:"
        " coldtrace sites set --codes-per-day.",
    )


class SsccSpent(Refusal):
    """A company prefix has no SSCC numbers left."""

    code = "sscc_spent"
    title = Words("SSCC 号码已用完", "No SSCC numbers left")
    detail = Words(
        "厂商识别代码 {prefix} 下剩余的 SSCC 号码不足 {count} 个；号码不得重复使用。请为该站点登记另一个厂商识别代码："
        "coldtrace sites set --company-prefix。",
        "Company prefix {prefix} has fewer than {count} SSCC numbers left, and numbers are never used again. Give the"
        " station another prefix: coldtrace sites set --company-prefix.",
    )


class KeyOutOfScope(Refusal):
    """The station's key may not sign codes of this kind or company prefix: every verifier would refuse them."""

    code = "key_out_of_scope"
    title = Words("超出密钥范围", "Outside the key's scope")
    detail = Words(
        "密钥 {kid} 的范围（{scope}）不包括 {identity}，这样的码会被所有验证方拒绝。请为该站点换用范围合适的密钥："
        "coldtrace keys rotate。",
        "The scope of key {kid} ({scope}) does not cover {identity}; every verifier would refuse such a code. Give the"
        " station a key whose scope does: coldtrace keys rotate.",
    )


class DoorNameUnusable(Refusal):
    """A door is called something that no code can carry."""

    code = "door_name_unusable"
    title = Words("库门名称不可用", "The door cannot be called that")
    detail = Words(
        "库门名称“{door}”不能写入码中：最多 20 个字符，只可用英文字母、数字和 - . _ / ( ) 等 GS1 字符，"
        "不可用汉字和空格；例如 D1。",
        "The door name '{door}' cannot stand in a code: at most 20 characters, of the letters A to Z, digits and"
        " - . _ / ( ) and the other signs of GS1 (CSET 82), no space and no Chinese; for example D1.",
    )


class LotNotRecalled(Refusal):
    """There is no recall of this lot that could be lifted."""

    code = "lot_not_recalled"
    title = Words("该批次未被召回", "Lot not recalled")
    detail = Words(
        "商品 {gtin} 的批次 {lot} 目前没有召回；请核对编号，coldtrace lots list 列出正在召回的批次。",
        "Lot {lot} of product {gtin} is not recalled now; check the numbers - coldtrace lots list shows the recalls.",
    )


class RecallOfUnknownLot(Refusal):
    """No import has named this lot; most likely its number was mistyped."""

    code = "recall_of_unknown_lot"
    title = Words("没有这个批次", "No such lot")
    detail = Words(
        "这里没有商品 {gtin} 的批次 {lot}，未召回；请核对编号，确需召回尚未导入的批次时加 --unknown。",
        "There is no lot {lot} of product {gtin} here, and nothing was recalled; check the numbers, or add --unknown "
        "to recall a lot that was not imported yet.",
    )


class StolenAtLater(Refusal):
    """A theft cannot lie in the future."""

    code = "stolen_at_later"
    title = Words("失窃时间有误", "Theft in the future")
    detail = Words(
        "失窃时间晚于现在；请给出确知密钥仍安全的最后时刻，例如 2026-11-20T08:00:00Z。",
        "The theft lies in the future; give the last moment at which the key is known to have been safe, such as"
        " 2026-11-20T08:00:00Z.",
    )
