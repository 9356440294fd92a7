"""What the parsers of this room refuse, in words for the person who holds the scanner."""

from typing import Final

from coldtrace.errors import Lang, Refusal, Words

# The one thing that was wrong with a code; `at` names the place (an AI, a parameter, a character).
REASONS: Final = {
    "not_a_link": Words("不是 https 网址", "it is not an https address"),
    "too_long": Words("内容过长", "it is too long"),
    "characters": Words("含有网址不允许的字符 {at}", "it holds a character that no address may hold: {at}"),
    "host": Words("网址中的域名有误", "the host name is wrong"),
    "no_key": Words("网址中没有商品、托盘或地点编号", "the address names no goods, pallet or place"),
    "order": Words("({at}) 的位置不对", "({at}) stands in the wrong place"),
    "missing_value": Words("({at}) 没有内容", "({at}) has no value"),
    "missing": Words("缺少 ({at})", "({at}) is missing"),
    "repeated": Words("({at}) 重复出现", "({at}) occurs twice"),
    "unknown_ai": Words("不认识标识符 ({at})", "the identifier ({at}) is not known"),
    "not_allowed": Words("此处不允许 ({at})", "({at}) is not allowed here"),
    "in_path": Words("({at}) 应写在路径中", "({at}) belongs into the path, not behind the question mark"),
    "form": Words("({at}) 的长度、字符或校验位有误", "({at}) has a wrong length, character or check digit"),
    "needs": Words("({at}) 缺少与之配套的标识符", "({at}) lacks the identifier that it belongs to"),
    "excludes": Words("({at}) 不能同时出现", "({at}) may not stand together"),
    "encoding": Words("百分号编码有误", "the percent-encoding is wrong"),
    "two_tokens": Words("有两个签名", "it carries two signatures"),
    "no_separator": Words("({at}) 之后缺少分隔符", "a separator is missing behind ({at})"),
}


def printable(text: str) -> str:
    """Return the beginning of what was scanned as it may be shown: control and odd characters escaped."""
    return text[:40].encode("unicode_escape").decode("ascii")


class CodeRefusal(Refusal):
    """Base of everything this room refuses: `reason` is a key of REASONS, `at` the place."""

    code = "malformed_code"
    title = Words("无法识别的码", "Unreadable code")
    detail = Words(
        "这个码有误：{why}。请重新扫描，或键入短码。",
        "This code is wrong: {why}. Scan again or key in the short code.",
    )

    def __init__(self, *, reason: str, at: str = "") -> None:
        # A refusal is shown and sent as UTF-8: what was scanned must not break the answer.
        self.reason = reason
        self.at = printable(at)
        super().__init__(reason=reason, at=self.at, why=REASONS[reason].say("en", at=self.at))

    def say(self, lang: Lang) -> str:
        """Return the full sentence with its reason in the same language."""
        return self.detail.say(lang, why=REASONS[self.reason].say(lang, at=self.at))


class MalformedUri(CodeRefusal):
    """The address is not a trace code or Digital Link in the one accepted form."""

    code = "malformed_uri"
    title = Words("码的网址有误", "Malformed code address")
    detail = Words(
        "码的网址有误：{why}。请重新扫描标签，或键入短码。",
        "The address in the code is wrong: {why}. Scan the label again or key in the short code.",
    )


class MalformedElements(CodeRefusal):
    """The text is not a GS1 element string in the accepted form."""

    code = "malformed_elements"
    title = Words("条码内容有误", "Malformed element string")
    detail = Words(
        "条码内容有误：{why}。请重新扫描；若反复出现，请检查扫描枪的分隔符（FNC1）设置。",
        "The barcode is wrong: {why}. Scan again; if it stays so, check the scanner's separator (FNC1) setting.",
    )


class UnknownCode(Refusal):
    """The text is none of the codes that this system reads."""

    code = "unknown_code"
    title = Words("不认识的码", "Unknown code")
    detail = Words(
        "不认识这个码；请扫描标签上的二维码，或键入短码。若扫描枪输出了全角字符，请关闭中文输入法。",
        "This code is not known; scan the QR code on the label or key in the short code. "
        "If the scanner gives full-width letters, switch the input method off.",
    )


class MalformedNumber(Refusal):
    """A GTIN, SSCC or GLN has a wrong length, character or check digit."""

    code = "malformed_number"
    title = Words("编号有误", "Malformed number")
    detail = Words(
        "{kind} 有误：应为 {lengths} 位数字且校验位正确；请对照原件重新输入。",
        "The {kind} is wrong: it has {lengths} digits with a right check digit; compare it with the original.",
    )


class RestrictedNumber(Refusal):
    """The number is well formed, but its prefix means nothing outside one shop or firm."""

    code = "restricted_number"
    title = Words("内部编号", "Restricted number")
    detail = Words(
        "GTIN {gtin} 属于店内或专用号段（前缀 {prefix}），不能作为流通商品编号；请使用厂商的 GTIN，或改用箱码 (00)。",
        "GTIN {gtin} has the restricted prefix {prefix}, which names nothing outside one shop or firm; "
        "use the maker's GTIN or give the case an SSCC.",
    )


class MalformedToken(Refusal):
    """The signature parameter is not 111 base32 characters with zero spare bits."""

    code = "malformed_token"
    title = Words("签名格式有误", "Malformed signature")
    detail = Words(
        "码中的签名不完整或被改动；请重新扫描，仍不行请按可疑标签处理。",
        "The signature in the code is incomplete or altered; scan again, else treat the label as suspect.",
    )


class UnsupportedVersion(Refusal):
    """The signature has a format version that this software does not know."""

    code = "unsupported_version"
    title = Words("签名版本过新", "Unsupported version")
    detail = Words(
        "码的签名版本为 {version}，本软件只认识版本 1；请升级软件。",
        "The code's signature has version {version}; this software knows version 1. Update it.",
    )


class MalformedShortCode(Refusal):
    """What was keyed in is not a short code with its check character."""

    code = "malformed_short_code"
    title = Words("短码有误", "Malformed short code")
    detail = Words(
        "短码应为 12 位字符加 1 位校验符，例如 7QK4-M2ZX-9RTB-5；请核对后重新输入。",
        "A short code is 12 characters and a check character, such as 7QK4-M2ZX-9RTB-5; compare and key it in again.",
    )


class UnknownCommand(Refusal):
    """The text begins like a command card but names no command."""

    code = "unknown_command"
    title = Words("不认识的指令", "Unknown command")
    detail = Words(
        "不认识指令 {text}；请使用本系统的指令卡。",
        "The command {text} is not known; use this system's command card.",
    )
