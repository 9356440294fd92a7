"""the append-only log: sequence, tree, checkpoints."""
