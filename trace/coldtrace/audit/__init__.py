"""audit: re-derives the log from its parts and says what does not fit; trusts nothing that made it."""
