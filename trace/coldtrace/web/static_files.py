"""Static files: an address that carries a digest of the file may be kept for ever, any other is asked for again.

Texts are compressed once for whoever takes gzip; each coding has a tag of its own.
"""

import gzip
from functools import cache
from hashlib import sha256

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from coldtrace.web.accepted import takes_gzip
from coldtrace.web.static_texts import FOLDER, kind_of, static_texts
from coldtrace.web.tagged import names_tag

FOR_EVER = "public, max-age=31536000, immutable"


class VersionedFiles(StaticFiles):
    """The package's `static/` folder."""

    def __init__(self) -> None:
        super().__init__(directory=str(FOLDER))

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Return a file with how long it may be kept."""
        response = _text_answer(path, Headers(scope=scope)) or await super().get_response(path, scope)
        versioned = scope["query_string"].startswith(b"v=") and response.status_code in (200, 304)
        response.headers["Cache-Control"] = FOR_EVER if versioned else "no-cache"
        return response


def _text_answer(path: str, headers: Headers) -> Response | None:
    """Return a text, 304 if its asker has that already; None for what is no text of ours."""
    text = static_texts().get(path)
    if text is None:
        return None
    zipped = takes_gzip(headers.get("accept-encoding", ""))
    head = {"ETag": _tag(path, zipped), "Vary": "Accept-Encoding"}
    if names_tag(headers.get("if-none-match", ""), head["ETag"]):
        return Response(status_code=304, headers=head)
    if zipped:
        text, head = _zipped(path), head | {"Content-Encoding": "gzip"}
    return Response(text, media_type=kind_of(path), headers=head)


@cache
def _zipped(path: str) -> bytes:
    # The same bytes in every process, as a strong ETag promises: no time stamp.
    return gzip.compress(static_texts()[path], 9, mtime=0)


@cache
def _tag(path: str, zipped: bool) -> str:
    return f'"{sha256(static_texts()[path]).hexdigest()[:32]}{"-gzip" if zipped else ""}"'
