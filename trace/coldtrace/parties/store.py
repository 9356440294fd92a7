"""Every SQL statement of the parties room."""

from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from uuid import UUID

from sqlmodel import Session, col, select

from coldtrace.db.plain_sql import text
from coldtrace.parties.model import Anchors, Device, LockedDevice, Operator, Site, SiteRole
from coldtrace.parties.tables import (
    DeviceRow,
    InstallationRow,
    InviteRow,
    OperatorRow,
    RootVersionRow,
    SigningKeyRow,
    SiteRow,
    TrustListRow,
)
from coldtrace.rights.model import Kind, Scope
from coldtrace.rights.scopes import Within

PUBLISHING_LOCK = 0x4354544C
"""The transaction-level advisory lock of whoever installs or publishes a trust list ("CTTL")."""


def lock_publishing(session: Session) -> None:
    """Wait until nobody else installs or publishes, and keep others waiting until the commit."""
    session.execute(text("SELECT pg_advisory_xact_lock(:lock, 0)"), {"lock": PUBLISHING_LOCK})


def installation(session: Session) -> InstallationRow | None:
    """Return the one row that names this installation."""
    return session.exec(select(InstallationRow)).first()


def operator_of_uscc(session: Session, uscc: str) -> Operator | None:
    """Return the operator with this unified social credit code."""
    row = session.exec(select(OperatorRow).where(OperatorRow.uscc == uscc)).first()
    return None if row is None else _operator(row)


def insert_operator(session: Session, operator: Operator, *, at: datetime) -> None:
    """Keep an operator, unless somebody registered this credit code meanwhile."""
    session.execute(
        text(
            "INSERT INTO operator (operator_id, uscc, name_zh, name_en, city_zh, city_en, created_at) VALUES"
            " (:operator_id, :uscc, :name_zh, :name_en, :city_zh, :city_en, :at) ON CONFLICT (uscc) DO NOTHING"
        ),
        vars(operator) | {"at": at},
    )


def operators(session: Session) -> list[Operator]:
    """Return all operators by name."""
    return [_operator(row) for row in session.exec(select(OperatorRow).order_by(OperatorRow.name_zh))]


def operators_by_id(session: Session, ids: Collection[UUID]) -> list[Operator]:
    """Return those operators."""
    return [_operator(row) for row in session.exec(select(OperatorRow).where(col(OperatorRow.operator_id).in_(ids)))]


def _operator(row: OperatorRow) -> Operator:
    return Operator(**row.model_dump(exclude={"created_at", "closed_at"}))


def site(session: Session, gln: str) -> Site | None:
    """Return the site with this GLN."""
    row = session.get(SiteRow, gln)
    return None if row is None else _site(row)


def site_in(session: Session, gln: str, scope: Scope, kind: Kind) -> Site | None:
    """Return a site if things of this kind that are at it are in the scope."""
    within = Within(scope=scope)
    found = session.execute(
        text(f"SELECT st.gln FROM site st WHERE st.gln = :gln AND {within.thing(kind, at='st.gln')}"),
        within.values | {"gln": gln},
    ).scalar_one_or_none()
    return None if found is None else site(session, gln)


def sites(session: Session) -> list[Site]:
    """Return all sites by GLN."""
    return [_site(row) for row in session.exec(select(SiteRow).order_by(SiteRow.gln))]


def ask_sites(session: Session, glns: Iterable[str]) -> Callable[[], dict[str, Site]]:
    """Ask for sites by GLN; what is returned waits for them."""
    rows = session.execute(
        text(
            "SELECT gln, operator_id, name_zh, name_en, role, district, market_gln FROM site"
            " WHERE gln = ANY(CAST(:glns AS text[]))"
        ),
        {"glns": list(glns)},
    )
    return lambda: {row.gln: Site(**(dict(row._mapping) | {"role": SiteRole(row.role)})) for row in rows}


def sites_page(session: Session, *, after: str | None, limit: int) -> list[Site]:
    """Return sites by GLN, from the one behind `after` on."""
    rows = session.exec(select(SiteRow).where(col(SiteRow.gln) > (after or "")).order_by(SiteRow.gln).limit(limit))
    return [_site(row) for row in rows]


def operators_of_sites(session: Session, glns: Collection[str]) -> set[UUID]:
    """Return whose sites these are."""
    if not glns:
        return set()
    return set(session.exec(select(SiteRow.operator_id).where(col(SiteRow.gln).in_(glns))))


def _site(row: SiteRow) -> Site:
    return Site(
        **(
            row.model_dump(exclude={"created_at", "company_prefixes", "codes_per_day", "closed_at"})
            | {"role": SiteRole(row.role)}
        )
    )


