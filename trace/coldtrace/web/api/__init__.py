"""HTTP JSON: one file for each room it opens."""
