"""What each status and each verdict means for the person who holds the box, and what to do about it.

One table for statuses (a code that was read and looked up) and one for verdicts (`formats/codes.md`: why a code
was refused).  Nobody is accused: a refused code is described, and the reader is told the next step.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from coldtrace.errors import Words


class Tone(StrEnum):
    """The five colours of the status banner; each always stands with an icon and words."""

    OK = "ok"
    LOOK = "look"
    STOP = "stop"
    INFO = "info"
    UNKNOWN = "unknown"


class Status(StrEnum):
    """What the banner says, the worst first; the value is `data-status` on the page's body."""

    RECALLED = "recalled"
    REFUSED = "refused"
    NOT_REGISTERED = "not_registered"
    HELD = "held"
    NOT_FOR_SALE = "not_for_sale"
    EXPIRED = "expired"
    CLONE_SUSPECT = "clone_suspect"
    PROOF_FAILED = "proof_failed"
    TEMP_BREACH = "temp_breach"
    LIST_EXPIRED = "list_expired"
    UNKNOWN = "unknown"
    FOREIGN = "foreign"
    PLACE = "place"
    PRODUCT = "product"
    SOLD = "sold"
    NORMAL = "normal"


@dataclass(frozen=True, kw_only=True)
class Advice:
    """The banner's words: what it is, what it means, what to do (nothing to do: no steps)."""

    tone: Tone
    headline: Words
    meaning: Words
    steps: tuple[Words, ...] = ()


CALL = Words("如有疑问，拨打 12315。", "If in doubt, call 12315, the consumer hotline.")
ASK_SELLER = Words(
    "请向销售单位询问，并核对包装上的中文标签。", "Ask the seller and compare the Chinese label on the package."
)
DO_NOT_BUY = Words("先不要购买或食用。", "Do not buy or eat it for now.")
TAKE_A_PHOTO = Words(
    "拍下标签和包装，在下面“在线投诉举报”时附上。",
    "Take a photo of the label and the package, and add it when you complain online below.",
)
SCAN_AGAIN = Words(
    "擦净标签后再扫一次，或扫箱子另一面的标签。", "Wipe the label and scan again, or scan the label on the other side."
)

RECALL_STEPS: tuple[Words, ...] = (
    Words(
        "不要食用，不要转售或送人；已开封的也一样。",
        "Do not eat it, sell it on or give it away, even if it is already open.",
    ),
    Words(
        "单独包好放入冰箱，保留外包装、标签和小票。",
        "Wrap it and keep it apart in the freezer, with its package, label and receipt.",
    ),
    Words("联系销售单位退货退款。", "Contact the seller to return it and get your money back."),
    Words(
        "吃过且感到不适，请就医并告知吃过什么。", "If you ate it and feel unwell, see a doctor and say what you ate."
    ),
    Words("销售单位不处理的，拨打 12315。", "If the seller does not help, call 12315."),
)

