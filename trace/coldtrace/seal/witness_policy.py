"""Which witnesses, and how many of them are enough: a text file in the form of C2SP tlog-policy, one group at most.

    log <vkey>                                    the log that it is about (once, or not at all)
    witness <name> <vkey> [<url>]                 a witness; the url is where it listens
    group <name> <k>|any|all <witness name>...    any k of these
    quorum <group or witness name>|none           what a checkpoint needs

Empty lines and lines from `#` on are left out.  Groups of groups are refused: our own rule is k of n.

>>> parse_witness_policy("quorum none\\n").quorum
0
"""

from collections.abc import Iterable
from dataclasses import dataclass

from coldtrace.errors import Refusal, Words
from coldtrace.seal.checkpoint import Cosignature
from coldtrace.seal.vkey import LOG_KIND, WITNESS_KIND, MalformedVkey, Vkey, parse_vkey


class MalformedPolicy(Refusal):
    """The text is no policy that we can follow."""

    code = "malformed_witness_policy"
    title = Words("见证策略有误", "Malformed witness policy")
    detail = Words(
        "见证策略第 {line} 行有误（{why}）；写法见 docs/formats/ledger.md 第 11 节。",
        "Line {line} of the witness policy is wrong ({why}); docs/formats/ledger.md, section 11, shows the form.",
    )


@dataclass(frozen=True, kw_only=True)
class KnownWitness:
    """A witness by its key; `url` is where it listens, None if nobody is to ask it."""

    vkey: Vkey
    url: str | None = None


@dataclass(frozen=True, kw_only=True)
class WitnessPolicy:
    """`quorum` different ones of `counted` must have cosigned; `witnesses` may hold others, which count for nothing."""

    witnesses: tuple[KnownWitness, ...] = ()
    counted: tuple[Vkey, ...] = ()
    quorum: int = 0
    log: Vkey | None = None

    @property
    def vkeys(self) -> tuple[Vkey, ...]:
        """The keys of all witnesses."""
        return tuple(each.vkey for each in self.witnesses)

    def is_met_by(self, cosignatures: Iterable[Cosignature]) -> bool:
        """Tell whether enough of the right witnesses have cosigned; one key under two names is one witness."""
        return self.is_met_by_keys(each.witness for each in cosignatures)

    def is_met_by_keys(self, cosigners: Iterable[Vkey]) -> bool:
        """Tell the same of the keys that have cosigned."""
        counted = {each.spki for each in self.counted}
        return len({each.spki for each in cosigners} & counted) >= self.quorum

    def is_heard_without(self, silent: Iterable[Vkey]) -> bool:
        """Tell whether no quorum fits into these witnesses: then one of the others has seen whatever had a quorum.

        Where no quorum is asked for, each single one has to be heard.
        """
        keys = {each.spki for each in silent}
        if self.quorum:
            keys &= {each.spki for each in self.counted}
        return len(keys) < max(self.quorum, 1)


def k_of_n(quorum: int, witnesses: Iterable[KnownWitness]) -> WitnessPolicy:
    """Return the policy that any `quorum` of these witnesses are enough."""
    known = tuple(witnesses)
    return WitnessPolicy(witnesses=known, counted=tuple(each.vkey for each in known), quorum=quorum)


def parse_witness_policy(text: str) -> WitnessPolicy:
    """Return the policy of a text; raise MalformedPolicy."""
    log: Vkey | None = None
    witnesses: dict[str, KnownWitness] = {}
    groups: dict[str, tuple[int, tuple[Vkey, ...]]] = {}
    chosen: tuple[int, tuple[Vkey, ...]] | None = None
    for number, line in enumerate(text.split("\n"), 1):
        words = line.partition("#")[0].split()
        match words:
            case []:
                continue
            case ["log", vkey, *rest] if log is None and len(rest) < 2:
                log = _vkey(vkey, LOG_KIND, number)
            case ["witness", name, vkey, *rest] if name not in {*witnesses, *groups, "none"} and len(rest) < 2:
                url = rest[0].rstrip("/") if rest else None
                if url is not None and not url.startswith(("http://", "https://")):
                    raise MalformedPolicy(line=number, why="url")
                witnesses[name] = KnownWitness(vkey=_vkey(vkey, WITNESS_KIND, number), url=url)
            case ["group", name, count, first, *others] if name not in {*witnesses, *groups, "none"}:
                groups[name] = _group(count, [first, *others], witnesses, number)
            case ["quorum", name] if chosen is None:
                chosen = _quorum(name, witnesses, groups, number)
            case _:
                raise MalformedPolicy(line=number, why=words[0])
    quorum, counted = chosen or (0, ())
    return WitnessPolicy(witnesses=tuple(witnesses.values()), counted=counted, quorum=quorum, log=log)


def _quorum(
    name: str,
    witnesses: dict[str, KnownWitness],
    groups: dict[str, tuple[int, tuple[Vkey, ...]]],
    line: int,
) -> tuple[int, tuple[Vkey, ...]]:
    if name == "none":
        return 0, ()
    if name in witnesses:
        return 1, (witnesses[name].vkey,)
    if name in groups:
        return groups[name]
    raise MalformedPolicy(line=line, why=name)


def _group(count: str, names: list[str], witnesses: dict[str, KnownWitness], line: int) -> tuple[int, tuple[Vkey, ...]]:
    unknown = [name for name in names if name not in witnesses]
    if unknown or len(set(names)) != len(names):
        raise MalformedPolicy(line=line, why=unknown[0] if unknown else "group")
    quorum = {"any": 1, "all": len(names)}.get(count) or (int(count) if count.isdecimal() else 0)
    if not 1 <= quorum <= len(names):
        raise MalformedPolicy(line=line, why=count)
    return quorum, tuple(witnesses[name].vkey for name in names)


def _vkey(text: str, kind: int, line: int) -> Vkey:
    try:
        vkey = parse_vkey(text)
    except MalformedVkey:
        raise MalformedPolicy(line=line, why="vkey") from None
    if vkey.kind != kind:
        raise MalformedPolicy(line=line, why="vkey")
    return vkey
