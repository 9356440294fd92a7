"""The words of the proof checks, in both languages.  `web/static/verify/words.js` has the same table; a test compares.

A check about one statement carries its number, `signature[0]`; people count from one.
"""

import re
from typing import Final

from coldtrace.errors import Words

RESULTS: Final = {
    "passed": Words("通过", "passed"),
    "failed": Words("未通过", "failed"),
    "not_checked": Words("未检查", "not checked"),
}

OUTCOMES: Final = {
    "passed": Words("成立", "the proof holds"),
    "incomplete": Words("尚不能判断：有必要的项目未检查", "not settled: what a proof needs was not checked"),
    "failed": Words("不成立", "the proof does not hold"),
}

NAMES: Final = {
    "format": Words("凭证格式", "Proof file"),
    "root": Words("信任根", "Root of trust"),
    "trust_list": Words("信任列表的签名", "Signatures on the trust list"),
    "trust_list_seq": Words("信任列表未倒退", "Trust list not rolled back"),
    "trust_list_fresh": Words("信任列表的时效", "Trust list up to date"),
    "code_signature": Words("追溯码的签名", "Signature of the code"),
    "code_host": Words("追溯码的网址", "Address in the code"),
    "code_asked": Words("与所查询的追溯码一致", "Code that was asked about"),
    "code_commission": Words("追溯码与首站赋码一致", "Code tied to its commissioning"),
    "facts": Words("商品信息与首站记录一致", "Product facts tied to the first record"),
    "statement": Words("记录内容", "Statement"),
    "signature": Words("记录签名", "Signature of statement"),
    "certificate": Words("设备证书", "Device certificate of statement"),
    "line": Words("记录涉及本件货物", "Line of statement"),
    "inclusion": Words("记录已入公开日志", "Log entry of statement"),
    "checkpoint": Words("日志检查点的签名", "Signature of the log"),
    "witnesses": Words("独立见证", "Independent witnesses"),
    "continuity": Words("流转连续", "Continuity"),
    "time": Words("时间上限", "Claimed times, latest"),
    "seen": Words("时间下限", "Claimed times, earliest"),
    "complete": Words("是否完整", "Completeness"),
    "page": Words("本页文字", "Text of this page"),
}

