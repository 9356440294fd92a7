"""What the command line itself refuses."""

from coldtrace.errors import Refusal, Words


class FileUnreadable(Refusal):
    """The file cannot be read, or is too large."""

    code = "file_unreadable"
    title = Words("无法读取文件", "The file cannot be read")
    detail = Words("无法读取 {path}：{reason}。", "{path} cannot be read: {reason}.")


class FileUnwritable(Refusal):
    """The file cannot be written."""

    code = "file_unwritable"
    title = Words("无法写入文件", "The file cannot be written")
    detail = Words(
        "无法写入 {path}：{reason}。请检查文件夹和权限。",
        "{path} cannot be written: {reason}. Check folder and permissions.",
    )


class OutputNameMisleads(Refusal):
    """The file's ending says another format than the one that was asked for."""

    code = "output_name_misleads"
    title = Words("文件名与格式不符", "The name is of another format")
    detail = Words(
        "{path} 的扩展名属于 {fits}，而 --format 为 {format}。请改 --out 或 --format。",
        "The ending of {path} belongs to {fits}, and --format is {format}. Change --out or --format.",
    )


class NothingToDo(Refusal):
    """A command was called without the one thing that it needs."""

    code = "nothing_to_do"
    title = Words("缺少参数", "Something is missing")
    detail = Words("请给出 {wanted}；用 --help 查看用法。", "Give {wanted}; --help shows how.")


class MalformedRootArgument(Refusal):
    """`--add` or `--remove` of a root does not say which."""

    code = "malformed_root_argument"
    title = Words("根参数有误", "Not a root")
    detail = Words(
        "“{argument}” 不可用：--add 写作 ID=公钥（keys root new 输出的 public），--remove 写现有根的 ID。",
        "“{argument}” cannot be used: write --add ID=PUBKEY with the `public` that keys root new has printed, and"
        " --remove with"
        " the name of a present root.",
    )


class ThresholdUnreachable(Refusal):
    """More signatures are asked for than there are roots, or none."""

    code = "threshold_unreachable"
    title = Words("签名数无法达到", "The threshold cannot be met")
    detail = Words(
        "共有 {count} 个根，--threshold {threshold} 不可用：请写 1 到 {count}，或加入更多的根。",
        "There are {count} roots, so --threshold {threshold} cannot be used: give 1 to {count}, or add more roots.",
    )


class RootNameNeeded(Refusal):
    """A key signs that is not among the new roots, so its name does not follow."""

    code = "root_name_needed"
    title = Words("需要根的名称", "Which root is it?")
    detail = Words(
        "密钥 {kid} 不在所签文件的根之中。若它是旧根，请加 --as ID；否则请换正确的密钥。",
        "The key {kid} is none of the roots in this file. If it is one of the old roots, add --as ID; otherwise use the"
        " right key.",
    )


class NotConfirmed(Refusal):
    """Something that cannot be undone was asked without saying yes."""

    code = "not_confirmed"
    title = Words("需要确认", "Not confirmed")
    detail = Words(
        "将删除 {folder} 中的全部数据和密钥；确认请加 --yes。",
        "This deletes all data and keys in {folder}; add --yes to do it.",
    )


class KeysExist(Refusal):
    """There are keys in the folder already."""

    code = "keys_exist"
    title = Words("密钥已存在", "Keys exist already")
    detail = Words(
        "密钥目录 {folder} 中已有密钥，未作更改。请为新的安装另选 COLDTRACE_DATA_DIR。",
        "The key folder {folder} holds keys already; nothing was changed. Choose another COLDTRACE_DATA_DIR for a new"
        " installation.",
    )


class NoInstallation(Refusal):
    """A command was run where no installation is: most likely in another folder than the service."""

    code = "no_installation"
    title = Words("此处没有安装", "No installation here")
    detail = Words(
        "{folder} 中没有安装。请到安装所在的文件夹运行，或用 COLDTRACE_DATA_DIR 指明其数据目录。要新建安装，请运行"
        " coldtrace serve（生产环境先运行 coldtrace keys init）。",
        "There is no installation in {folder}. Run this in the folder of the installation, or name its data folder in"
        " COLDTRACE_DATA_DIR. To make a new one, run coldtrace serve (for production, first coldtrace keys init).",
    )


class ServerPartsMissing(Refusal):
    """The command needs the `[server]` extra."""

    code = "server_parts_missing"
    title = Words("缺少服务端组件", "Server parts missing")
    detail = Words(
        "此命令需要服务端组件（缺少 {module}）。请安装：pip install 'coldtrace[server]'",
        "This command needs the server parts ({module} is missing): pip install 'coldtrace[server]'",
    )


class DatabaseLost(Refusal):
    """The database went away while a command was at work."""

    code = "database_lost"
    title = Words("数据库连接中断", "The database went away")
    detail = Words(
        "数据库在执行中途断开（{reason}），未提交的内容没有保存。请检查后重新运行。",
        "The database went away in the middle ({reason}); what was not committed is not kept. Check it and run again.",
    )


class RebuildOnlyChecks(Refusal):
    """The record is told again to be compared, never to be written over."""

    code = "rebuild_only_checks"
    title = Words("重算只用于比对", "A rebuild only compares")
    detail = Words(
        "总账不会被改写：差异是有人改动过这些表的证据。请加 --check 比对；发现差异时保留数据库原状，"
        "按 docs/guides/corrections.md 查明原因，需要时恢复备份。",
        "The record is never written over: what differs is evidence that somebody wrote to these tables. Run it with"
        " --check; if something differs, keep the database as it is, look into it as docs/guides/corrections.md says,"
        " and restore a backup if need be.",
    )
