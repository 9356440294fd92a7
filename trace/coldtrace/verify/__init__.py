"""Verification: can I trust this code, this box, offline?  No database, no network, no clock of its own."""
