"""What the server answered to a statement, in the language of whoever reads it now.

The server's own sentence came in the language of the sync, so it is the last resort; its code is for programs.
"""

from typing import Final

from coldtrace.errors import Lang, Words
from coldtrace.events.mark_words import MARK_WORDS

_DAMAGED: Final = Words("记录内容有误，请联系管理员", "The statement is malformed; tell the administrator")

REFUSED_WORDS: Final = {
    "unknown_device": Words("本机密钥未在该服务器登记", "This device's key is not enrolled there"),
    "device_revoked": Words("本机密钥已吊销或停用", "This device's key was revoked or retired"),
    "other_network": Words("记录属于另一套系统", "The statement belongs to another installation"),
    "id_conflict": Words(
        "编号已被内容不同的记录占用，请联系管理员", "Its id is taken by other content; tell the administrator"
    ),
    "bad_statement_signature": Words("签名不对，请联系管理员", "The signature is wrong; tell the administrator"),
    "hash_mismatch": _DAMAGED,
    "malformed_statement": _DAMAGED,
    "malformed_unit_id": _DAMAGED,
    "not_canonical": _DAMAGED,
    "statement_too_large": Words("记录过大，请联系管理员", "The statement is too large; tell the administrator"),
    "leaf_too_large": Words("记录过大，请联系管理员", "The statement is too large; tell the administrator"),
    "body_too_large": Words("记录过大，请联系管理员", "The statement is too large; tell the administrator"),
    "no_result": Words("服务器没有答复这一条", "The server did not answer this one"),
    "no_receipt": Words("没有回执", "No receipt came"),
}


def say_answer(code: str, reason: str | None, lang: Lang) -> str:
    """Return what the server's word means; of one that is not known here, its own sentence, or else the word."""
    words = MARK_WORDS.get(code) or REFUSED_WORDS.get(code)
    return words.say(lang) if words is not None else reason or code
