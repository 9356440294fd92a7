"""The steps of an audit and all that each can find, in both languages (`docs/guides/audit-the-log.md` lists them)."""

from enum import StrEnum
from typing import Final

from coldtrace.errors import Words


class FindingCode(StrEnum):
    """What does not fit."""

    CHECKPOINT_SIGNATURE = "checkpoint_signature"
    CHECKPOINT_COLUMNS = "checkpoint_columns"
    COSIGNATURE_BAD = "cosignature_bad"
    COSIGNATURE_STRANGER = "cosignature_stranger"
    COSIGNATURE_KIND = "cosignature_kind"
    QUORUM_MISSED = "quorum_missed"
    COSIGNATURE_AGE = "cosignature_age"
    LEAF_MISSING = "leaf_missing"
    LEAF_REPEATED = "leaf_repeated"
    LEAF_HASH = "leaf_hash"
    LEAF_TEXT = "leaf_text"
    LEAF_KEY_UNKNOWN = "leaf_key_unknown"
    LEAF_SIGNATURE = "leaf_signature"
    ENTRY_MISSING = "entry_missing"
    ENTRY_HASH = "entry_hash"
    ENTRY_ID = "entry_id"
    ENTRY_DAY = "entry_day"
    LEAF_NET = "leaf_net"
    ENROLMENT_BAD = "enrolment_bad"
    NODE_WRONG = "node_wrong"
    NODE_MISSING = "node_missing"
    NODE_EXTRA = "node_extra"
    CHECKPOINT_ROOT = "checkpoint_root"
    CHECKPOINT_BEYOND = "checkpoint_beyond"
    HEAD_WRONG = "head_wrong"
    FRONTIER_WRONG = "frontier_wrong"
    HEAD_UNSIGNED = "head_unsigned"
    PUBLISHED_WRONG = "published_wrong"
    ENTRY_LOST = "entry_lost"
    STATEMENT_LOST = "statement_lost"
    PENDING_WRONG = "pending_wrong"
    PENDING_OVERDUE = "pending_overdue"
    PIECE_MISSING = "piece_missing"
    PIECE_WRONG = "piece_wrong"
    PIECE_ORPHAN = "piece_orphan"
    ERASED_UNRECORDED = "erased_unrecorded"
    CHAIN_BROKEN = "chain_broken"
    SEQ_WRONG = "seq_wrong"
    LIST_WRONG = "list_wrong"
    JOURNAL_BACK = "journal_back"
    LIST_UNSIGNED = "list_unsigned"
    ROOT_WRONG = "root_wrong"
    SERVED_CHECKPOINT = "served_checkpoint"
    SERVED_STALE = "served_stale"
    SERVED_MISSING = "served_missing"
    SERVED_WIDTH = "served_width"
    SERVED_DIFFERS = "served_differs"
    SPLIT_VIEW = "split_view"
    LOG_SHRANK = "log_shrank"
    HISTORY_REWRITTEN = "history_rewritten"
    OTHER_KEY = "other_key"
    WITNESS_ANSWER = "witness_answer"
    WITNESS_AHEAD = "witness_ahead"
    WITNESS_DIFFERS = "witness_differs"


STEPS: Final[dict[int, Words]] = {
    1: Words("检查点与见证签名", "signatures of checkpoints and witnesses"),
    2: Words("每个叶子及其内容与签名", "every leaf, its text and its signature"),
    3: Words("重建的树与每个检查点根", "the tree rebuilt, and every checkpoint's root"),
    4: Words("当前头与前沿", "the head and its frontier"),
    5: Words("已回执的记录均已入树或等待中", "what was acknowledged is a leaf or waits"),
    6: Words("内容与承诺一致，设备链无缺口", "pieces match their hashes, chains of devices have no holes"),
    7: Words("对外提供的文件与此一致", "what is served is the same"),
    8: Words("与上次保存的检查点一致", "consistent with the checkpoint saved before"),
    9: Words("与各见证人一致", "the witnesses have seen the same log"),
}

