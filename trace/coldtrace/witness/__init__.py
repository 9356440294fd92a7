"""witness: sees somebody else's log grow, and signs that it only grew.  Needs no event data and no database server."""
