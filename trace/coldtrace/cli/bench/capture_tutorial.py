"""The same endpoint as a tutorial writes it, the peer in `coldtrace bench capture`: a process of its own.

FastAPI, a plain `def` route, a session for each request, a row class for each table, get, add, commit, refresh.  It
checks what the service checks of one statement (the request's signature, form and hashes, the statement's signature,
certificate, site, rights, repeat, rules) and writes the same rows; it knows nothing of batches, races and late
statements.
"""

import json
import socket
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Request
from pydantic import BaseModel
from sqlalchemy import ARRAY, BigInteger, Column, DateTime, Identity, Text
from sqlalchemy.orm import registry
from sqlmodel import Field, Session, SQLModel, create_engine, select

from coldtrace import clock
from coldtrace.custody.model import Fact, Holding, Mark, UnitState
from coldtrace.custody.rules import decide, order_time
from coldtrace.db.engine import read_url
from coldtrace.env import FIRST_LOG, Env, Keyring, Log
from coldtrace.events.certificate import mismatches, opens_site, read_certificate
from coldtrace.events.leaf import LeafKind, leaf_bytes
from coldtrace.events.receipt import issue_receipt
from coldtrace.events.statement import read_statement
from coldtrace.parties.tables import DeviceRow, SiteRow
from coldtrace.seal.b64 import unb64
from coldtrace.seal.device_request import parse_authorization, verify_request
from coldtrace.seal.hashing import leaf_hash
from coldtrace.seal.keys import load_public_key
from coldtrace.seal.passphrase import read_passphrase

_MOMENT: Any = DateTime(timezone=True)


class Base(SQLModel, registry=registry()):
    """Rows of this file alone."""


class Entry(Base, table=True):
    """A leaf of the log."""

    __tablename__ = "ledger_entry"
    log_id: int = Field(primary_key=True)
    entry_id: UUID = Field(primary_key=True)
    leaf: bytes
    leaf_hash: bytes
    received_at: datetime = Field(sa_type=_MOMENT)


class Pending(Base, table=True):
    """A leaf that waits for its place."""

    __tablename__ = "ledger_pending"
    log_id: int = Field(primary_key=True)
    pid: int | None = Field(default=None, sa_column=Column(BigInteger, Identity(), primary_key=True))
    entry_id: UUID
    leaf_hash: bytes


class Piece(Base, table=True):
    """A piece of a statement."""

    __tablename__ = "statement_piece"
    log_id: int = Field(primary_key=True)
    entry_id: UUID = Field(primary_key=True)
    piece: str = Field(primary_key=True)
    bytes: bytes


class StatementRow(Base, table=True):
    """A statement."""

    __tablename__ = "statement"
    entry_id: UUID = Field(primary_key=True)
    header_hash: bytes
    key_id: bytes
    seq: int = Field(sa_type=BigInteger)
    prev: bytes | None = None
    type: str
    claimed_at: datetime = Field(sa_type=_MOMENT)
    event_at: datetime = Field(sa_type=_MOMENT)
    recorded_at: datetime = Field(sa_type=_MOMENT)
    gln: str
    status: str
    marks: list[str] = Field(sa_type=ARRAY(Text))


class LineRow(Base, table=True):
    """A line of a statement."""

    __tablename__ = "statement_line"
    entry_id: UUID = Field(primary_key=True)
    line_no: int = Field(primary_key=True)
    unit_pk: int = Field(sa_type=BigInteger)
    role: str
    quantity: int = Field(sa_type=BigInteger)
    event_at: datetime = Field(sa_type=_MOMENT)
    marks: list[str] = Field(sa_type=ARRAY(Text))
    from_gln: str | None = None


class PartyRow(Base, table=True):
    """A party of a statement."""

    __tablename__ = "statement_party"
    entry_id: UUID = Field(primary_key=True)
    relation: str = Field(primary_key=True)
    operator_id: UUID
    gln: str
    district: str
    recorded_at: datetime = Field(sa_type=_MOMENT)


class UnitRow(Base, table=True):
    """A unit."""

    __tablename__ = "unit"
    unit_pk: int | None = Field(default=None, primary_key=True, sa_type=BigInteger)
    unit_id: str
    state: str
    gln: str | None = None
    to_gln: str | None = None
    last_at: datetime = Field(sa_type=_MOMENT)
    version: int = 1


class WireIn(BaseModel):
    """A statement as it travels."""

    header: str
    public: str
    private: str
    units: str
    sig: str


class ReceiptOut(BaseModel):
    """A receipt as it travels."""

    text: str
    key: str
    sig: str


class ResultOut(BaseModel):
    """What became of one statement."""

    id: str
    status: str
    code: str | None
    marks: list[str]
    detail: str | None
    receipt: ReceiptOut


class ResultsOut(BaseModel):
    """The answer."""

    results: list[ResultOut]


