"""Pages for people, one file per reader; each fills one typed view and renders one template."""
