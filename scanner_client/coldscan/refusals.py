"""What the handheld itself refuses, and why, in words for the person who holds it."""

from typing import ClassVar

from coldscan.fault_words import say_fault
from coldtrace.errors import Lang, Refusal, Words


class HandheldRefusal(Refusal):
    """Base of the refusals that exist only on the handheld and never travel over HTTP."""

    code = "handheld_refused"


class NotEnrolled(HandheldRefusal):
    """There is no certificate in the state folder."""

    code = "not_enrolled"
    title = Words("本机未登记", "Not enrolled")
    detail = Words(
        "本机未登记：文件夹 {path} 里没有登记信息；请检查 --state，或先运行 coldscan enrol 并扫描邀请码。",
        "Not enrolled: the folder {path} holds no enrolment; check --state, or run coldscan enrol with an invitation"
        " first.",
    )


class AlreadyEnrolled(HandheldRefusal):
    """A second enrolment would start a new key and a new chain; say so on purpose."""

    code = "already_enrolled"
    title = Words("本机已登记", "Already enrolled")
    detail = Words(
        "本机已登记于 {site}；要用新密钥重新登记，请加 --again。",
        "This device is enrolled at {site}; to enrol anew with a new key, add --again.",
    )


class UnsentElsewhere(HandheldRefusal):
    """Unsent statements belong to the installation for which they were signed."""

    code = "unsent_elsewhere"
    title = Words("还有未发送的记录", "Unsent statements remain")
    detail = Words(
        "本机还有 {unsent} 条属于原系统的未发送记录；请先同步，再登记到另一系统。",
        "This device holds {unsent} unsent statements of its present installation; sync first, then enrol elsewhere.",
    )


class WrongKeyFile(HandheldRefusal):
    """The key file is not that of the certificate."""

    code = "wrong_key_file"
    title = Words("密钥文件不符", "Not this device's key")
    detail = Words(
        "密钥文件 {path} 与登记信息不符；请恢复原文件，或用 coldscan enrol --again 重新登记。",
        "The key in {path} is not the enrolled one; put the file back, or enrol anew with coldscan enrol --again.",
    )


class KeyLocked(HandheldRefusal):
    """The key file is locked with a passphrase that nobody gave."""

    code = "key_locked"
    title = Words("密钥已加锁", "The key is locked")
    detail = Words(
        "密钥文件 {path} 用口令加了锁，而启动时没有给出口令：请设置环境变量 COLDSCAN_PASSPHRASE，"
        "或在 systemd 中使用凭据 coldscan-passphrase。",
        "The key in {path} is locked and no passphrase was given: set COLDSCAN_PASSPHRASE, or under systemd the"
        " credential coldscan-passphrase.",
    )


class WrongPassphrase(HandheldRefusal):
    """The passphrase does not open the key file."""

    code = "wrong_passphrase"
    title = Words("口令不对", "Wrong passphrase")
    detail = Words(
        "所给口令打不开密钥文件 {path}（COLDSCAN_PASSPHRASE 或 systemd 凭据）：请用登记时的口令；"
        "忘记了就用新邀请重新登记：coldscan enrol --again。",
        "The passphrase (COLDSCAN_PASSPHRASE or the systemd credential) does not open {path}: give the one of the"
        " enrolment; if it is forgotten, enrol anew with a new invitation: coldscan enrol --again.",
    )


class KeyNotLocked(HandheldRefusal):
    """A passphrase was given for a key that has none."""

    code = "key_not_locked"
    title = Words("密钥没有口令", "The key has no passphrase")
    detail = Words(
        "给出了口令，但密钥文件 {path} 登记时没有加锁：请去掉 COLDSCAN_PASSPHRASE（或 systemd 凭据）；"
        "要加锁，请带口令用 coldscan enrol --again 重新登记。",
        "A passphrase was given and the key in {path} was enrolled without one: take COLDSCAN_PASSPHRASE (or the"
        " systemd credential) away; to lock it, enrol anew with it: coldscan enrol --again.",
    )


