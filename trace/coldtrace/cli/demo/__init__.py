"""The demo: one box from the first station to a consumer's phone, over real HTTP with real coldscan processes."""