STATUSES: dict[Status, Advice] = {
    Status.NORMAL: Advice(
        tone=Tone.OK,
        headline=Words("正常", "In order"),
        meaning=Words(
            "编码签名有效，已由首站登记；没有关于它的警示记录。",
            "The code is validly signed and registered by the first station; no warning is on record.",
        ),
    ),
    Status.SOLD: Advice(
        tone=Tone.OK,
        headline=Words("正常 · 已售出", "In order, sold"),
        meaning=Words(
            "编码签名有效，已由首站登记，并已登记售出；没有关于它的警示记录。",
            "Validly signed, registered by the first station and recorded as sold. No warning is on record.",
        ),
    ),
    Status.RECALLED: Advice(
        tone=Tone.STOP,
        headline=Words("已召回 · 请勿食用", "Recalled: do not eat"),
        meaning=Words("此码对应的货物在召回范围内。", "The goods of this code are recalled."),
        steps=RECALL_STEPS,
    ),
    Status.HELD: Advice(
        tone=Tone.STOP,
        headline=Words("已封存 · 暂停销售", "On hold: not for sale"),
        meaning=Words(
            "此箱正在接受检查，结果出来之前不得销售。",
            "This box is being examined and may not be sold until the result is known.",
        ),
        steps=(DO_NOT_BUY, Words("如果仍在销售，请告知销售单位。", "If it is on sale, please tell the seller."), CALL),
    ),
    Status.EXPIRED: Advice(
        tone=Tone.STOP,
        headline=Words("已过期 · 请勿食用", "Past its date: do not eat"),
        meaning=Words("登记的到期日已过。", "The registered expiry date has passed."),
        steps=(
            Words("不要购买或食用。", "Do not buy or eat it."),
            Words("请核对包装上的到期日，并告知销售单位。", "Compare the date on the package and tell the seller."),
            CALL,
        ),
    ),
    Status.CLONE_SUSPECT: Advice(
        tone=Tone.LOOK,
        headline=Words("请留意 · 此码也在别处出现过", "Look twice: this code was also seen elsewhere"),
        meaning=Words(
            "签名有效，但同一编码在不止一处被扫描。标签可能被复制；这一箱也可能正是原物。",
            "The signature is valid, but the same code was scanned in more than one place. "
            "The label may have been copied; this box may also be the original.",
        ),
        steps=(
            Words(
                "核对下面的产品、批号和日期是否与包装一致。",
                "Check that product, lot and dates below match the package.",
            ),
            ASK_SELLER,
            CALL,
        ),
    ),
    Status.PROOF_FAILED: Advice(
        tone=Tone.LOOK,
        headline=Words("请留意 · 记录没有通过核对", "Look: the records did not pass the check"),
        meaning=Words(
            "编码签名有效，但这一箱的记录与签名或公开日志对不上，详见“自己验证”。",
            "The code is validly signed, but the records of this box do not agree with their signatures or the "
            "public log; see the checks below.",
        ),
        steps=(DO_NOT_BUY, ASK_SELLER, CALL),
    ),
    Status.TEMP_BREACH: Advice(
        tone=Tone.LOOK,
        headline=Words("请留意 · 途中曾超温", "Look: too warm on the way"),
        meaning=Words(
            "至少有一段记录高于规定温度，详见“全程温度”。",
            "At least one record is above the limit; see the temperature below.",
        ),
        steps=(
            Words("购买前请查看包装和解冻痕迹。", "Look at the package for signs of thawing before you buy."),
            ASK_SELLER,
        ),
    ),
    Status.LIST_EXPIRED: Advice(
        tone=Tone.LOOK,
        headline=Words("签名有效 · 状态待确认", "Signature valid, status not confirmed"),
        meaning=Words(
            "本站的密钥名单已过有效期，暂时不能确认此码没有被撤销。",
            "This site's list of keys is out of date, so it cannot confirm that the code is not revoked.",
        ),
        steps=(Words("请稍后再查询一次。", "Please look again later."), CALL),
    ),
    Status.NOT_FOR_SALE: Advice(
        tone=Tone.STOP,
        headline=Words("不应在售", "Should not be on sale"),
        meaning=Words(
            "此箱已登记为销毁、退运、报失或编码作废。",
            "This box is recorded as destroyed, returned abroad, lost, or its code as void.",
        ),
        steps=(DO_NOT_BUY, CALL),
    ),
    Status.NOT_REGISTERED: Advice(
        tone=Tone.STOP,
        headline=Words("未登记", "Not registered"),
        meaning=Words(
            "签名有效，但没有这一箱的登记，可能是多印的标签。",
            "The signature is valid, but no such box is registered; the label may be a surplus print.",
        ),
        steps=(DO_NOT_BUY, ASK_SELLER, TAKE_A_PHOTO, CALL),
    ),
    Status.UNKNOWN: Advice(
        tone=Tone.UNKNOWN,
        headline=Words("无法识别", "Not recognised"),
        meaning=Words(
            "本平台没有这个编码的任何记录，因此不能说明它的好坏。",
            "This platform has no record of this code, so it can say neither good nor bad about it.",
        ),
        steps=(
            SCAN_AGAIN,
            Words("手工输入的，请逐字核对。", "If you typed it, compare it letter by letter."),
            ASK_SELLER,
            TAKE_A_PHOTO,
            CALL,
        ),
    ),
    Status.FOREIGN: Advice(
        tone=Tone.INFO,
        headline=Words("其他平台的编码", "A code of another platform"),
        meaning=Words(
            "这个编码不是本平台签发的，本平台没有它的记录。",
            "This code was not issued here, and this platform has no record of it.",
        ),
        steps=(Words("请到签发它的平台查询。", "Please look it up at the platform that issued it."), ASK_SELLER),
    ),
    Status.PLACE: Advice(
        tone=Tone.INFO,
        headline=Words("站点编码", "A place, not a box"),
        meaning=Words(
            "签名有效。工作人员收货、发货前先扫它，说明货物从哪里进出。要查食品，请扫箱子上的编码。",
            "The signature is valid. Staff scan this code before goods go in or out, to say where. "
            "To look up food, scan the code on the box.",
        ),
    ),
    Status.PRODUCT: Advice(
        tone=Tone.INFO,
        headline=Words("产品编码", "A product, not a box"),
        meaning=Words(
            "这是产品或批次的编码，没有签名，不代表某一箱。要查一箱食品的来历，请扫箱子上的追溯码。",
            "This code names a product or a lot. It is not signed and stands for no single box. To see where a box has"
            " been, scan the trace code on the box.",
        ),
    ),
    Status.REFUSED: Advice(
        tone=Tone.STOP,
        headline=Words("编码未通过验证", "The code did not pass the check"),
        meaning=Words(
            "这个编码没有通过验证，因此不显示任何产品信息。",
            "This code did not pass the check, so no product facts are shown.",
        ),
        steps=(SCAN_AGAIN, DO_NOT_BUY, CALL),
    ),
}

