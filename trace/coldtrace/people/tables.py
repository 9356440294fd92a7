"""Rows of the people room; the migrations own the constraints."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ARRAY, BigInteger, DateTime, LargeBinary, Text
from sqlmodel import Field, SQLModel

_MOMENT = DateTime(timezone=True)


class PersonRow(SQLModel, table=True):
    __tablename__ = "person"

    person_id: UUID = Field(primary_key=True)
    email: str | None = Field(default=None, sa_type=Text)
    name: str = Field(sa_type=Text)
    lang: str = Field(default="zh", sa_type=Text)
    password_hash: str | None = Field(default=None, sa_type=Text)
    password_at: datetime | None = Field(default=None, sa_type=_MOMENT)
    totp_secret: str | None = Field(default=None, sa_type=Text)
    totp_confirmed_at: datetime | None = Field(default=None, sa_type=_MOMENT)
    totp_last_step: int | None = Field(default=None, sa_type=BigInteger)
    recovery_hashes: list[str] = Field(default_factory=list, sa_type=ARRAY(Text))
    state: str = Field(sa_type=Text)
    demo: bool = False
    created_at: datetime = Field(sa_type=_MOMENT)
    last_sign_in_at: datetime | None = Field(default=None, sa_type=_MOMENT)
    closed_at: datetime | None = Field(default=None, sa_type=_MOMENT)
    erased_at: datetime | None = Field(default=None, sa_type=_MOMENT)


class ApiTokenRow(SQLModel, table=True):
    __tablename__ = "api_token"

    token_hash: bytes = Field(primary_key=True, sa_type=LargeBinary)
    token_id: UUID
    name: str = Field(sa_type=Text)
    scopes: list[str] = Field(sa_type=ARRAY(Text))
    person_id: UUID | None = None
    sites: list[str] | None = Field(default=None, sa_type=ARRAY(Text))
    development: bool = False
    created_at: datetime = Field(sa_type=_MOMENT)
    expires_at: datetime | None = Field(default=None, sa_type=_MOMENT)
    revoked_at: datetime | None = Field(default=None, sa_type=_MOMENT)
    last_used_at: datetime | None = Field(default=None, sa_type=_MOMENT)


class MembershipRow(SQLModel, table=True):
    __tablename__ = "membership"

    membership_id: UUID = Field(primary_key=True)
    person_id: UUID | None = None
    token_id: UUID | None = None
    operator_id: UUID | None = None
    role: str = Field(sa_type=Text)
    sites: list[str] | None = Field(default=None, sa_type=ARRAY(Text))
    area: str | None = Field(default=None, sa_type=Text)
    manages: bool = False
    made_at: datetime = Field(sa_type=_MOMENT)
    made_by: str = Field(sa_type=Text)
    ended_at: datetime | None = Field(default=None, sa_type=_MOMENT)


class PersonSessionRow(SQLModel, table=True):
    __tablename__ = "person_session"

    session_hash: bytes = Field(primary_key=True, sa_type=LargeBinary)
    person_id: UUID
    created_at: datetime = Field(sa_type=_MOMENT)
    seen_at: datetime = Field(sa_type=_MOMENT)
    expires_at: datetime = Field(sa_type=_MOMENT)
    agent: str = Field(default="", sa_type=Text)
    purpose: str | None = Field(default=None, sa_type=Text)
    ended_at: datetime | None = Field(default=None, sa_type=_MOMENT)


class MailRow(SQLModel, table=True):
    __tablename__ = "mail_out"

    mail_id: UUID = Field(primary_key=True)
    person_id: UUID
    kind: str = Field(sa_type=Text)
    secret: str | None = Field(default=None, sa_type=Text)
    made_at: datetime = Field(sa_type=_MOMENT)
    expires_at: datetime = Field(sa_type=_MOMENT)
    tries: int = 0
    try_after: datetime = Field(sa_type=_MOMENT)


class PersonLinkRow(SQLModel, table=True):
    __tablename__ = "person_link"

    token_hash: bytes = Field(primary_key=True, sa_type=LargeBinary)
    person_id: UUID
    purpose: str = Field(sa_type=Text)
    created_at: datetime = Field(sa_type=_MOMENT)
    expires_at: datetime = Field(sa_type=_MOMENT)
    used_at: datetime | None = Field(default=None, sa_type=_MOMENT)
