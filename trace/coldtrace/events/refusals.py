"""Refusals of the statement itself.  Certificates, receipts, invites and bundles keep theirs beside their readers."""

from coldtrace.errors import Refusal, Words


class MalformedStatement(Refusal):
    """A piece is not what CTE1 v1 says: keys, kinds, sizes, or rules between its own values."""

    code = "malformed_statement"
    title = Words("记录格式有误", "Malformed statement")
    detail = Words(
        "记录的 {piece} 部分有误（{where}）；请更新设备软件后重新生成该记录。",
        "The {piece} piece of the statement is wrong ({where}); update the device and make the statement again.",
    )


class StatementTooLarge(Refusal):
    """A piece is larger than its limit."""

    code = "statement_too_large"
    title = Words("记录过大", "Statement too large")
    detail = Words(
        "记录的 {piece} 部分超过上限 {limit}；请拆分为多条记录。",
        "The {piece} piece of the statement is over its limit of {limit}; split it into several statements.",
    )


class HashMismatch(Refusal):
    """A piece is not the one that the signed header names."""

    code = "hash_mismatch"
    title = Words("内容与签名不符", "Piece does not match the header")
    detail = Words(
        "记录的 {piece} 部分与已签名的抬头不符；请原样发送设备生成的字节。",
        "The {piece} piece is not the one that the signed header names; send exactly the bytes the device made.",
    )


class BadStatementSignature(Refusal):
    """The signature is not the named key's over this header."""

    code = "bad_statement_signature"
    title = Words("签名无效", "Signature does not verify")
    detail = Words(
        "记录的签名无效；请检查设备是否使用已登记的密钥。",
        "The signature of the statement does not verify; check that the device uses its enrolled key.",
    )