REASONS: Final = {
    "": Words("", ""),
    # the file
    "malformed_bundle": Words("文件不是有效的凭证", "the file is not a proof of this kind"),
    # root and trust list
    "root_not_pinned": Words(
        "未指定信任根，采用文件自带的；请与公布的信任根核对",
        "no root was pinned, the one in the file was used; compare it with the published one",
    ),
    "malformed_root": Words("信任根文件有误", "the root document is malformed"),
    "no_root": Words("没有可用的信任根", "there is no usable root of trust"),
    "root_change_refused": Words(
        "信任根的变更没有足够的新旧根签名", "a change of the roots lacks signatures, or does not follow"
    ),
    "root_differs": Words("与您指定的信任根不同", "not the root that you pinned"),
    "net_differs": Words("文件声明的系统与信任根不同", "the file names another installation than its root"),
    "malformed_trust_list": Words("信任列表有误", "the trust list is malformed"),
    "untrusted_trust_list": Words(
        "有效的根签名不足，或属于其他系统", "too few valid root signatures, or another installation's list"
    ),
    "trust_list_rolled_back": Words("比已见过的列表更旧", "older than a list already seen"),
    "no_earlier_list": Words("此前没有见过列表，无从比较", "no earlier list to compare with"),
    "list_expired": Words(
        "列表已过期，之后撤销的密钥无从得知", "the list has expired; keys revoked since are not known"
    ),
    "no_trusted_list": Words("没有可信的信任列表", "there is no trusted list to check against"),
    # the code
    "malformed_uri": Words("追溯码格式有误", "the code is malformed"),
    "unsigned": Words("追溯码没有签名", "the code is not signed"),
    "malformed_token": Words("追溯码的签名部分有误", "the token of the code is malformed"),
    "unsupported_version": Words("追溯码版本不受支持", "the version of the code is not supported"),
    "unknown_key": Words("签名密钥不在信任列表中", "the signing key is not on the trust list"),
    "alg_mismatch": Words("签名算法与密钥不符", "the algorithm does not belong to the key"),
    "revoked": Words("签名密钥已被撤销", "the signing key was revoked"),
    "bad_signature": Words("签名无效", "the signature does not verify"),
    "malformed_filter": Words("失窃前登记的证明格式有误", "the proof of registration before the theft is malformed"),
    "untrusted_host": Words("网址不在信任列表中", "the address is not on the trust list"),
    "code_unreadable": Words("追溯码无法读取", "the code cannot be read"),
    "nothing_asked": Words("未指定所查询的追溯码", "it was not said which code was asked about"),
    "other_code": Words("这是另一件货物的凭证", "this is the proof of other goods"),
    "no_commission": Words("没有这件货物的赋码记录", "no statement gives these goods their code"),
    "commission_closed": Words("赋码记录未公开所印的追溯码", "the commissioning does not show the code"),
    "code_differs": Words("赋码记录中是另一个追溯码", "another code was commissioned"),
    # the facts
    "no_facts": Words("首站记录没有商品信息", "the first record has no product facts"),
    "facts_not_shown": Words("商品信息未随凭证提供", "the product facts are not in the file"),
    "facts_differ": Words("商品信息与首站签名的不同", "not the facts that were signed"),
    "facts_of_other_goods": Words("商品信息属于其他商品", "the facts are those of other goods"),
    "malformed_facts": Words("商品信息格式有误", "the product facts are malformed"),
    # one statement
    "malformed_header": Words("抬头格式有误", "the header is malformed"),
    "malformed_public": Words("公开部分格式有误", "the public piece is malformed"),
    "not_canonical": Words("文本不规范", "the text is not canonical"),
    "other_network": Words("属于其他系统", "it belongs to another installation"),
    "public_differs": Words("公开部分与签名的不同", "not the public piece that was signed"),
    "statement_unreadable": Words("该记录无法读取", "the statement cannot be read"),
    "key_differs": Words("证书属于另一把密钥", "the certificate is for another key"),
    "malformed_key": Words("密钥格式有误", "the key is malformed"),
    "unsupported_algorithm": Words("本机不支持该签名算法", "this installation cannot check the algorithm"),
    # the certificate
    "malformed_certificate": Words("证书格式有误", "the certificate is malformed"),
    "bad_certificate_signature": Words("不是由受信任的登记密钥签发", "no trusted enrolment key signed it"),
    "enrolment_key_revoked": Words("签发证书的密钥已被撤销", "the enrolment key was revoked"),
    "enrolment_key_window": Words("签发证书的密钥已超出有效期", "the enrolment key is outside its window"),
    "enrolment_key_cut": Words("记录在签发密钥被停用之后才入日志", "logged after the enrolment key was cut off"),
    "certificate_other_network": Words("证书属于其他系统", "the certificate is for another installation"),
    "certificate_other_key": Words("证书属于另一把密钥", "the certificate is for another key"),
    "certificate_other_use": Words("证书的用途不符", "the certificate is for another use"),
    "certificate_other_place": Words("证书的场所与记录不符", "the certificate is for another place"),
    "certificate_window": Words("记录日期超出证书有效期", "the day is outside the certificate's window"),
    "key_cut": Words("记录在设备密钥被停用之后才入日志", "logged after the device key was cut off"),
    # lines and the log
    "no_line": Words("没有出示任何行", "no line is shown"),
    "line_not_in_statement": Words("该行不在签名的记录中", "the line is not in the signed statement"),
    "opening_differs": Words("数量或附加信息与签名的不同", "quantity or attributes are not the signed ones"),
    "received_at_not_a_day": Words("日志条目的时间格式有误", "the time of the log entry is not a day"),
    "not_in_log": Words("不在该检查点的日志中", "not in the log at this checkpoint"),
    "no_checkpoint": Words("没有可读的检查点", "there is no readable checkpoint"),
    "malformed_checkpoint": Words("检查点格式有误", "the checkpoint is malformed"),
    "unknown_log": Words("日志不在信任列表中", "the log is not on the trust list"),
    "bad_checkpoint_signature": Words("日志的签名无效", "the signature of the log does not verify"),
    "no_witness_yet": Words("目前还没有独立见证", "no witness yet"),
    "bad_cosignature": Words("见证的签名无效", "a witness signature does not verify"),
    "quorum_not_met": Words("见证数量不足", "too few witnesses have cosigned"),
    # the story
    "no_statements": Words("没有任何有效记录", "no statement stands"),
    "statements_failed": Words("有记录未通过检查，无法判断", "a statement failed its own checks"),
    "repeated_statement": Words("同一记录出现两次", "a statement is shown twice"),
    "forked_chain": Words("同一设备的记录链出现分叉", "a device's chain is forked"),
    "dates_out_of_order": Words("日期先后颠倒", "the days are out of order"),
    "correction_from_elsewhere": Words("更正来自其他场所", "a correction comes from another place"),
    "line_about_other_goods": Words("涉及其他货物", "a line is about other goods"),
    "packed_twice": Words("未拆出又被装入", "packed again without an unpack"),
    "unpack_without_pack": Words("拆出前没有装入", "unpacked without a pack"),
    "parent_not_open": Words(
        "记录涉及的包装当时并不含本件货物", "a statement about a parent in which the goods were not"
    ),
    "open_as_far_as_shown": Words("就所示记录，仍在外包装内", "still inside its parent as far as shown"),
    "claimed_after_cosignature": Words("声称的日期晚于见证时间", "claimed later than a witness saw it"),
    "claimed_after_receipt": Words("声称的日期晚于平台收到之日", "claimed later than the platform received it"),
    "received_after_cosignature": Words("平台收到之日晚于见证时间", "received later than a witness saw it"),
    "not_after_cosignature": Words(
        "日期由设备声称，且不晚于见证时间", "claimed by the devices; not later than the witnesses saw"
    ),
    "not_after_receipt": Words(
        "日期由设备声称，且不晚于平台收到之日", "claimed by the devices; not later than the platform received"
    ),
    "no_seen": Words("设备未引用检查点", "no device named a checkpoint"),
    "seen_not_shown": Words("设备引用的检查点未随凭证提供", "the checkpoints the devices named are not in the file"),
    # the page in a browser
    "page_differs": Words("本页标红处不是所签名的内容", "what is outlined in red on this page is not what was signed"),
    "page_old": Words(
        "本页所示的查询时间与本机时钟相差一天以上，请重新打开页面",
        "the moment shown on this page is more than a day from this device's clock; open the page again",
    ),
    "page_lacks_records": Words("凭证中有本页没有显示的流通记录", "the proof has records that this page does not show"),
    "page_not_compared": Words(
        "没有核对通过的商品信息可供比对", "no product facts passed that it could be compared with"
    ),
    "only_what_is_shown": Words(
        "凭证只能证明所示的内容，不能证明没有遗漏", "a proof shows what is in it, never that nothing was left out"
    ),
    # browsers only
    "browser_lacks_webcrypto": Words("此浏览器在当前网址下无法计算", "this browser cannot compute it at this address"),
    "browser_lacks_ed25519": Words("此浏览器不支持 Ed25519 签名", "this browser cannot check Ed25519 signatures"),
    "browser_lacks_es256": Words("此浏览器不支持 P-256 签名", "this browser cannot check P-256 signatures"),
    "proof_not_fetched": Words("未能取得凭证，请稍后再试", "the proof could not be fetched; try again later"),
}

_NUMBERED: Final = re.compile(r"(?P<name>[a-z_]+)\[(?P<number>\d{1,6})\]", re.ASCII)


def name_words(name: str) -> Words:
    """Return the words of a check's name; a numbered one says which statement."""
    found = _NUMBERED.fullmatch(name)
    if found is None:
        return NAMES.get(name, Words(name, name))
    words, number = name_words(found["name"]), int(found["number"]) + 1
    return Words(f"{words.zh}（第 {number} 条）", f"{words.en} {number}")


def reason_words(reason: str) -> Words:
    """Return the words of a reason; an unknown one stands for itself."""
    return REASONS.get(reason, Words(reason, reason))