COUNTER = Advice(
    tone=Tone.INFO,
    headline=Words("柜台在售批次", "On sale at this counter"),
    meaning=Words(
        "签名有效，这是柜台或门店的编码。下面是现在打开散卖的批次。",
        "The signature is valid; this is the code of a counter or a shop. Below are the lots open for sale now.",
    ),
)
"""A place at which something is on sale."""

_NOT_OURS = (SCAN_AGAIN, DO_NOT_BUY, ASK_SELLER, TAKE_A_PHOTO, CALL)

VERDICTS: dict[str, Advice] = {
    "valid": STATUSES[Status.NORMAL],
    "malformed_uri": Advice(
        tone=Tone.STOP,
        headline=Words("编码格式不对", "The code is not well formed"),
        meaning=Words(
            "扫到的内容不完整或多了字符，不是一个完整的追溯码。",
            "What was scanned has signs missing or too many; it is not a complete trace code.",
        ),
        steps=(SCAN_AGAIN, Words("不要手工修改网址。", "Do not edit the address by hand."), CALL),
    ),
    "unsigned": Advice(
        tone=Tone.STOP,
        headline=Words("编码没有签名", "The code has no signature"),
        meaning=Words(
            "追溯码应带有首站的签名，这个没有，任何人都能写出它。",
            "A trace code carries the first station's signature. This one has none; anybody could have written it.",
        ),
        steps=_NOT_OURS,
    ),
    "malformed_token": Advice(
        tone=Tone.STOP,
        headline=Words("签名部分不完整", "The signature part is damaged"),
        meaning=Words(
            "签名部分读不出来，可能是标签破损或扫描不全。",
            "The signature part cannot be read; the label may be damaged or only partly scanned.",
        ),
        steps=(SCAN_AGAIN, DO_NOT_BUY, CALL),
    ),
    "unsupported_version": Advice(
        tone=Tone.STOP,
        headline=Words("编码版本不认识", "The code's version is not known"),
        meaning=Words(
            "这个编码的格式版本本平台还不支持，无法验证。",
            "This platform does not yet support the format version of this code and cannot check it.",
        ),
        steps=(Words("请稍后再查询一次。", "Please look again later."), ASK_SELLER, CALL),
    ),
    "unsupported_algorithm": Advice(
        tone=Tone.STOP,
        headline=Words("签名算法不支持", "The signature's algorithm is not supported"),
        meaning=Words(
            "这个编码使用的签名算法本平台没有启用，无法验证。",
            "The signature algorithm of this code is not switched on here, so it cannot be checked.",
        ),
        steps=(ASK_SELLER, CALL),
    ),
    "unknown_key": Advice(
        tone=Tone.STOP,
        headline=Words("签发者不在名单上", "The issuer is not on the list"),
        meaning=Words(
            "签发这个编码的密钥不在已公布的首站名单上。",
            "The key that signed this code is not on the published list of first stations.",
        ),
        steps=_NOT_OURS,
    ),
    "alg_mismatch": Advice(
        tone=Tone.STOP,
        headline=Words("签名与密钥不符", "Signature and key do not belong together"),
        meaning=Words(
            "编码写明的签名算法与该密钥登记的不同。",
            "The algorithm named in the code differs from the one registered for that key.",
        ),
        steps=_NOT_OURS,
    ),
    "revoked": Advice(
        tone=Tone.STOP,
        headline=Words("签发密钥已撤销或已过期", "The issuing key was revoked or has run out"),
        meaning=Words(
            "签发这个编码的密钥已被撤销，或者现在不在它的有效期内，因此不再可信。",
            "The key that signed this code was revoked, or this is not within its period of use, so it is not trusted.",
        ),
        steps=_NOT_OURS,
    ),
    "bad_signature": Advice(
        tone=Tone.STOP,
        headline=Words("签名不符 · 内容被改动过", "The signature does not match: something was changed"),
        meaning=Words(
            "编码的内容与首站的签名不一致：至少有一个字符与签发时不同。",
            "The code does not match the first station's signature: at least one sign differs from what was issued.",
        ),
        steps=_NOT_OURS,
    ),
    "untrusted_host": Advice(
        tone=Tone.LOOK,
        headline=Words("签名有效 · 网址不在名单上", "Signature valid, but the address is not on the list"),
        meaning=Words(
            "编码由首站签发，但网址不是公布的查询网址。",
            "The code was issued by a first station, but its address is not a published one.",
        ),
        steps=(
            Words(
                "请确认浏览器里的网址，不要在陌生网址输入个人信息。",
                "Check the address in your browser and enter no personal data at a strange one.",
            ),
            CALL,
        ),
    ),
    "revoked_unit": Advice(
        tone=Tone.STOP,
        headline=Words("编码已作废", "The code was withdrawn"),
        meaning=Words("这个编码已被签发者作废。", "The issuer has withdrawn this code."),
        steps=(DO_NOT_BUY, ASK_SELLER, CALL),
    ),
    "recalled_lot": STATUSES[Status.RECALLED],
}


def advice_for(status: Status, *, verdict: str = "valid") -> Advice:
    """Return the banner's words: a refused code speaks by its verdict, everything else by its status."""
    if status is Status.REFUSED:
        return VERDICTS.get(verdict, STATUSES[Status.REFUSED])
    return STATUSES[status]


def worst_first(statuses: Iterable[Status]) -> tuple[Status, ...]:
    """Return the statuses in the order in which a banner names them; nothing to say is `NORMAL`.

    >>> worst_first([Status.SOLD, Status.EXPIRED, Status.RECALLED])
    (<Status.RECALLED: 'recalled'>, <Status.EXPIRED: 'expired'>, <Status.SOLD: 'sold'>)
    """
    given = set(statuses)
    return tuple(status for status in Status if status in given) or (Status.NORMAL,)
