"""The journal (审计日志): every change and every disclosure, chained, its head anchored in the ledger daily."""
