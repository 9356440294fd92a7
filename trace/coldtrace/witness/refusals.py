"""What a witness answers when it does not cosign, and what its commands refuse."""

from coldtrace.errors import Refusal, Words


class UnknownLog(Refusal):
    """The origin is not one that this witness follows."""

    code = "witness_unknown_log"
    title = Words("未知的日志", "Unknown log")
    detail = Words(
        "本见证人未登记日志 {origin}；请见证人运营者核对后用 coldtrace witness logs add 登记其 vkey。",
        "This witness does not follow the log {origin}; have its operator check the log's vkey and add it with"
        " coldtrace witness logs add.",
    )


class NotSignedByLog(Refusal):
    """No registered key of the log has validly signed the checkpoint."""

    code = "witness_not_signed_by_log"
    title = Words("并非该日志的签名", "Not signed by the log")
    detail = Words(
        "检查点没有日志 {origin} 已登记密钥的有效签名；请核对双方的 vkey。",
        "The checkpoint has no valid signature of a registered key of {origin}; compare the vkeys on both sides.",
    )


class OldAboveSize(Refusal):
    """The size to prove from is larger than the size to prove."""

    code = "witness_old_above_size"
    title = Words("起始大小过大", "Old size above the new")
    detail = Words(
        "起始大小 {old} 大于检查点大小 {size}；日志只能增长，不能缩小。",
        "The old size {old} is above the checkpoint's {size}; a log only grows.",
    )


class SizeConflict(Refusal):
    """The size to prove from is not the one that this witness cosigned last."""

    code = "witness_size_conflict"
    title = Words("起始大小不符", "Another old size")
    detail = Words(
        "本见证人最后签署的大小是 {size}，请求从 {old} 开始；请从 {size} 重新生成一致性证明。",
        "This witness cosigned {size} last and the request proves from {old}; make the proof from {size}.",
    )


class RootConflict(Refusal):
    """Two roots for one size: the log has forked."""

    code = "witness_root_conflict"
    title = Words("同一大小出现两个根哈希", "Two roots of one size")
    detail = Words(
        "日志 {origin} 在大小 {size} 处出现了另一个根哈希：日志已分叉。证据已保存，请联系日志运营者并告知其他见证人。",
        "The log {origin} shows another root at size {size}: it has forked. The evidence is kept; call the log's"
        " operator and tell the other witnesses.",
    )


class GrowthNotProved(Refusal):
    """The proof does not show that the old tree is the beginning of the new one."""

    code = "witness_growth_not_proved"
    title = Words("一致性证明不成立", "Growth not proved")
    detail = Words(
        "证明不能说明大小 {size} 的日志是从大小 {old} 增长而来；请重新生成证明，若仍不成立，则历史已被改写。",
        "The proof does not show that the log of size {size} grew from that of size {old}; make it again, and if it"
        " still fails, history was rewritten.",
    )


class NothingCosigned(Refusal):
    """There is no such path, or nothing of this log was cosigned yet."""

    code = "witness_nothing_cosigned"
    title = Words("没有该地址", "Nothing here")
    detail = Words(
        "此地址没有内容：路径有误，或尚未为该日志签署过检查点。",
        "There is nothing here: the path is wrong, or no checkpoint of that log was cosigned yet.",
    )


class WitnessMethod(Refusal):
    """The path takes another method."""

    code = "witness_method"
    title = Words("请求方法有误", "Wrong method")
    detail = Words("此地址只接受 {allowed}。", "This address takes {allowed} only.")


class RequestTooLarge(Refusal):
    """The body is longer than any honest request."""

    code = "witness_request_too_large"
    title = Words("请求过大", "Request too large")
    detail = Words("请求超过 {limit} 字节的上限。", "The request is longer than the limit of {limit} bytes.")


class RequestTooSlow(Refusal):
    """The body did not arrive in time."""

    code = "witness_request_too_slow"
    title = Words("请求超时", "Request too slow")
    detail = Words("请求在 {limit} 秒内未收完。", "The request did not arrive within {limit} seconds.")


