"""The doors: cli."""
