"""Answers of the log that a caller can act on."""

from coldtrace.errors import Refusal, Words


class NotLogged(Refusal):
    """There is no such entry."""

    code = "not_logged"
    title = Words("日志中没有该记录", "Not in the log")
    detail = Words("日志中没有编号 {id} 的记录。请核对编号。", "The log has no entry {id}. Check the identifier.")


class NotYetIncluded(Refusal):
    """The entry is stored and receipted, but no checkpoint covers it yet."""

    code = "not_yet_included"
    title = Words("尚未入树", "Not yet included")
    detail = Words(
        "记录 {id} 已保存，正在等待下一次发布，通常只需数秒；超过一分钟请看 /readyz，例如缺少见证签名时暂不发布。",
        "Entry {id} is stored and waits for the next publication, seconds as a rule; after a minute see what /readyz"
        " says: nothing is published while, for instance, a witness is missing.",
    )


class NoCheckpoint(Refusal):
    """No checkpoint of this size was ever signed."""

    code = "no_checkpoint"
    title = Words("没有该检查点", "No such checkpoint")
    detail = Words(
        "日志没有大小为 {size} 的检查点。请使用已发布的大小。",
        "The log has no checkpoint of size {size}. Use a published size.",
    )


class NoTile(Refusal):
    """There is no tile at this path, or not yet."""

    code = "no_tile"
    title = Words("没有该日志分块", "No such tile")
    detail = Words(
        "已发布的日志（{size} 条）没有分块 {path}。请按检查点的大小计算路径。",
        "The published log of {size} leaves has no tile {path}. Compute paths from the size of the checkpoint.",
    )


class LogUnknown(Refusal):
    """The installation has no log of this name."""

    code = "log_unknown"
    title = Words("没有该日志", "No such log")
    detail = Words(
        "本安装没有名为 {name} 的日志；coldtrace ledger list 列出全部。",
        "This installation has no log named {name}; coldtrace ledger list shows them all.",
    )


class LogExists(Refusal):
    """A log of this origin was opened before."""

    code = "log_exists"
    title = Words("日志已存在", "The log exists already")
    detail = Words(
        "日志 {origin} 已经开立，未作更改。请另选名称。",
        "The log {origin} was opened before; nothing was changed. Choose another name.",
    )


class LogNameUnusable(Refusal):
    """The name cannot stand in the address of a log."""

    code = "log_name_unusable"
    title = Words("日志名称不可用", "Unusable name of a log")
    detail = Words(
        "名称 {name} 不能用作日志名：只用小写字母、数字和中间的连字符，最长 63 个字符，例如 cn-2027。",
        "{name} cannot be the name of a log: use lower-case letters, digits and inner hyphens, 63 at most, such as"
        " cn-2027.",
    )


class LogNotOpen(Refusal):
    """The log takes nothing: it was never opened, is frozen or closed."""

    code = "log_not_open"
    title = Words("日志未开放写入", "The log takes no entries")
    detail = Words(
        "日志 {name} 已冻结或已关闭，暂不接受记录，请保留数据稍后重试；管理员请查看 coldtrace ledger list。",
        "The log {name} is frozen or closed and takes no entries; keep the data and try again later."
        " Administrators: see coldtrace ledger list.",
    )


class ForkAhead(Refusal):
    """Outside the database there is a checkpoint of a larger tree than the database has."""

    code = "log_behind_its_checkpoint"
    title = Words("数据库比已发布的检查点旧", "The database is older than a published checkpoint")
    detail = Words(
        "日志 {name} 在数据库中只有 {head} 条，而 {where} 保存的检查点已有 {size} 条："
        "数据库被恢复到旧状态或切换到了落后的副本。"
        "日志已冻结，不再签名。请勿修改检查点；处理步骤见 docs/guides/run-in-production.md。",
        "The log {name} has {head} leaves in the database, but {where} holds its checkpoint of {size}: the database was"
        " restored to an older state, or a replica that lagged took over. The log is frozen and signs nothing."
        " Leave the checkpoint alone; docs/guides/run-in-production.md says what to do.",
    )


class ForkDiffers(Refusal):
    """Outside the database there is a checkpoint that the database's leaves do not lead to."""

    code = "log_differs_from_its_checkpoint"
    title = Words("数据库与已发布的检查点不符", "The database differs from a published checkpoint")
    detail = Words(
        "日志 {name} 的前 {size} 条算出的根与 {where} 保存的检查点不符：历史已被改动或分叉。"
        "日志已冻结，不再签名。请勿修改检查点；处理步骤见 docs/guides/run-in-production.md。",
        "The first {size} leaves of the log {name} do not lead to the root in the checkpoint that {where} holds:"
        " history was changed or has forked. The log is frozen and signs nothing."
        " Leave the checkpoint alone; docs/guides/run-in-production.md says what to do.",
    )