def make_tutorial(database_url: str, env: Env) -> FastAPI:
    """Return the application."""
    app = FastAPI()
    engine = create_engine(read_url(database_url))

    def get_session() -> Iterator[Session]:
        with Session(engine) as session:
            yield session

    async def get_body(request: Request) -> bytes:
        return await request.body()

    @app.post("/api/v1/statements", status_code=202)
    def create_statement(
        wire: WireIn,
        request: Request,
        body: Annotated[bytes, Depends(get_body)],
        session: Annotated[Session, Depends(get_session)],
    ) -> ResultsOut:
        checked = read_statement(wire.model_dump())
        now = clock.now()
        device = session.get(DeviceRow, checked.header.key)
        if device is None or device.state != "active":
            raise HTTPException(403, "unknown device")
        _check_request(request, body, env, device)
        if not checked.verify(load_public_key(device.spki)):
            raise HTTPException(400, "bad signature")
        certificate = read_certificate(device.certificate)
        if checked.header.net != env.net or any(
            mismatches(certificate, net=env.net, key=device.key_id, public=checked.public)
        ):
            raise HTTPException(403, "certificate mismatch")
        if not opens_site(certificate, salt=device.site_salt, gln=checked.private.site):
            raise HTTPException(403, "certificate of another site")
        if session.get(Entry, (FIRST_LOG, checked.header.id)) is not None:
            raise HTTPException(409, "sent before")
        event_at, marks = order_time(claimed_at=checked.private.at, recorded_at=now, enrolled_at=device.enrolled_at)
        permitted = checked.public.type.value in device.operations
        if not permitted:
            marks.append(Mark.NOT_PERMITTED)
        leaf = leaf_bytes(LeafKind.CTE1, checked.wire.header, checked.signature, now)
        entry = Entry(
            log_id=FIRST_LOG, entry_id=checked.header.id, leaf=leaf, leaf_hash=leaf_hash(leaf), received_at=now
        )
        session.add(entry)
        session.add(Pending(log_id=FIRST_LOG, entry_id=entry.entry_id, leaf_hash=entry.leaf_hash))
        for name in ("public", "private", "units"):
            data = getattr(checked.wire, name).encode()
            session.add(Piece(log_id=FIRST_LOG, entry_id=entry.entry_id, piece=name, bytes=data))
        fact = Fact(
            type=checked.public.type.value,
            gln=device.gln,
            to_gln=None,
            event_at=event_at,
            local_date=event_at.astimezone(timezone(checked.private.offset)).date(),
            permitted=permitted,
        )
        statement = StatementRow(
            entry_id=entry.entry_id,
            header_hash=checked.header_hash,
            key_id=device.key_id,
            seq=checked.private.seq,
            prev=checked.header.prev,
            type=fact.type,
            claimed_at=checked.private.at,
            event_at=event_at,
            recorded_at=now,
            gln=device.gln,
            status="accepted",
            marks=[mark.value for mark in marks],
        )
        session.add(statement)
        session.flush()
        sites = {device.gln: "at"}
        for number, line in enumerate(checked.units.lines):
            unit = session.exec(select(UnitRow).where(UnitRow.unit_id == line.unit).with_for_update()).first()
            if unit is None:
                raise HTTPException(404, "unknown unit")
            holding = Holding(state=UnitState(unit.state), gln=unit.gln, to_gln=unit.to_gln)
            decision = decide(fact, line, holding=holding, effective=holding, issued=None)
            unit.state, unit.gln, unit.to_gln = (
                decision.holding.state.value,
                decision.holding.gln,
                decision.holding.to_gln,
            )
            unit.last_at, unit.version = event_at, unit.version + 1
            session.add(unit)
            if decision.from_gln is not None:
                sites.setdefault(decision.from_gln, "from")
            assert unit.unit_pk is not None
            session.add(
                LineRow(
                    entry_id=entry.entry_id,
                    line_no=number,
                    unit_pk=unit.unit_pk,
                    role=line.role,
                    quantity=line.quantity,
                    event_at=event_at,
                    marks=[mark.value for mark in decision.marks],
                    from_gln=decision.from_gln,
                )
            )
            marks += decision.marks
        for gln, relation in sites.items():
            site = session.get(SiteRow, gln)
            assert site is not None
            session.add(
                PartyRow(
                    entry_id=entry.entry_id,
                    relation=relation,
                    operator_id=site.operator_id,
                    gln=gln,
                    district=site.district,
                    recorded_at=now,
                )
            )
        device.last_seen_at = now
        session.add(device)
        session.commit()
        session.refresh(statement)
        session.refresh(entry)
        receipt = issue_receipt(
            net=env.net,
            origin=env.origin,
            id=statement.entry_id,
            header_hash=statement.header_hash,
            leaf_hash=entry.leaf_hash,
            received_at=entry.received_at,
            include_by=entry.received_at + timedelta(seconds=60),
            signer=env.keyring.signer("receipt"),
        )
        result = ResultOut(
            id=str(statement.entry_id),
            status=statement.status,
            code=None,
            marks=[mark.value for mark in marks],
            detail=None,
            receipt=ReceiptOut(**receipt),  # type: ignore[arg-type]
        )
        return ResultsOut(results=[result])

    return app


def _check_request(request: Request, body: bytes, env: Env, device: DeviceRow) -> None:
    authorization = parse_authorization(request.headers["authorization"])
    if authorization.key != device.key_id:
        raise HTTPException(403, "another device")
    verify_request(
        authorization,
        public_key=load_public_key(device.spki),
        net=env.net,
        method=request.method,
        path=request.url.path,
        body=body,
    )


def main() -> None:
    """Serve on a free port and say which, as `coldtrace serve --json` does."""
    database_url, keys, passphrase, net, origin = sys.argv[1:]
    env = Env(
        net=unb64(net),
        log=Log(id=FIRST_LOG, origin=origin),
        public_host="trace.example.cn",
        keyring=Keyring(Path(keys), read_passphrase(Path(passphrase))),
    )
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(make_tutorial(database_url, env), log_level="warning", access_log=False)
    print(f"READY {json.dumps({'url': f'http://127.0.0.1:{listener.getsockname()[1]}'})}", flush=True)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
