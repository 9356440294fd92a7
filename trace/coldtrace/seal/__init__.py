"""Keys, signatures, signed notes, Merkle arithmetic, proofs: who said it, and is it in the log?"""
