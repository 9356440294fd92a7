"""Who may do and see what: roles, kinds of things, and one table of rules, pure (decision 0016)."""
