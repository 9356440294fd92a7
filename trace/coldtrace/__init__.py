"""coldtrace: signed codes, signed statements and a public log for imported cold-chain food."""
