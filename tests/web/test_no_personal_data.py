"""No personal data in the public log: every leaf after a whole story with persons in it."""

from datetime import timedelta

from sqlalchemy import text

from coldtrace.journal import service as journal
from coldtrace.ledger.publish import log_folder
from coldtrace.parties import service as parties
from coldtrace.parties.model import SiteRole
from coldtrace.people import personal_data, tokens
from coldtrace.people.members import keep_members
from coldtrace.people.tables import PersonRow
from coldtrace.rights.model import EVERYTHING, Member, Role
from support.house import GLNS, Handheld
from support.web_house import WebHouse
from support.whole_database import everything

EMAIL, NAME, GUN, PURPOSE = "li.lei@example.cn", "李雷", "李雷的扫码枪", "complaint of Han Meimei"


def test_no_leaf_says_who_anybody_is(web: WebHouse) -> None:
    with web.sessions.begin() as session:
        person_id = web.env.new_id()
        session.add(PersonRow(person_id=person_id, email=EMAIL, name=NAME, state="active", created_at=web.env.clock()))
        session.flush()
        firm = web.sites[SiteRole.MARKET].operator_id
        roles = sorted({*Role} - {Role.ADMINISTRATOR})
        own = [Member(role=role, operator_id=firm, area="", manages=True) for role in roles]
        keep_members(session, web.env, own, made_by=f"person:{person_id}", person_id=person_id)
        token = tokens.make_token(session, web.env, name=NAME, life=timedelta(days=1), person_id=person_id)
    consignment = web.consignment()
    web.walk(consignment.pallets[0])
    with web.sessions.begin() as session:
        invitation = parties.invite_device(session, web.env, gln=GLNS[SiteRole.MARKET], url="http://127.0.0.1:8000")
        assert invitation.text
        gun = Handheld.enrol(session, web.env, web.sites[SiteRole.MARKET])
        session.execute(
            text("UPDATE device SET name = :name WHERE spki = :spki"), {"name": GUN, "spki": gun.signer.spki}
        )
    headers = {"Authorization": f"Bearer {token}", "Coldtrace-Purpose": PURPOSE.replace(" ", "%20")}
    unit = consignment.carton.unit_id
    assert web.client.get(f"/api/v1/units/{unit}", headers=headers).status_code == 200
    assert web.client.get("/api/v1/journal", headers=headers).status_code == 200
    for path, body in (
        ("/api/v1/codes/resolve", {"text": "https://qr.pay.example/fkx"}),
        ("/api/v1/labels/reprint", {"texts": [consignment.carton.uri], "reason": "torn", "layout": "60x40"}),
    ):
        assert web.post_json(path, body, headers).status_code == 200
    with web.sessions.begin() as session:
        while journal.chain(session, web.env):
            pass
        journal.anchor(session, web.env)
        personal_data.erase_person(session, web.env, person_id, scope=EVERYTHING, by=None)
    web.settle()
    with web.engine.connect() as connection:
        leaves = [bytes(leaf) for leaf in connection.execute(text("SELECT leaf FROM ledger_entry")).scalars()]
        purposes = connection.execute(text("SELECT DISTINCT purpose FROM journal_record")).scalars().all()
    assert {kind for kind in ("cte1", "enrol", "trust", "anchor") if any(kind.encode() in leaf for leaf in leaves)} == {
        "cte1",
        "enrol",
        "trust",
        "anchor",
    }
    assert PURPOSE in purposes
    published = [
        path.read_bytes() for path in log_folder(web.settings.data_dir, web.env.log).rglob("*") if path.is_file()
    ]
    assert published
    for each in (*leaves, *published):
        for word in (EMAIL, NAME, GUN, PURPOSE, str(person_id), "person:"):
            assert word.encode() not in each, (word, each)
    # What the person did is kept under the id, which now leads nowhere.
    with web.sessions() as session:
        kept = everything(session)
    assert (EMAIL in kept, NAME + "," in kept, f"person:{person_id}" in kept) == (False, False, True)
