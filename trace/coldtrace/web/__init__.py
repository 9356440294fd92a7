"""The doors: web."""
