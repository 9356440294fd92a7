"""What a handheld of a first station needs to bind codes without a network."""

from sqlmodel import Session

from coldtrace.goods import store


def open_lots(session: Session, gln: str) -> list[dict[str, str]]:
    """Return the lots with codes still to be bound at this station: GTIN, lot as printed, exact facts text."""
    return [{"gtin": gtin, "lot": lot, "facts": facts} for gtin, lot, facts in store.open_lots(session, gln)]