class KeyRetired(HandheldRefusal):
    """The server has seen more statements of this key than this state folder has made."""

    code = "key_retired"
    title = Words("密钥已停用", "Key retired")
    detail = Words(
        "服务器上已有本机密钥的第 {server} 条记录，而本机只有 {here} 条：状态文件夹是旧副本。"
        "请用 coldscan enrol --again 重新登记。",
        "The server holds statement {server} of this key and this device made only {here}: the state folder is "
        "an old copy. Enrol anew with coldscan enrol --again.",
    )


class KeyRevoked(HandheldRefusal):
    """The server takes nothing of this key any more: it was revoked, or rolled."""

    code = "key_revoked"
    title = Words("密钥已吊销", "Key revoked")
    detail = Words(
        "服务器已吊销或换掉本机密钥，不再接受其记录；未发送的仍在本机，"
        "可用 coldscan export 导出。请换一台终端，或由管理员发邀请，用 coldscan enrol --again 重新登记。",
        "The server has revoked or replaced this device's key and takes nothing of it. Take another terminal; what is"
        " unsent stays here and coldscan export saves it. With an invitation of the administrator, coldscan enrol"
        " --again makes a new key.",
    )


class UnsafeAnswer(HandheldRefusal):
    """The server's answer does not prove what it says."""

    code = "unsafe_answer"
    title = Words("服务器的回答不可信", "The server's answer cannot be trusted")
    detail = Words(
        "服务器的回答没有通过检查（{what}）；请联系管理员，不要在此网络上重试。",
        "The server's answer failed a check ({what}); tell the administrator and do not retry on this network.",
    )


class ServerUnreachable(HandheldRefusal):
    """No answer came in time."""

    code = "server_unreachable"
    title = Words("连不上服务器", "Server unreachable")
    detail = Words(
        "连不上 {url}（{reason}）；扫描可以继续，记录已存在本机，稍后再同步。",
        "No answer from {url} ({reason}); keep scanning, everything is stored here, and sync later.",
    )

    def say(self, lang: Lang) -> str:
        """Return the sentence, with the reason in its language."""
        return self.detail.say(lang, **self.facts | {"reason": say_fault(self.facts["reason"], lang)})


class ServerRefused(HandheldRefusal):
    """The server answered, in its own words, that it will not."""

    code = "server_refused"
    title = Words("服务器未接受", "The server refused")
    detail = Words("服务器未接受：{words}（{reason}）", "The server refused: {words} ({reason})")

    def say(self, lang: Lang) -> str:
        """Return the sentence; where this program knows the server's word, in its own language."""
        from coldscan.server_words import REFUSED_WORDS

        code = str(self.facts["reason"])
        words = REFUSED_WORDS[code].say(lang) if code in REFUSED_WORDS else self.facts["words"]
        return self.detail.say(lang, reason=code, words=words)


class ServerTrouble(HandheldRefusal):
    """The server has a fault of its own; it is worth asking again."""

    code = "server_trouble"
    title = Words("服务器出错", "The server has a fault")
    detail = Words(
        "服务器出错（{status}）；记录仍在本机，稍后会再发送。",
        "The server has a fault ({status}); everything is still stored here and will be sent again.",
    )


class BadAnswer(HandheldRefusal):
    """The answer has not the agreed form."""

    code = "bad_answer"
    title = Words("看不懂服务器的回答", "The server's answer is not understood")
    detail = Words(
        "服务器的回答缺少或写错了 {what}；请检查地址和版本。",
        "The server's answer lacks {what} or has it in a wrong form; check the address and the versions.",
    )


class SyncBusy(HandheldRefusal):
    """Another process of this state folder is sending."""

    code = "sync_busy"
    title = Words("正在同步", "Already syncing")
    detail = Words(
        "本机的另一个进程正在同步；请等它结束。",
        "Another process of this device is syncing; wait until it has finished.",
    )


