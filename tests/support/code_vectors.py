"""Vectors of codes: our own from tests/vectors, the published ones from outside the project if they are there."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from coldtrace.seal.trust_list import TrustList, open_trust_list
from support.published import own_vectors_dir, vectors_dir

NOW = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)


def own_gs1(name: str) -> Any:
    """Return one of our own files."""
    return json.loads((own_vectors_dir() / "gs1" / name).read_text(encoding="utf-8"))


def published_gs1(name: str) -> Path | None:
    """Return the path of a published file, or None where there are none; the test report's end says so."""
    folder = vectors_dir()
    return None if folder is None else folder / "gs1" / name


def published_cases(name: str) -> list[Any]:
    """Return the cases of a published file; an empty list where there are none."""
    path = published_gs1(name)
    return [] if path is None else list(json.loads(path.read_text(encoding="utf-8"))["cases"])


def trust_of(*keys: Mapping[str, object], hosts: list[str] | None = None, **more: object) -> TrustList:
    """Return a trust list with these keys, as an integrator would write it by hand."""
    content = {
        "v": 1,
        "seq": 412,
        "issued": "2026-11-23T02:00:00Z",
        "expires": "2026-11-30T02:00:00Z",
        "hosts": hosts or ["trace.example.cn"],
        "keys": [dict(key) for key in keys],
        **more,
    }
    return open_trust_list(json.dumps(content), root=None)


def listed(key: Mapping[str, str], **more: object) -> dict[str, object]:
    """Return the trust list entry of a key of `cct1_signed_codes.json`."""
    return {
        "kid": key["kid"],
        "alg": key["alg"],
        "spki": key["spki_b64"],
        "stn": "TEST-001",
        "scope": [],
        "st": "active",
        **more,
    }
