"""cases: what contradicts what."""
