"""Rows of the parties room; the migrations own the constraints."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, DateTime, LargeBinary, Text
from sqlmodel import Field, SQLModel

_MOMENT = DateTime(timezone=True)


class InstallationRow(SQLModel, table=True):
    __tablename__ = "installation"

    only_row: bool = Field(default=True, primary_key=True)
    net: bytes = Field(sa_type=LargeBinary)
    root: str = Field(sa_type=Text)
    development: bool
    created_at: datetime = Field(sa_type=_MOMENT)


class OperatorRow(SQLModel, table=True):
    __tablename__ = "operator"

    operator_id: UUID = Field(primary_key=True)
    uscc: str = Field(sa_type=Text)
    name_zh: str = Field(sa_type=Text)
    name_en: str = Field(sa_type=Text)
    city_zh: str = Field(sa_type=Text)
    city_en: str = Field(sa_type=Text)
    created_at: datetime = Field(sa_type=_MOMENT)
    closed_at: datetime | None = Field(default=None, sa_type=_MOMENT)


class SiteRow(SQLModel, table=True):
    __tablename__ = "site"

    gln: str = Field(primary_key=True, sa_type=Text)
    operator_id: UUID
    name_zh: str = Field(sa_type=Text)
    name_en: str = Field(sa_type=Text)
    role: str = Field(sa_type=Text)
    district: str = Field(sa_type=Text)
    company_prefixes: list[str] = Field(sa_type=ARRAY(Text))
    codes_per_day: int | None = None
    market_gln: str | None = Field(default=None, sa_type=Text)
    closed_at: datetime | None = Field(default=None, sa_type=_MOMENT)
    created_at: datetime = Field(sa_type=_MOMENT)


class InviteRow(SQLModel, table=True):
    __tablename__ = "invite"

    token_hash: bytes = Field(primary_key=True, sa_type=LargeBinary)
    gln: str = Field(sa_type=Text)
    operations: list[str] = Field(sa_type=ARRAY(Text))
    created_at: datetime = Field(sa_type=_MOMENT)
    expires_at: datetime = Field(sa_type=_MOMENT)
    used_at: datetime | None = Field(default=None, sa_type=_MOMENT)
    used_by: bytes | None = Field(default=None, sa_type=LargeBinary)
    made_by: str = Field(default="", sa_type=Text)
    replaces: bytes | None = Field(default=None, sa_type=LargeBinary)
    withdrawn_at: datetime | None = Field(default=None, sa_type=_MOMENT)


class DeviceRow(SQLModel, table=True):
    __tablename__ = "device"

    key_id: bytes = Field(primary_key=True, sa_type=LargeBinary)
    gln: str = Field(sa_type=Text)
    name: str = Field(sa_type=Text)
    alg: str = Field(sa_type=Text)
    spki: bytes = Field(sa_type=LargeBinary)
    certificate: str = Field(sa_type=Text)
    certificate_sig: str = Field(sa_type=Text)
    site_salt: bytes = Field(sa_type=LargeBinary)
    operations: list[str] = Field(sa_type=ARRAY(Text))
    state: str = Field(default="active", sa_type=Text)
    cut_size: int | None = None
    enrolled_at: datetime = Field(sa_type=_MOMENT)
    last_seen_at: datetime | None = Field(default=None, sa_type=_MOMENT)
    replaced_by: bytes | None = Field(default=None, sa_type=LargeBinary)


class SigningKeyRow(SQLModel, table=True):
    __tablename__ = "signing_key"

    key_id: bytes = Field(primary_key=True, sa_type=LargeBinary)
    kid: str = Field(sa_type=Text)
    use: str = Field(sa_type=Text)
    alg: str = Field(sa_type=Text)
    spki: bytes = Field(sa_type=LargeBinary)
    gln: str | None = Field(default=None, sa_type=Text)
    scope: list[str] = Field(sa_type=ARRAY(Text))
    print_from: datetime = Field(sa_type=_MOMENT)
    print_until: datetime = Field(sa_type=_MOMENT)
    accept_until: datetime = Field(sa_type=_MOMENT)
    state: str = Field(default="active", sa_type=Text)
    made_at: datetime = Field(sa_type=_MOMENT)
    retired_at: datetime | None = Field(default=None, sa_type=_MOMENT)
    revoked_at: datetime | None = Field(default=None, sa_type=_MOMENT)
    revoked_why: str | None = Field(default=None, sa_type=Text)
    stolen_at: datetime | None = Field(default=None, sa_type=_MOMENT)
    allow_sha256: bytes | None = Field(default=None, sa_type=LargeBinary)
    allow_units: int | None = Field(default=None, sa_type=BigInteger)
    listed_seq: int | None = None


class RootVersionRow(SQLModel, table=True):
    __tablename__ = "root_version"

    version: int = Field(primary_key=True)
    root: str = Field(sa_type=Text)
    envelope: str | None = Field(default=None, sa_type=Text)
    adopted_at: datetime = Field(sa_type=_MOMENT)


class TrustListRow(SQLModel, table=True):
    __tablename__ = "trust_list"

    seq: int = Field(primary_key=True)
    envelope: str = Field(sa_type=Text)
    issued_at: datetime = Field(sa_type=_MOMENT)
    expires_at: datetime = Field(sa_type=_MOMENT)
