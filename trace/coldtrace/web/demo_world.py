"""What a service that runs a demo knows of its world: since when it stands, whether it is being made, and the way back.

`coldtrace serve --demo-world` gives one to the application; every other service has none, and no page of it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass(kw_only=True)
class DemoWorld:
    """The demo of a running service."""

    reset: Callable[[], None] | None
    """Asks the service to begin anew; None where the database is somebody's own server, which is never wiped."""
    made_at: datetime | None = None
    """When its story was told to its end."""
    is_making: bool = False
    """It is being told at this moment."""
    is_resetting: bool = False
    """Somebody has asked for a new one; the service ends its answers and begins anew."""