class NewerStore(HandheldRefusal):
    """The state folder was written by a newer program."""

    code = "newer_store"
    title = Words("程序版本过旧", "This program is too old")
    detail = Words(
        "状态文件夹由较新的版本（{found}）写成，本程序只认识到 {known}；请升级 coldscan。",
        "The state folder was written by a newer version ({found}) and this one knows {known}; upgrade coldscan.",
    )


class StoreFault(HandheldRefusal):
    """The disk is full or damaged, so nothing can be promised."""

    code = "store_fault"
    title = Words("本机存储有问题", "The store has a fault")
    detail = Words(
        "无法读写 {path}（{reason}）；请检查磁盘空间，必要时用 coldscan export 导出未发送的记录。",
        "{path} cannot be read or written ({reason}); check the disk space, and save what is unsent with "
        "coldscan export if need be.",
    )

    def say(self, lang: Lang) -> str:
        """Return the sentence, with the reason in its language."""
        return self.detail.say(lang, **self.facts | {"reason": say_fault(self.facts["reason"], lang)})


class NoTrustList(HandheldRefusal):
    """Without a list of keys no code can be judged."""

    code = "no_trust_list"
    title = Words("没有信任名单", "No trust list")
    detail = Words(
        "本机没有可用的信任名单；请连网后运行 coldscan sync。",
        "This device has no usable trust list; connect and run coldscan sync.",
    )


class BadOption(HandheldRefusal):
    """A command-line option has a value that means nothing."""

    code = "bad_option"
    title = Words("选项有误", "Wrong option")
    detail = Words(
        "选项 {option} 的值有误，例如：{example}。", "The value of {option} is wrong; it looks like: {example}."
    )


class OperationNotAllowed(HandheldRefusal):
    """The enrolment does not include this operation."""

    code = "not_allowed"
    title = Words("无权进行此作业", "Operation not allowed")
    detail = Words(
        "本机无权进行“{operation}”；请联系管理员，或先同步。",
        "This device may not do: {operation}; ask the administrator, or sync first.",
    )


class UnstableGun(HandheldRefusal):
    """A gun is named by a number that the next start may give to another one."""

    code = "unstable_gun"
    title = Words("扫描枪的名称会变", "This name of a gun changes")
    detail = Words(
        "{path} 的编号在重启或换插口后可能属于另一把枪；请使用固定名称：{instead}。",
        "The number in {path} may be another gun's after the next start; use a name that stays: {instead}.",
    )
    none_there: ClassVar[Words] = Words(
        "（现在一把也没插）/dev/serial/by-id/... 或 /dev/input/by-id/...-event-kbd；请插上扫描枪再看这两个文件夹",
        "(none is plugged in now) /dev/serial/by-id/... or /dev/input/by-id/...-event-kbd; plug the gun in and look"
        " into these folders",
    )

    def say(self, lang: Lang) -> str:
        """Return the sentence; where no gun is plugged in, with what its name will look like."""
        return self.detail.say(
            lang, path=self.facts["path"], instead=self.facts["instead"] or self.none_there.say(lang)
        )


class GateBusy(HandheldRefusal):
    """A gate runs on this device already."""

    code = "gate_busy"
    title = Words("闸口程序已在运行", "The gate runs already")
    detail = Words(
        "本机已有一个 coldscan gate 在运行；两把枪请用同一个程序（--in 和 --out）。",
        "A coldscan gate runs on this device already; give both guns to one program (--in and --out).",
    )


class GunThreadBroken(HandheldRefusal):
    """A fault of this program: nobody listens to a gun any more."""

    code = "gun_thread_broken"
    title = Words("程序故障", "A fault of this program")
    detail = Words(
        "读取扫描枪 {path} 的线程已中止，程序退出以便重新启动；已确认的扫描都已保存。",
        "What read the gun {path} has failed, so the program ends to be started again; what was confirmed is stored.",
    )