WORDS: Final[dict[FindingCode, tuple[int, Words]]] = {
    FindingCode.CHECKPOINT_SIGNATURE: (
        1,
        Words("检查点 {where} 没有日志的有效签名。", "Checkpoint {where} has no valid signature of the log."),
    ),
    FindingCode.CHECKPOINT_COLUMNS: (
        1,
        Words(
            "检查点 {where} 的签名文本与数据列不符。", "The signed text of checkpoint {where} differs from its columns."
        ),
    ),
    FindingCode.COSIGNATURE_BAD: (
        1,
        Words("见证签名 {where} 无效。", "The cosignature {where} does not verify."),
    ),
    FindingCode.COSIGNATURE_STRANGER: (
        1,
        Words(
            "见证签名 {where} 来自策略之外的密钥；已退役的见证人应保留在策略文件中（不写地址、不入分组）。",
            "The cosignature {where} is of a key outside the policy; a retired witness keeps its line in the policy,"
            " without address and outside the group.",
        ),
    ),
    FindingCode.COSIGNATURE_KIND: (
        1,
        Words(
            "见证签名 {where} 不是见证类型（04）的签名。", "The cosignature {where} is not of a witness's kind (04)."
        ),
    ),
    FindingCode.QUORUM_MISSED: (
        1,
        Words(
            "检查点 {where} 的见证人数不足策略要求。",
            "Checkpoint {where} has fewer witnesses than the policy asks for.",
        ),
    ),
    FindingCode.COSIGNATURE_AGE: (
        1,
        Words(
            "{where} 的见证签名已过时或时间在未来：日志停滞，或所见为旧副本。",
            "The cosignatures of {where} are too old, or of the future: the log stands still, or an old copy is shown.",
        ),
    ),
    FindingCode.LEAF_MISSING: (2, Words("缺少叶子 {where}。", "Leaf {where} is missing.")),
    FindingCode.LEAF_REPEATED: (2, Words("记录 {where} 占用了不止一个叶子。", "Entry {where} has more than one leaf.")),
    FindingCode.LEAF_HASH: (
        2,
        Words("叶子 {where} 的哈希与其记录不符。", "The hash of leaf {where} is not that of its entry."),
    ),
    FindingCode.LEAF_TEXT: (
        2,
        Words("叶子 {where} 的文本不规范。", "The text of leaf {where} is not a canonical leaf."),
    ),
    FindingCode.LEAF_KEY_UNKNOWN: (
        2,
        Words("叶子 {where} 的设备密钥此前没有登记。", "The device key of leaf {where} was not enrolled before it."),
    ),
    FindingCode.LEAF_SIGNATURE: (
        2,
        Words("叶子 {where} 的设备签名无效。", "The device's signature in leaf {where} does not verify."),
    ),
    FindingCode.ENTRY_MISSING: (2, Words("叶子 {where} 没有对应的记录。", "Leaf {where} has no entry.")),
    FindingCode.ENTRY_HASH: (
        2,
        Words("记录 {where} 的哈希不是其字节的哈希。", "The hash of entry {where} is not that of its bytes."),
    ),
    FindingCode.ENTRY_ID: (
        2,
        Words("记录 {where} 的编号与其签名文本中的不同。", "Entry {where} has another id than its signed text."),
    ),
    FindingCode.ENTRY_DAY: (
        2,
        Words(
            "记录 {where} 的接收日期与其叶子中的不同。", "Entry {where} was received on another day than its leaf says."
        ),
    ),
    FindingCode.LEAF_NET: (
        2,
        Words("叶子 {where} 属于另一个系统（net）。", "Leaf {where} is of another installation (net)."),
    ),
    FindingCode.ENROLMENT_BAD: (
        2,
        Words("叶子 {where} 的设备登记无效。", "The enrolment in leaf {where} does not verify."),
    ),
    FindingCode.NODE_WRONG: (3, Words("存储的节点 {where} 有误。", "The stored node {where} is wrong.")),
    FindingCode.NODE_MISSING: (3, Words("缺少存储的节点 {where}。", "The stored node {where} is missing.")),
    FindingCode.NODE_EXTRA: (
        3,
        Words("第 {where} 层有多余的节点。", "Level {where} has nodes that the tree does not have."),
    ),
    FindingCode.CHECKPOINT_ROOT: (
        3,
        Words("检查点 {where} 的根与叶子重建的根不符。", "The root of checkpoint {where} is not that of its leaves."),
    ),
    FindingCode.CHECKPOINT_BEYOND: (
        3,
        Words("检查点 {where} 超出了现有的叶子。", "Checkpoint {where} covers more leaves than there are."),
    ),
    FindingCode.HEAD_WRONG: (4, Words("当前头（{where}）与叶子不符。", "The head ({where}) does not fit the leaves.")),
    FindingCode.FRONTIER_WRONG: (
        4,
        Words("前沿（{where}）与叶子不符。", "The frontier ({where}) does not fit the leaves."),
    ),
    FindingCode.HEAD_UNSIGNED: (
        4,
        Words("当前大小 {where} 没有签名检查点。", "There is no signed checkpoint of the present size {where}."),
    ),
    FindingCode.PUBLISHED_WRONG: (
        4,
        Words(
            "登记为已发布的检查点（{where}）不是日志签署过的检查点。",
            "The checkpoint noted as published ({where}) is none that the log has signed.",
        ),
    ),
    FindingCode.ENTRY_LOST: (
        5,
        Words("记录 {where} 既未入树，也不在等待队列。", "Entry {where} is neither a leaf nor waiting."),
    ),
    FindingCode.STATEMENT_LOST: (
        5,
        Words("已受理的作业记录 {where} 不在日志中。", "The accepted statement {where} is not in the log."),
    ),
    FindingCode.PENDING_WRONG: (
        5,
        Words(
            "等待队列中的 {where} 没有记录、哈希不符或已入树。",
            "Waiting {where} has no entry, another hash, or is placed.",
        ),
    ),
    FindingCode.PENDING_OVERDUE: (
        5,
        Words("记录 {where} 等待入树超过了承诺时间。", "Entry {where} has waited longer than was promised."),
    ),
    FindingCode.PIECE_MISSING: (6, Words("{where} 的内容缺失。", "A piece is missing: {where}.")),
    FindingCode.PIECE_WRONG: (
        6,
        Words("{where} 的内容与签名的承诺不符。", "A piece does not match the signed hash: {where}."),
    ),
    FindingCode.PIECE_ORPHAN: (6, Words("内容 {where} 没有对应的记录。", "The piece {where} has no entry.")),
    FindingCode.ERASED_UNRECORDED: (
        6,
        Words(
            "{where} 被删除的内容多于日志中的删除记录。",
            "More was erased than an entry in the log says: {where}.",
        ),
    ),
    FindingCode.CHAIN_BROKEN: (
        6,
        Words(
            "设备链中断：{where} 之前的记录不在日志中，或有两条记录接在同一条之后。",
            "A device's chain is broken at {where}: what it follows is not in the log, or two follow one.",
        ),
    ),
    FindingCode.SEQ_WRONG: (6, Words("{where} 的设备序号不连续。", "The device's number in {where} does not follow.")),
    FindingCode.LIST_WRONG: (
        6,
        Words("信任列表 {where} 与日志中的哈希不符或缺失。", "Trust list {where} is missing or differs from its leaf."),
    ),
    FindingCode.JOURNAL_BACK: (
        6,
        Words(
            "叶子 {where} 锚定的审计日志没有接着前一个锚：同一天，或比之前短。",
            "Leaf {where} anchors a journal that does not go on from the anchor before: the same day, or not longer.",
        ),
    ),
    FindingCode.LIST_UNSIGNED: (
        6,
        Words(
            "信任列表 {where} 没有当时根密钥的足够签名。",
            "Trust list {where} is not signed by enough of the roots of its time.",
        ),
    ),
    FindingCode.ROOT_WRONG: (
        6,
        Words(
            "根文件第 {where} 版不是由前一版认可的，或不是所指定的根。",
            "Root document {where} does not follow from the one before, or is not the root that was given.",
        ),
    ),
    FindingCode.SERVED_CHECKPOINT: (
        7,
        Words(
            "所提供的检查点无法读取或签名无效（{where}）。",
            "The served checkpoint is missing, unreadable or not signed ({where}).",
        ),
    ),
    FindingCode.SERVED_STALE: (
        7,
        Words("所提供的检查点过旧（{where}）。", "The served checkpoint is stale ({where})."),
    ),
    FindingCode.SERVED_MISSING: (7, Words("应提供的 {where} 没有提供。", "What is owed is not served: {where}.")),
    FindingCode.SERVED_WIDTH: (7, Words("{where} 的宽度有误。", "The width is wrong: {where}.")),
    FindingCode.SERVED_DIFFERS: (
        7,
        Words("所提供的 {where} 与叶子不符。", "What is served differs from the leaves: {where}."),
    ),
    FindingCode.SPLIT_VIEW: (
        7,
        Words(
            "日志在大小 {where} 处签署了两个不同的根：已分叉。",
            "The log has signed two roots of size {where}: it has forked.",
        ),
    ),
    FindingCode.LOG_SHRANK: (
        8,
        Words(
            "日志比上次保存的检查点小（{where}）。", "The log is smaller than the checkpoint saved before ({where})."
        ),
    ),
    FindingCode.HISTORY_REWRITTEN: (
        8,
        Words(
            "历史已被改写：大小 {where} 处的根与上次保存的不同。",
            "History was rewritten: the root of size {where} is not the one saved before.",
        ),
    ),
    FindingCode.OTHER_KEY: (
        8,
        Words(
            "日志的来源或公钥与上次保存的不同（{where}）。",
            "Origin or key of the log is not the one saved before ({where}).",
        ),
    ),
    FindingCode.WITNESS_ANSWER: (
        9,
        Words(
            "见证人 {where} 给出的检查点无法读取或签名无效。",
            "The checkpoint of witness {where} is unreadable or not rightly signed.",
        ),
    ),
    FindingCode.WITNESS_AHEAD: (
        9,
        Words("见证人 {where} 见过更大的日志。", "A witness has seen a larger log: {where}."),
    ),
    FindingCode.WITNESS_DIFFERS: (
        9,
        Words("见证人 {where} 见过的是另一个日志。", "A witness has seen another log: {where}."),
    ),
}