def lock_invite(session: Session, token_hash: bytes) -> InviteRow | None:
    """Return an invitation and hold it until the transaction ends, so that it is used once."""
    return session.exec(select(InviteRow).where(InviteRow.token_hash == token_hash).with_for_update()).first()


def devices_by_key(session: Session, keys: Iterable[bytes]) -> dict[bytes, Device]:
    """Return those of the device keys that are enrolled."""
    rows = session.exec(select(DeviceRow).where(col(DeviceRow.key_id).in_(list(keys))))
    return {row.key_id: as_device(row) for row in rows}


def ask_certificates(session: Session, keys: Iterable[bytes]) -> Callable[[], dict[bytes, tuple[str, str]]]:
    """Ask for certificates, and the signatures of them, by device key; what is returned waits for them."""
    rows = session.execute(
        text("SELECT key_id, certificate, certificate_sig FROM device WHERE key_id = ANY(CAST(:keys AS bytea[]))"),
        {"keys": list(keys)},
    )
    return lambda: {bytes(row.key_id): (row.certificate, row.certificate_sig) for row in rows}


def devices_of_site(session: Session, gln: str) -> list[Device]:
    """Return the devices enrolled for one site."""
    rows = session.exec(select(DeviceRow).where(DeviceRow.gln == gln).order_by(col(DeviceRow.enrolled_at)))
    return [as_device(row) for row in rows]


def lock_devices(session: Session, keys: Iterable[bytes]) -> dict[bytes, LockedDevice]:
    """Return the enrolled devices of these keys, held until the commit: batches of one device go one after another."""
    return ask_locked_devices(session, keys)()


def ask_locked_devices(session: Session, keys: Iterable[bytes]) -> Callable[[], dict[bytes, LockedDevice]]:
    """Do the same without waiting for the locks; what is returned waits, and gives the devices."""
    return _speaking(session, keys, " FOR NO KEY UPDATE OF d")


def speaking_devices(session: Session, keys: Iterable[bytes]) -> dict[bytes, LockedDevice]:
    """Return what `lock_devices` does, without holding anything: for a trial, of which nothing is kept."""
    return _speaking(session, keys, "")()


def _speaking(session: Session, keys: Iterable[bytes], lock: str) -> Callable[[], dict[bytes, LockedDevice]]:
    rows = session.execute(
        text(
            "SELECT d.key_id, d.gln, d.spki, d.certificate, d.site_salt, d.operations, d.state, d.enrolled_at,"
            " s.role AS site_role, o.uscc FROM device d JOIN site s USING (gln) JOIN operator o USING (operator_id)"
            " WHERE d.key_id = ANY(CAST(:keys AS bytea[])) ORDER BY d.key_id" + lock
        ),
        {"keys": sorted(set(keys))},
    )
    return lambda: {
        bytes(row.key_id): LockedDevice(
            key_id=bytes(row.key_id),
            gln=row.gln,
            spki=bytes(row.spki),
            certificate=row.certificate,
            site_salt=bytes(row.site_salt),
            operations=tuple(row.operations),
            state=row.state,
            enrolled_at=row.enrolled_at,
            site_role=row.site_role,
            uscc=row.uscc,
        )
        for row in rows
    }


def public_keys(session: Session, keys: Iterable[bytes]) -> dict[bytes, bytes]:
    """Return the public halves of those of the keys that are a device's, whatever became of it."""
    rows = session.execute(
        text("SELECT key_id, spki FROM device WHERE key_id = ANY(CAST(:keys AS bytea[]))"), {"keys": list(keys)}
    )
    return {bytes(row.key_id): bytes(row.spki) for row in rows}


def as_device(row: DeviceRow) -> Device:
    """Return the device of a row."""
    return Device(
        key_id=row.key_id,
        gln=row.gln,
        name=row.name,
        spki=row.spki,
        certificate=row.certificate,
        certificate_sig=row.certificate_sig,
        operations=tuple(row.operations),
        state=row.state,
        enrolled_at=row.enrolled_at,
        replaced_by=row.replaced_by,
    )


def cut_devices(session: Session) -> list[tuple[bytes, int]]:
    """Return the keys that were cut off, each with the log size from which on nothing of it counts."""
    rows = session.exec(select(DeviceRow).where(col(DeviceRow.cut_size).is_not(None)).order_by(col(DeviceRow.key_id)))
    return [(row.key_id, row.cut_size) for row in rows if row.cut_size is not None]


