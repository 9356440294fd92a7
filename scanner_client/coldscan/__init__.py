"""The handheld: scan, queue, sync, and verify without a network."""