class StoreUnavailable(Refusal):
    """The store could not be written, so nothing was signed."""

    code = "witness_store_unavailable"
    title = Words("存储不可用", "Store not available")
    detail = Words(
        "见证人的存储暂时无法写入（{reason}），未签名；请稍后重试，并检查磁盘。",
        "The witness's store cannot be written now ({reason}) and nothing was signed; try again, and check the disk.",
    )


class StoreLost(Refusal):
    """There is a key, but not the store that says what it has signed."""

    code = "witness_store_lost"
    title = Words("见证记录丢失", "The store of the witness is gone")
    detail = Words(
        "目录 {folder} 中有密钥而没有 witness.db：不知道曾签署过什么，继续签署可能为分叉作证。"
        "请用 coldtrace witness logs add --start 从自己签署的最新检查点开始；仅当此密钥从未签署过时，用 --fresh。",
        "The folder {folder} has a key and no witness.db: nobody knows what was signed, and going on could vouch for a"
        " fork. Begin from the newest checkpoint that you cosigned with coldtrace witness logs add --start; only if"
        " this key has never signed anything, use --fresh.",
    )


class StoreBehind(Refusal):
    """The store knows of less than this witness has signed."""

    code = "witness_store_behind"
    title = Words("见证记录落后于已签署的内容", "The store is behind what was signed")
    detail = Words(
        "日志 {origin}：见证记录到大小 {size}，而 {where} 表明本见证人已签署到 {signed}（或另一根哈希）。"
        "可能恢复了旧副本，已停止签名。请按 docs/guides/be-a-witness.md 第 6 节处理。",
        "The store knows the log {origin} up to size {size}, but by {where} this witness has signed {signed}, or"
        " another root: an older copy may have been restored. Nothing is signed."
        " See docs/guides/be-a-witness.md, section 6.",
    )


class LogUnreachable(Refusal):
    """The address under which a log shows its checkpoint gives none, so that nothing could be compared."""

    code = "witness_log_unreachable"
    title = Words("无法核对公开检查点", "The public checkpoint cannot be compared")
    detail = Words(
        "启动后首次签署前须核对 {url} 上的公开检查点，但无法取得（{reason}），未签名；请稍后重试。",
        "Before the first signature of this run the public checkpoint at {url} is compared; it could not be had"
        " ({reason}) and nothing was signed. Try again.",
    )


class NoWitnessKey(Refusal):
    """The state folder has no key."""

    code = "witness_no_key"
    title = Words("尚无见证密钥", "No witness key")
    detail = Words(
        "目录 {folder} 中没有见证密钥；请先运行 coldtrace witness keys new --name 名称。",
        "The folder {folder} has no witness key; first run coldtrace witness keys new --name NAME.",
    )


class WitnessKeyExists(Refusal):
    """A witness has one key, and it is never overwritten."""

    code = "witness_key_exists"
    title = Words("见证密钥已存在", "Witness key exists")
    detail = Words(
        "目录 {folder} 中已有见证密钥，未作更改；新的见证人请另选目录。",
        "The folder {folder} has a witness key already and nothing was changed; take another folder for a new one.",
    )


class BadWitnessName(Refusal):
    """The name cannot stand in a signature line."""

    code = "witness_bad_name"
    title = Words("见证人名称无效", "Bad witness name")
    detail = Words(
        "名称 {name} 不可用：不能为空，不能含空格或加号；请用自己域名下的地址，如 witness.example.cn/one。",
        "The name {name} cannot be used: not empty, no spaces and no plus sign; take an address under your own domain,"
        " as in witness.example.cn/one.",
    )


class NotALogKey(Refusal):
    """The vkey is a witness's, not a log's."""

    code = "witness_not_a_log_key"
    title = Words("不是日志的 vkey", "Not the vkey of a log")
    detail = Words(
        "{name} 的 vkey 不是日志密钥（类型 01）；请向日志运营者索取日志的 vkey。",
        "The vkey of {name} is not a log's (kind 01); ask the log's operator for the vkey of the log.",
    )


class StartRefused(Refusal):
    """A log that is followed already has its own start."""

    code = "witness_start_refused"
    title = Words("不能再设起点", "No second start")
    detail = Words(
        "日志 {origin} 已签署到大小 {size}，不能改从其他检查点开始。",
        "The log {origin} was cosigned up to {size} already and cannot start from another checkpoint.",
    )