def all_devices(session: Session) -> list[Device]:
    """Return every device by site and age."""
    rows = session.exec(select(DeviceRow).order_by(DeviceRow.gln, col(DeviceRow.enrolled_at)))
    return [as_device(row) for row in rows]


def touch_devices(session: Session, keys: Iterable[bytes], at: datetime) -> None:
    """Note when devices were last heard of."""
    session.execute(
        text("UPDATE device SET last_seen_at = :at WHERE key_id = ANY(CAST(:keys AS bytea[]))"),
        {"at": at, "keys": sorted(keys)},
    )


def suspend_device(session: Session, key: bytes) -> None:
    """Suspend an active device, as after a fork of its chain."""
    session.execute(
        text("UPDATE device SET state = 'suspended' WHERE key_id = :key AND state = 'active'"), {"key": key}
    )


def retire_device(session: Session, key: bytes) -> None:
    """Retire a device whose chain was closed; what was revoked stays revoked."""
    session.execute(
        text("UPDATE device SET state = 'retired' WHERE key_id = :key AND state IN ('active', 'suspended')"),
        {"key": key},
    )


def signing_keys(session: Session) -> list[SigningKeyRow]:
    """Return all public halves of signing keys."""
    return list(session.exec(select(SigningKeyRow).order_by(SigningKeyRow.use, SigningKeyRow.kid)))


def signing_keys_page(session: Session, *, after: str | None, limit: int) -> list[SigningKeyRow]:
    """Return public halves of signing keys by key id, behind `after`."""
    asked = select(SigningKeyRow).order_by(SigningKeyRow.kid, SigningKeyRow.use).limit(limit)
    return list(session.exec(asked if after is None else asked.where(col(SigningKeyRow.kid) > after)))


def code_keys_of(session: Session, gln: str) -> list[SigningKeyRow]:
    """Return all code keys of a first station, the newest first."""
    rows = select(SigningKeyRow).where(SigningKeyRow.use == "code", SigningKeyRow.gln == gln)
    return list(session.exec(rows.order_by(col(SigningKeyRow.made_at).desc(), SigningKeyRow.kid)))


def print_ends(session: Session) -> dict[str, datetime]:
    """Return until when each first station can print with keys that verifiers know; one without a key is left out."""
    rows = session.execute(
        text(
            "SELECT gln, max(print_until) FROM signing_key"
            " WHERE use = 'code' AND state = 'active' AND listed_seq IS NOT NULL GROUP BY gln"
        )
    )
    return {gln: until for gln, until in rows}


def company_prefixes(session: Session) -> dict[str, tuple[str, ...]]:
    """Return the company prefixes of each site by GLN; the first is the one for logistic units."""
    rows = session.exec(select(SiteRow.gln, SiteRow.company_prefixes))
    return {gln: tuple(prefixes) for gln, prefixes in rows}


def signing_key_of(session: Session, kid: str) -> SigningKeyRow | None:
    """Return the signing key with this short id, whatever its use, held until the transaction ends."""
    return session.exec(select(SigningKeyRow).where(SigningKeyRow.kid == kid).with_for_update()).first()


def keys_listed(session: Session, seq: int) -> None:
    """Note that the list of this number names every key; what was to be retired with it is retired now."""
    session.execute(text("UPDATE signing_key SET listed_seq = :seq WHERE listed_seq IS NULL"), {"seq": seq})
    session.execute(text("UPDATE signing_key SET state = 'retired' WHERE state = 'active' AND retired_at IS NOT NULL"))
    session.expire_all()


def root_versions(session: Session) -> list[RootVersionRow]:
    """Return all versions of the root document, the genesis first."""
    return list(session.exec(select(RootVersionRow).order_by(col(RootVersionRow.version))))


def ask_anchors(session: Session) -> Callable[[], Anchors]:
    """Ask for what proofs rest on; what is returned waits for it."""
    rows = session.execute(
        text(
            "SELECT i.root, (SELECT t.envelope FROM trust_list t ORDER BY t.seq DESC LIMIT 1) AS trust_list,"
            " ARRAY(SELECT v.envelope FROM root_version v WHERE v.envelope IS NOT NULL ORDER BY v.version) AS changes"
            " FROM installation i"
        )
    )

    def found() -> Anchors:
        row = rows.first()
        assert row is not None, "a server never runs before its installation"
        assert row.trust_list is not None, "installing publishes the first trust list"
        return Anchors(root=row.root, trust_list=row.trust_list, root_changes=tuple(row.changes))

    return found


def newest_trust_list(session: Session) -> TrustListRow | None:
    """Return the newest trust list."""
    return session.exec(select(TrustListRow).order_by(col(TrustListRow.seq).desc())).first()
