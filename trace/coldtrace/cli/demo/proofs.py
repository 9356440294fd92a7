"""The end of the story: what a consumer sees, what is refused, what can be proven."""

import json

from coldtrace.cli.demo.patience import DemoFailed
from coldtrace.cli.demo.story import Story

STATEMENTS_OF_A_SOLD_BOX = 12
"""commission, pack, 3 x (ship, receive) on its pallet, unpack, ship, receive, sell."""


FOREIGN_LINK = "https://food.example.org/t/8812"
"""What some other platform prints."""


def check_page(story: Story) -> None:
    """Open the sold box in both languages and look at what a machine can see of it."""
    story.wait_until_proven(story.sold[0].uri, STATEMENTS_OF_A_SOLD_BOX)
    for lang in ("zh", "en"):
        page = story.service.page(story.local(story.sold[0].uri), lang)
        rows = [row for row in range(1, 17) if f'data-row="{row}"' not in page.text]
        if page.status_code != 200 or 'data-status="sold"' not in page.text or rows:
            raise DemoFailed(f"page ({lang}): {page.status_code}, rows missing: {rows}")


def check_refusals(story: Story) -> None:
    """A changed code, and somebody else's, are refused by handheld and service alike."""
    good = story.sold[0].uri
    tampered = tampered_code(good)
    judged = {tampered: "bad_signature", foreign_code(good): "untrusted_host", FOREIGN_LINK: "malformed_uri"}
    for text, expected in judged.items():
        verdict = story.terminals["shop"].verify(text).get("verdict")
        if verdict != expected:
            raise DemoFailed(f"handheld judged {verdict}, expected {expected}")
    answer = story.service.get(story.local(tampered), Accept="application/problem+json")
    if answer.status_code != 403 or answer.json()["code"] != "bad_signature":
        raise DemoFailed(f"service answered {answer.status_code} to a tampered code")


def tampered_code(good: str) -> str:
    """Return the code with one sign of its serial changed."""
    head, serial = good.partition("?")[0].rsplit("/", 1)
    changed = ("0" if serial[0] != "0" else "1") + serial[1:]
    return f"{head}/{changed}?{good.partition('?')[2]}"


def foreign_code(good: str) -> str:
    """Return the same signed code behind a host that is not ours."""
    return "https://LABELS.EXAMPLE.NET/" + good.split("/", 3)[3]


def check_proof(story: Story) -> None:
    """Verify the bundle of one box, its place in the log included, with the base command, offline."""
    bundle = story.service.bundle(story.local(story.sold[0].uri))
    path = story.folder / "box.proof.json"
    path.write_text(bundle, encoding="utf-8")
    root = story.installation.env.keyring.folder / "root.json"
    done = story.verify_offline("verify", str(path), "--root", str(root), "--json")
    report = json.loads(done.stdout or "{}")
    failed = [check for check in report.get("checks", []) if check["result"] == "failed"]
    if done.returncode != 0 or not report.get("ok"):
        raise DemoFailed(f"proof: {failed[:2] or done.stderr.strip()}")
