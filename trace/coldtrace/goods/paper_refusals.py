"""Why a paper, a check of one or a policy is not taken."""

from coldtrace.errors import Refusal, Words


class PaperUnknown(Refusal):
    """There is no such paper, or the caller does not see it."""

    code = "paper_unknown"
    title = Words("没有该单证", "No such paper")
    detail = Words("没有编号为 {id} 的单证。请核对编号。", "There is no paper {id}. Check the identifier.")


class PaperFileUnknown(Refusal):
    """A file is no PDF, JPEG or PNG, or something hangs behind its end."""

    code = "paper_file_unknown"
    title = Words("不支持的文件", "Not a file that is kept")
    detail = Words(
        "文件内容不是完整的 PDF、JPEG 或 PNG（按内容判断，与扩展名无关），或文件末尾附有其他内容。"
        "请重新扫描或另存为 PDF 后上传，未保存任何内容。",
        "The file's bytes are no whole PDF, JPEG or PNG (its name does not matter), or something follows the end of it."
        " Scan the paper again or save it as PDF; nothing was kept.",
    )


class PaperTooLarge(Refusal):
    """A file is larger than papers may be."""

    code = "paper_too_large"
    title = Words("文件过大", "The file is too large")
    detail = Words(
        "文件有 {size} 字节，上限为 {limit} 字节。请降低扫描分辨率后重新上传。",
        "The file has {size} bytes; at most {limit} are kept. Scan it with fewer dots and send it again.",
    )


class PaperFieldRefused(Refusal):
    """Something that is said of a paper cannot be so."""

    code = "paper_field_refused"
    title = Words("单证信息有误", "Something said of the paper cannot be so")
    detail = Words(
        "“{field}”不能是“{value}”。请照单证原文填写；日期写成 2026-11-30，有效期起不晚于有效期止。",
        "“{field}” cannot be “{value}”. Copy it from the paper; dates are written 2026-11-30, and validity begins"
        " before it ends.",
    )


class PaperDiffers(Refusal):
    """The same file under the same number is kept already, with other facts."""

    code = "paper_differs"
    title = Words("该单证已登记，信息不同", "Kept before, with other facts")
    detail = Words(
        "同一文件、同一编号的单证已登记为 {id}，但签发机构或有效期不同。"
        "单证不作修改：如需更正，请上传并注明替换 {id}。",
        "The same file under the same number is kept as {id}, with another issuer or validity. Papers are not edited:"
        " to correct it, send it again as one that replaces {id}.",
    )


class PaperReplaced(Refusal):
    """Another paper took the place of this one."""

    code = "paper_replaced"
    title = Words("该单证已被替换", "Replaced already")
    detail = Words(
        "单证 {id} 已被替换，或不属于同一批次、同一类别。请刷新后改为最新的一份。",
        "Paper {id} was replaced before, or is of another consignment or kind. Load the list again and name its"
        " newest.",
    )


class OwnPaper(Refusal):
    """Whoever declared a paper does not check it."""

    code = "own_paper"
    title = Words("不能核对自己上传的单证", "Not one's own paper")
    detail = Words(
        "单证 {id} 由您本人上传。请由另一人核对。",
        "You declared paper {id} yourself. Have somebody else check it.",
    )


class PolicyRefused(Refusal):
    """A version of a policy cannot be as it was sent."""

    code = "policy_refused"
    title = Words("单证规则有误", "The policy cannot be so")
    detail = Words(
        "“{field}”不能是“{value}”。国家用两位代码（如 BR），商品编码用前两位（如 02），至少要求一种单证，"
        "生效日期不早于今天，失效日期晚于生效日期。",
        "“{field}” cannot be “{value}”. Countries have two letters (BR), HS chapters two digits (02); at least one"
        " paper is asked for; it begins today or later and ends after that.",
    )
