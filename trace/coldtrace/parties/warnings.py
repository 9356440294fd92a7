"""What an operator has to do soon about keys and the trust list, before something stops."""

from datetime import timedelta

from sqlmodel import Session

from coldtrace.clock import format_utc
from coldtrace.env import Env
from coldtrace.errors import Refusal, Words
from coldtrace.parties import store, trust
from coldtrace.parties.model import SiteRole
from coldtrace.parties.roots import current_root, root_signers

AHEAD = timedelta(days=7)


class CodeKeyEnds(Refusal):
    """A first station can print only for some days more, or not at all."""

    code = "code_key_ends"
    title = Words("打印密钥即将到期", "A code key ends soon")
    detail = Words(
        "首站 {gln} 的打印密钥只能用到 {until}。请运行：coldtrace keys rotate --site {gln}",
        "The first station {gln} can print until {until} only. Run: coldtrace keys rotate --site {gln}",
    )


class TrustListEnds(Refusal):
    """The newest list expires soon and its successor has to be signed by hand."""

    code = "trust_list_ends"
    title = Words("信任列表即将过期", "The trust list expires soon")
    detail = Words(
        "信任列表将于 {until} 过期，而根密钥不在本机。请运行：coldtrace trust-list publish --offline FILE",
        "The trust list expires at {until} and the roots are offline. Run: coldtrace trust-list publish --offline FILE",
    )


class ChangesUnpublished(Refusal):
    """Keys have changed and the list that says so waits for the roots."""

    code = "key_changes_unpublished"
    title = Words("密钥变更尚未发布", "Key changes not published yet")
    detail = Words(
        "有 {count} 个密钥的变更尚未写入信任列表。请运行：coldtrace trust-list publish --offline FILE",
        "Changes of {count} keys are not on the trust list yet. Run: coldtrace trust-list publish --offline FILE",
    )


def warnings(session: Session, env: Env) -> list[Refusal]:
    """Return what needs a person within the next seven days; empty when there is nothing."""
    now, found = env.clock(), list[Refusal]()
    ends = store.print_ends(session)
    for site in store.sites(session):
        if site.role is SiteRole.FIRST_STATION and (until := ends.get(site.gln, now)) < now + AHEAD:
            found.append(CodeKeyEnds(gln=site.gln, until=format_utc(until)))
    root = current_root(session)
    if len(root_signers(session, env, root)) < root.threshold:
        newest = store.newest_trust_list(session)
        if newest is not None and newest.expires_at < now + AHEAD:
            found.append(TrustListEnds(until=format_utc(newest.expires_at)))
        if (waiting := trust.changes_waiting(session)) > 0:
            found.append(ChangesUnpublished(count=waiting))
    return found
