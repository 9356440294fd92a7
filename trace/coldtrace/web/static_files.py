"""Static files: an address that carries a digest of the file may be kept for ever, any other is asked for again."""

from importlib.resources import files

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

FOR_EVER = "public, max-age=31536000, immutable"


class VersionedFiles(StaticFiles):
    """The package's `static/` folder."""

    def __init__(self) -> None:
        super().__init__(directory=str(files("coldtrace.web") / "static"))

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a file with how long it may be kept."""
        response = await super().get_response(path, scope)
        versioned = scope["query_string"].startswith(b"v=") and response.status_code in (200, 304)
        response.headers["Cache-Control"] = FOR_EVER if versioned else "no-cache"
        return response
