"""Opening an installation for a command: settings, database, migrations, keys, in that order."""

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.orm import sessionmaker
from sqlmodel import Session

from coldtrace.cli.command_note import write_with
from coldtrace.cli.refusals import NoInstallation
from coldtrace.db import roles
from coldtrace.db.embedded import make_data_folder, open_database
from coldtrace.db.engine import check_server, make_engine, make_sessions
from coldtrace.db.migrate import upgrade
from coldtrace.db.roles import RoleState
from coldtrace.env import FIRST_LOG, Env, Keyring, Log
from coldtrace.ledger import service as ledger
from coldtrace.parties import service as parties
from coldtrace.parties.keys import (
    ROOT_FILE,
    any_unencrypted,
    encrypt_keys,
    is_development,
    make_keys,
    name_station_keys,
    read_root,
    require_encrypted,
)
from coldtrace.parties.refusals import DevelopmentOnly, PassphraseMissing
from coldtrace.people import tokens
from coldtrace.seal.passphrase import make_passphrase, read_passphrase
from coldtrace.seal.root_document import net_of
from coldtrace.seal.vkey import vkey_of
from coldtrace.seal.witness_policy import MalformedPolicy, WitnessPolicy, parse_witness_policy
from coldtrace.settings import PASSPHRASE_FILE as PASSPHRASE_FILE
from coldtrace.settings import SettingInvalid, Settings

TOKEN_FILE = "development-token"


@dataclass(frozen=True, kw_only=True)
class Installation:
    """An open installation.

    `engine` and `sessions` work in the role of the application, `sequencer` in that of the sequencer.
    """

    settings: Settings
    env: Env
    url: str
    engine: Engine
    sessions: sessionmaker[Session]
    sequencer: Engine
    roles: RoleState

    @contextmanager
    def sessions_as(self, role: str | None) -> Iterator[sessionmaker[Session]]:
        """Give the factory of sessions in another role, or with None in that of the database user itself."""
        engine = make_engine(self.url, role=None if role is None else self.roles.role(role), pool_size=2)
        sessions = make_sessions(engine)
        write_with(sessions, self.env)
        try:
            yield sessions
        finally:
            engine.dispose()


@contextmanager
def open_installation(settings: Settings, *, keep: bool = False, create: bool = False) -> Iterator[Installation]:
    """Open the installation of the settings; raise NoInstallation when there is none, before anything is made.

    With `create` keys and schema of a new one are made (development only).  `keep` is for the service, which runs
    the embedded database itself.  Raises refusals that say what to do.
    """
    if not create:
        require_installation(settings)
    keys = settings.data_dir / "keys"
    passphrase = prepare_keys(settings)
    with open_database(database_url=settings.database_url, data_dir=settings.data_dir, keep=keep) as url:
        owner = make_engine(url, pool_size=2)
        engines = [owner]
        try:
            check_server(owner)
            upgrade(url)
            as_owner = make_sessions(owner)
            with as_owner() as session:
                env = make_env(settings, keys, passphrase=passphrase, log=ledger.current_log(session))
                state = roles.state(session.connection())
            check_policy(settings, env)
            env.keyring.signer(env.log.key_name)  # a wrong passphrase is told before a command does half its work
            with as_owner.begin() as session:
                parties.install(session, env, root_text=read_root(keys), development=is_development(keys))
            engine = make_engine(url, role=state.role(roles.APP))
            sequencer = make_engine(url, role=state.role(roles.SEQUENCER), pool_size=4)
            engines += [engine, sequencer]
            sessions = make_sessions(engine)
            write_with(sessions, env)
            yield Installation(
                settings=settings,
                env=env,
                url=url,
                engine=engine,
                sessions=sessions,
                sequencer=sequencer,
                roles=state,
            )
        finally:
            for each in engines:
                each.dispose()


def require_installation(settings: Settings) -> None:
    """Raise NoInstallation unless the data folder holds keys or a database: a command of another folder makes none."""
    folder = settings.data_dir.absolute()
    own_database = settings.database_url is None and (folder / "postgres").exists()
    if not (folder / "keys" / ROOT_FILE).exists() and not own_database:
        raise NoInstallation(folder=str(folder))


