"""`text()` of SQLAlchemy that reads each SQL once: to look for the values in it takes longer than to send it."""

from functools import lru_cache

from sqlalchemy import text as _text

text = lru_cache(maxsize=2048)(_text)