class OutsideUnreadable(Refusal):
    """What should be the log's last checkpoint outside the database cannot be read as one."""

    code = "outside_checkpoint_unreadable"
    title = Words("已发布的检查点无法读取", "The published checkpoint cannot be read")
    detail = Words(
        "{where} 中的内容不是日志 {name} 签名的检查点（{reason}）；在恢复之前不签名。请从备份或镜像取回该文件。",
        "What {where} holds is no checkpoint signed by the log {name} ({reason}); nothing is signed until it is back."
        " Fetch the file from a backup or a mirror.",
    )


class HeadWentBack(Refusal):
    """The database has fewer leaves of a log, or others, than this process saw in it before."""

    code = "log_head_went_back"
    title = Words("日志在数据库中倒退", "The log went back in the database")
    detail = Words(
        "本进程先前读到日志 {name} 有 {size} 条，现在数据库中有 {head} 条，且内容不相承：数据库被恢复到旧状态或切换到了"
        "落后的副本。本进程不再为其签名。请恢复含有全部记录的数据库；若丢失的部分从未发布，重启后将重新核对并继续。",
        "This process saw the log {name} with {size} leaves; now the database has {head}, and they do not continue"
        " those: it was restored to an older state, or a replica that lagged took over. This process signs nothing for"
        " it."
        " Restore the database that has all leaves; if what is lost was never published, a restart checks again"
        " and goes on.",
    )


class HeadDamaged(Refusal):
    """The stored head of a log does not fit its own frontier or leaves."""

    code = "log_head_damaged"
    title = Words("日志头部损坏", "The head of a log is damaged")
    detail = Words(
        "日志 {name} 在大小 {size} 处的头部与其前沿（frontier）或分块不符：数据库已损坏或被改动，不为其签名；"
        "其他日志不受影响。请运行 coldtrace ledger audit，并从备份恢复数据库。",
        "The head of the log {name} at size {size} does not fit its frontier or its tiles: the database is damaged or"
        " was changed, and nothing is signed for it; other logs go on. Run coldtrace ledger audit, and restore the"
        " database from a backup.",
    )


class StoredDiffers(Refusal):
    """What the database has of a log does not lead to the root that the log signed."""

    code = "log_tiles_differ"
    title = Words("日志数据与签名的根不符", "The log's data do not give the signed root")
    detail = Words(
        "日志 {name} 在数据库中的 {path} 算不出已签名的根：行已损坏或被改动。不据此出具证明、分块或文件，也不再发布。"
        "请运行 coldtrace ledger audit，从备份恢复该行后重启服务；见 docs/guides/run-in-production.md 6b 节。",
        "What the database has of the log {name} at {path} does not give the signed root: a row is damaged or was"
        " changed. No proof, tile or file is made of it, and nothing more is published. Run coldtrace ledger audit,"
        " restore the row from a backup and restart; docs/guides/run-in-production.md, section 6b.",
    )


class IndexOutOfRange(Refusal):
    """A proof was asked for a leaf that the tree of this size does not have."""

    code = "index_out_of_range"
    title = Words("序号超出范围", "Index out of range")
    detail = Words(
        "大小为 {size} 的日志没有序号 {index}；序号从 0 到 {size} 减 1。",
        "A log of {size} leaves has no index {index}; indexes go from 0 to one below the size.",
    )


class OldAboveNew(Refusal):
    """A consistency proof was asked from a larger tree to a smaller one."""

    code = "old_above_new"
    title = Words("旧大小大于新大小", "The old size is above the new one")
    detail = Words(
        "一致性证明由小到大：old={old} 大于 new={new}。请交换两者。",
        "A consistency proof leads from the smaller tree to the larger: old={old} is above new={new}. Swap them.",
    )


class SigningFailed(Refusal):
    """A tick of one log ended in an error that nobody expected."""

    code = "log_signing_failed"
    title = Words("日志签名出错", "Signing for a log failed")
    detail = Words(
        "为日志 {name} 定序签名时出错（{reason}），记录安全排队，将继续重试；其他日志不受影响。详情见服务日志。",
        "Signing for the log {name} failed ({reason}); what waits is safe and it is tried again, and other logs go on."
        " The service's log has the details.",
    )


