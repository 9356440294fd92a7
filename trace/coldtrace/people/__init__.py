"""People: persons, their memberships in organisations, sign-in, sessions, API tokens."""
