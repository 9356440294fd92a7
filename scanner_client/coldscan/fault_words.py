"""What the machine says of a fault - SQLite, the system, the network - in the words of the person who holds it.

Those speak English only.  A text that is not known here is said as it stands: it is for the administrator then.
"""

from typing import Final

from coldtrace.errors import Lang, Words

_KNOWN: Final = (
    ("disk is full", Words("磁盘已满", "the disk is full")),
    ("no space left", Words("磁盘已满", "the disk is full")),
    ("quota exceeded", Words("磁盘配额已用完", "the disk quota is used up")),
    ("disk i/o error", Words("磁盘读写出错", "the disk cannot be read or written")),
    ("input/output error", Words("读写出错", "it cannot be read or written")),
    ("readonly database", Words("文件只读", "the file takes no writing")),
    ("read-only file system", Words("磁盘只读", "the disk takes no writing")),
    ("unable to open database", Words("文件打不开", "the file cannot be opened")),
    ("database is locked", Words("文件被其他程序占用", "another program keeps the file locked")),
    ("malformed", Words("文件已损坏", "the file is damaged")),
    ("not a database", Words("文件已损坏", "the file is damaged")),
    ("permission denied", Words("没有权限", "permission denied")),
    ("no such file", Words("不存在", "it is not there")),
    ("no such device", Words("设备已拔出", "it was pulled out")),
    ("resource busy", Words("被其他程序占用", "another program has it")),
    ("connection refused", Words("对方没有开启服务", "nothing listens there")),
    ("name or service not known", Words("找不到该域名", "no such name in the network")),
    ("name resolution", Words("暂时查不到域名", "the name cannot be looked up now")),
    ("no address associated", Words("找不到该域名", "no such name in the network")),
    ("unreachable", Words("网络不通", "no way through the network")),
    ("no route to host", Words("网络不通", "no way through the network")),
    ("connection reset", Words("连接被中断", "the connection was cut")),
    ("disconnected", Words("连接被中断", "the connection was cut")),
    ("broken pipe", Words("连接被中断", "the connection was cut")),
    ("timed out", Words("超时", "no answer in time")),
    ("timeout", Words("超时", "no answer in time")),
    ("certificate verify failed", Words("服务器证书未通过检查", "its certificate failed the check")),
)


def say_fault(text: object, lang: Lang) -> str:
    """Return what is wrong, in the language asked for if the text is a known one.

    >>> say_fault("[Errno 111] Connection refused", "en")
    'nothing listens there'
    """
    said = str(text)
    return next((words.say(lang) for part, words in _KNOWN if part in said.lower()), said)
