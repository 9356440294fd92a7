"""Fixtures of the tests against a database."""

from pathlib import Path

import pytest
from sqlmodel import Session

from support.road import Road, make_road


@pytest.fixture
def road(session: Session, tmp_path: Path) -> Road:
    """An installation with five sites, in a session that is rolled back at the end."""
    return make_road(session, tmp_path / "keys")
