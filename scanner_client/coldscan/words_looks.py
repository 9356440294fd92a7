"""What the commands that only look say, in both languages.  `{name}` stands for a fact."""

from typing import Final

from coldscan.operation import NAMES
from coldtrace.errors import Words
from coldtrace.events.statement_type import StatementType

TYPE_NAMES: Final[dict[StatementType, Words]] = {StatementType(each.value): words for each, words in NAMES.items()} | {
    StatementType.ADOPT: Words("接入原有编码", "Adopt"),
    StatementType.OBSERVE: Words("查看", "Observe"),
    StatementType.SAMPLE: Words("抽样", "Sample"),
    StatementType.INSPECT: Words("检查", "Inspect"),
    StatementType.RELEASE: Words("解除封存", "Release"),
    StatementType.RECALL: Words("召回", "Recall"),
    StatementType.LIFT: Words("解除召回", "Lift a recall"),
    StatementType.LOSE: Words("报失", "Report lost"),
    StatementType.FIND: Words("找回", "Find"),
    StatementType.RETURN: Words("退货", "Return"),
    StatementType.USE: Words("使用", "Use"),
    StatementType.RELABEL: Words("换码", "Relabel"),
    StatementType.VOID: Words("作废", "Void"),
    StatementType.CORRECT: Words("撤销、更正", "Take back"),
    StatementType.TEMPERATURE: Words("测温", "Temperature"),
    StatementType.MARK: Words("日结", "Day mark"),
    StatementType.CLOSE: Words("关闭记录链", "Close the chain"),
}

BENCH = Words(
    "{scans} 次扫描：从读码到落盘 中位 {scan_p50_ms} 毫秒，99% 在 {scan_p99_ms} 毫秒内；"
    "单条 SQLite 写入 {insert_p50_ms} / {insert_p99_ms} 毫秒；比值 {p99_ratio}（目标 3）；"
    "启动 {start_s} 秒（目标 0.3），其中处理器 {start_cpu_s} 秒，"
    "Python 本身 {bare_start_s} 秒（{start_ratio} 倍）；内存 {memory_mib} MiB（目标 40）",
    "{scans} scans: from the line to the disk, median {scan_p50_ms} ms, 99 of 100 within {scan_p99_ms} ms; one bare"
    " SQLite insert {insert_p50_ms} and {insert_p99_ms} ms; ratio {p99_ratio} (goal 3); start-up {start_s} s"
    " (goal 0.3), of which processor {start_cpu_s} s; Python alone"
    " {bare_start_s} s (ratio {start_ratio}); memory {memory_mib} MiB (goal 40)",
)