class WitnessesSilent(Refusal):
    """So few witnesses said what they know of a log that a fork could be hidden behind the silent ones."""

    code = "witnesses_silent"
    title = Words("见证方未应答", "Witnesses did not answer")
    detail = Words(
        "签名前询问日志 {name} 的见证方，{silent} 未应答：无法排除它们保存着更新的检查点。严格模式下在应答之前不签名，"
        "否则继续签名并反复询问。请检查见证方是否可达。",
        "Asked what they know of the log {name} before signing, {silent} did not answer: they may hold a newer"
        " checkpoint. In strict mode nothing is signed until they answer; otherwise it goes on and they are asked"
        " again. See whether the witnesses can be reached.",
    )


class WitnessDoubts(Refusal):
    """A witness says that the log did not grow from what it cosigned before."""

    code = "witness_doubts_growth"
    title = Words("见证方认为日志并非增长", "A witness does not find the growth proved")
    detail = Words(
        "见证方 {witness} 拒签日志 {name} 大小为 {size} 的检查点：与其此前签署的历史不相承。"
        "若其保存的检查点属实，日志即被冻结；在其重新签署之前请与见证方核对，"
        "见 docs/guides/run-in-production.md 6b 节。",
        "The witness {witness} refused the checkpoint of size {size} of the log {name}: it does not continue what it"
        " cosigned before. Should the witness hold another checkpoint that the log signed, the log is frozen; until it"
        " cosigns again compare with its operator, docs/guides/run-in-production.md, section 6b.",
    )


class PendingOverdue(Refusal):
    """An entry has waited for its place longer than its receipt promised."""

    code = "pending_overdue"
    title = Words("入树超时", "The log is behind its promise")
    detail = Words(
        "日志 {name} 有 {pending} 条记录等待入树，最早的已等 {age_s} 秒，回执承诺 {promise_s} 秒。"
        "请检查定序进程和数据库。",
        "{pending} entries wait for their place in the log {name}, the oldest for {age_s} s; receipts promise"
        " {promise_s} s. See whether a sequencer runs and the database keeps up.",
    )


class PublicationOverdue(Refusal):
    """A signed checkpoint has waited for its publication longer than receipts promise."""

    code = "publication_overdue"
    title = Words("发布超时", "The published log is behind its promise")
    detail = Words(
        "日志 {name} 已签名到 {size} 条，只发布到 {published} 条，已等 {age_s} 秒，回执承诺 {promise_s} 秒。"
        "请检查发布进程、发布目录所在磁盘和见证方的网络，必要时重启服务。",
        "The log {name} is signed up to {size} leaves and published up to {published}, for {age_s} s; receipts promise"
        " {promise_s} s. See to the publisher, the disk of the published folder and the network to the witnesses, and"
        " restart the service if nothing else helps.",
    )


class PublishedDiffers(Refusal):
    """A published file has other bytes than the database gives."""

    code = "published_differs"
    title = Words("已发布的文件不符", "A published file differs")
    detail = Words(
        "文件 {path} 的内容与数据库不同，未被覆盖。二者之一被改动过：请停止发布并运行账本审计。",
        "The file {path} has other bytes than the database gives; it was not overwritten. One of the two was changed:"
        " stop publishing and audit the ledger.",
    )


class FolderBusy(Refusal):
    """Another process publishes into the folder."""

    code = "folder_busy"
    title = Words("文件夹正在使用", "The folder is in use")
    detail = Words(
        "另一个进程正在向 {folder} 发布日志；请稍后再试，或另选文件夹。",
        "Another process is publishing into {folder}; try again in a moment, or choose another folder.",
    )


class QuorumMissing(Refusal):
    """Strict mode: too few witnesses have cosigned, so the checkpoint is held back."""

    code = "witness_quorum_missing"
    title = Words("见证签名不足，暂不发布", "Too few witnesses: not published")
    detail = Words(
        "日志 {name} 大小为 {size} 的检查点只有 {cosigned} 个见证签名，需要 {quorum} 个；严格模式下暂不发布。"
        "请检查见证方是否可达。",
        "The checkpoint of size {size} of the log {name} has {cosigned} of {quorum} cosignatures and is held back in"
        " strict mode. See whether the witnesses can be reached.",
    )


class NothingToErase(Refusal):
    """The private piece has none of these fields, or is gone."""

    code = "nothing_to_erase"
    title = Words("没有可抹除的字段", "Nothing to erase")
    detail = Words(
        "记录 {id} 的私有部分没有字段 {fields}，或已抹除；未作更改。",
        "The private piece of {id} has no field {fields}, or it was erased before; nothing was changed.",
    )


class FieldKept(Refusal):
    """A field that every reader needs cannot be erased."""

    code = "field_kept"
    title = Words("该字段不可抹除", "This field stays")
    detail = Words(
        "字段 {field} 是法定追溯记录的一部分，不可抹除；可抹除的是 to_name 等自由字段。",
        "The field {field} is part of the record that the law wants kept; free fields such as to_name can be erased.",
    )
