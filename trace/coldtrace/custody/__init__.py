"""commission, pack, ship, receive, sell; who holds what."""
