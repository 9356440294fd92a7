"""coldscan: the handheld that never loses a scan."""
