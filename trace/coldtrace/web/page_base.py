"""Where links of ours lead: never where a request says that it came from, but in development."""

from coldtrace.settings import Settings


def page_base(settings: Settings, *, otherwise: str) -> str:
    """Return the address that links in letters and invitations begin with; `otherwise` is for development."""
    usual = f"https://{settings.public_host}" if settings.env == "production" else otherwise
    return (settings.page_url or usual).rstrip("/")
