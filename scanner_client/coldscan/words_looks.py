"""What the commands that only look say, in both languages.  `{name}` stands for a fact."""

from coldtrace.errors import Words

BENCH = Words(
    "{scans} 次扫描：从读码到落盘 中位 {scan_p50_ms} 毫秒，99% 在 {scan_p99_ms} 毫秒内；"
    "单条 SQLite 写入 {insert_p50_ms} / {insert_p99_ms} 毫秒；比值 {p99_ratio}（目标 3）；"
    "启动 {start_s} 秒（目标 0.3），其中处理器 {start_cpu_s} 秒；内存 {memory_mib} MiB（目标 40）",
    "{scans} scans: from the line to the disk, median {scan_p50_ms} ms, 99 of 100 within {scan_p99_ms} ms; one bare"
    " SQLite insert {insert_p50_ms} and {insert_p99_ms} ms; ratio {p99_ratio} (goal 3); start-up {start_s} s"
    " (goal 0.3), of which processor {start_cpu_s} s; memory {memory_mib} MiB (goal 40)",
)