def prepare_keys(settings: Settings) -> bytes:
    """Make development keys on the first start, refuse them in production; return the passphrase of the key files.

    Development keeps its passphrase beside the key folder and encrypts keys of the time before by itself.
    """
    keys = settings.data_dir / "keys"
    if settings.env == "production":
        if is_development(keys):
            raise DevelopmentOnly()
        read_root(keys)
        passphrase = key_passphrase(settings)
        require_encrypted(keys)
    else:
        make_data_folder(settings.data_dir)
        passphrase = key_passphrase(settings)
        if any_unencrypted(keys):
            encrypt_keys(keys, old=None, new=passphrase)
        make_keys(keys, development=True, passphrase=passphrase)
    name_station_keys(keys, passphrase)
    return passphrase


def key_passphrase(settings: Settings) -> bytes:
    """Return the passphrase of the key files; raise PassphraseMissing in production without one, PassphraseUnusable."""
    if settings.key_passphrase_file is not None:
        return read_passphrase(settings.key_passphrase_file)
    if settings.env == "production":
        raise PassphraseMissing()
    return make_passphrase(settings.data_dir / PASSPHRASE_FILE)


def make_env(settings: Settings, keys: Path, *, passphrase: bytes | None = None, log: Log | None = None) -> Env:
    """Return the Env of an installation whose keys exist.

    A log keeps the origin under which it was opened: a host that changes later is for new codes alone.
    """
    return Env(
        net=net_of(read_root(keys)),
        log=log or Log(id=FIRST_LOG, origin=f"{settings.public_host}/logs/{settings.log_name}"),
        public_host=settings.public_host,
        keyring=Keyring(keys, passphrase),
        policy=None if settings.witnesses is None else read_policy(settings.witnesses),
    )


def read_policy(path: Path) -> WitnessPolicy:
    """Return the witness policy of a file; raise SettingInvalid, which names the file and the line."""
    try:
        return parse_witness_policy(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise SettingInvalid(name="COLDTRACE_WITNESSES", reason=f"{path}: {error}") from error
    except MalformedPolicy as refusal:
        reason = f"{path}: {refusal.say('zh')} / {refusal.say('en')}"
        raise SettingInvalid(name="COLDTRACE_WITNESSES", reason=reason) from refusal


def check_policy(settings: Settings, env: Env) -> None:
    """Raise SettingInvalid for a witness policy of another log, and for strict mode that nothing could ever meet."""
    policy = env.asked
    if policy.log is not None:
        ours = vkey_of(name=env.log.origin, spki=env.keyring.signer(env.log.key_name).spki)
        if policy.log != ours:
            reason = f"{settings.witnesses}: log {policy.log.name}: 不是本日志 / not this log, {ours.text()}"
            raise SettingInvalid(name="COLDTRACE_WITNESSES", reason=reason)
    if not settings.witness_strict:
        return
    able = {each.vkey.spki for each in policy.witnesses if each.url is not None}
    able &= {each.spki for each in policy.counted}
    reason = ""
    if not policy.quorum:
        reason = "COLDTRACE_WITNESSES 未要求见证数（quorum）/ asks for no quorum"
    elif len(able) < policy.quorum:
        reason = (
            f"需 {policy.quorum} 方，{len(able)} 方有地址 / {policy.quorum} witnesses wanted, {len(able)} have a URL"
        )
    if reason:
        raise SettingInvalid(name="COLDTRACE_WITNESS_STRICT", reason=reason)


def development_token(installation: Installation) -> str | None:
    """Return the token that a development start prints, the same at every start; None in production."""
    if installation.settings.env == "production":
        return None
    path = installation.settings.data_dir / TOKEN_FILE
    if not path.exists():
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w") as file:
            file.write(f"ct_dev_{secrets.token_urlsafe(24)}\n")
    token = path.read_text().strip()
    with installation.sessions.begin() as session:
        tokens.keep_development_token(session, installation.env, token=token)
    return token
