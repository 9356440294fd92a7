"""The service as the demo reaches it: over HTTP, like anybody else."""

from typing import Any

import httpx

from coldtrace.cli.demo.patience import DemoFailed

TIMEOUT_S = 300
PROOF = "application/vnd.coldtrace.proof+json"


class Service:
    """HTTP calls with the development token; pages are asked for without it, as a visitor would."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self._token = token
        self._client = httpx.Client(base_url=url, timeout=TIMEOUT_S)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def import_workbook(self, data: bytes, name: str) -> dict[str, Any]:
        """Import a workbook; a declaration that was imported before answers `declaration_imported`."""
        answer = self._client.post("/api/v1/imports", files={"file": (name, data)}, headers=self._credentials())
        if answer.status_code not in (201, 409):
            raise DemoFailed(f"import: {answer.status_code} {answer.text[:300]}")
        return dict(answer.json())

    def unit(self, unit: str) -> dict[str, Any]:
        """Return a unit's record."""
        answer = self._client.get(f"/api/v1/units/{unit}", headers=self._credentials())
        if answer.status_code != 200:
            raise DemoFailed(f"unit {unit}: {answer.status_code} {answer.text[:200]}")
        return dict(answer.json())

    def page(self, path: str, lang: str) -> httpx.Response:
        """Open a code's page as a browser would."""
        return self._client.get(path, headers={"Accept": "text/html", "Accept-Language": lang})

    def bundle(self, path: str) -> str:
        """Fetch the proof bundle of a code."""
        answer = self._client.get(path, headers={"Accept": PROOF})
        if answer.status_code != 200:
            raise DemoFailed(f"bundle: {answer.status_code} {answer.text[:200]}")
        return answer.text

    def get(self, path: str, **headers: str) -> httpx.Response:
        """Fetch anything with the token."""
        return self._client.get(path, headers=self._credentials() | headers)

    def _credentials(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"}
