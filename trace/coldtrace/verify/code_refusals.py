"""The verdicts on a signed code, as refusals with their words.

`malformed_uri`, `malformed_token` and `unsupported_version` come from `codes.refusals`, `unsupported_algorithm`
from `seal`; the rest is here.  No sentence says more than the signature shows.
"""

from coldtrace.errors import Refusal, Words


class Unsigned(Refusal):
    """The code carries no token."""

    code = "unsigned"
    title = Words("未签名", "Unsigned code")
    detail = Words(
        "这个码没有签名，不能证明由谁赋码；请扫描包装上的溯源二维码。",
        "This code carries no signature, so nothing shows who made it; scan the trace code on the package.",
    )


class UnknownKey(Refusal):
    """No key on the trust list may have signed this code."""

    code = "unknown_key"
    title = Words("签名密钥不在信任列表中", "Unknown signing key")
    detail = Words(
        "签名密钥 {kid} 不在信任列表中，或无权签发此类码；请更新信任列表后再扫，仍不行请按可疑标签处理。",
        "The signing key {kid} is not on the trust list, or may not sign this kind of code; update the list and "
        "scan again, else treat the label as suspect.",
    )


class AlgMismatch(Refusal):
    """The token names another algorithm than the listed key has."""

    code = "alg_mismatch"
    title = Words("签名算法不符", "Wrong algorithm")
    detail = Words(
        "码中的签名算法与密钥 {kid} 登记的算法不一致；请按可疑标签处理。",
        "The code names another algorithm than key {kid} has; treat the label as suspect.",
    )


class RevokedKey(Refusal):
    """The key is revoked, or today is outside the time in which its codes are taken."""

    code = "revoked"
    title = Words("密钥已吊销或不在有效期", "Key revoked or outside its window")
    detail = Words(
        "签发此码的密钥 {kid} 已被吊销，或不在有效期内；请勿放行，联系签发站点 {station}。",
        "The key {kid} that signed this code is revoked or outside its time of validity; "
        "hold the goods and ask the station {station}.",
    )


class BadSignature(Refusal):
    """The signature does not belong to what the code says."""

    code = "bad_signature"
    title = Words("签名不符", "Bad signature")
    detail = Words(
        "签名与码的内容不符，内容可能被改动；请按可疑标签处理。",
        "The signature does not fit what the code says, which may have been altered; treat the label as suspect.",
    )


class UntrustedHost(Refusal):
    """The signature is right, but the address leads elsewhere."""

    code = "untrusted_host"
    title = Words("网址不在信任列表中", "Untrusted address")
    detail = Words(
        "签名正确，但码中的网址 {host} 不在信任列表中；请勿打开该网址，可键入短码查询。",
        "The signature is right, but the address {host} is not on the trust list; do not open it, "
        "key in the short code instead.",
    )


class RevokedUnit(Refusal):
    """This one unit has been voided."""

    code = "revoked_unit"
    title = Words("此件已作废", "Unit revoked")
    detail = Words(
        "{unit} 的码已作废；请勿放行，查看该件的记录。",
        "The code of {unit} has been voided; hold it and look at its record.",
    )


class RecalledLot(Refusal):
    """The lot is recalled."""

    code = "recalled_lot"
    title = Words("批次已召回", "Lot recalled")
    detail = Words(
        "商品 {gtin} 的批次 {lot} 正在召回；请勿放行，按召回通知处理。",
        "Lot {lot} of product {gtin} is recalled; hold it and follow the recall notice.",
    )
