"""Codes: what was scanned?  Numbers, signed trace codes, Digital Links, element strings, commands."""
