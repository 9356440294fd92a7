"""The browser's verifier: the same vectors as Python, in a real browser, under the CSP of the real service."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from coldtrace.seal.b64 import b64, unb64
from coldtrace.seal.canonical_text import print_canonical
from coldtrace.seal.keys import key_id
from coldtrace.seal.root_document import parse_root, sign_as
from coldtrace.seal.trust_list import MalformedTrustList, open_trust_list
from coldtrace.verify.words import NAMES, REASONS
from support.browser import NO_ED25519, open_browser, serve_pages
from support.published import own_vectors_dir
from support.story import NOW, UNIT, build_story
from support.story_page import story_page
from support.tlog_vectors import root_signers

VECTORS = own_vectors_dir()
BUNDLES = sorted((VECTORS / "events" / "bundles").glob("*.json"))
UNIT_PATH = "/01/09506000134352/10/L2409A17/21/7QK4M2ZX9RTB"


def read(*parts: str) -> Any:
    return json.loads(VECTORS.joinpath(*parts).read_text("utf-8"))


def pages() -> dict[str, str]:
    good = build_story().bundle()
    return {
        "/blank": "<!doctype html><title>blank</title>",
        "/good.json": good,
        "/tampered.json": good.replace('"net_g\\":19625', '"net_g\\":19626'),
        UNIT_PATH: story_page(good, "zh", url="/good.json"),
        f"/en{UNIT_PATH}": story_page(good, "en", url="/good.json"),
        f"/tampered{UNIT_PATH}": story_page(good, "en", url="/tampered.json"),
        f"/missing{UNIT_PATH}": story_page(good, "zh", url="/missing.json"),
        "/01/09506000134352/21/8QK4M2ZX9RT0": story_page(good, "en", url="/good.json"),
        "/plain": "<!doctype html><html lang='en'><script type='module' src='/static/verify/page.js'></script></html>",
    }


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    with serve_pages(pages()) as address:
        yield address


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with open_browser(tmp_path_factory.mktemp("verify")) as started:
        yield started


@pytest.fixture(scope="module")
def blank(browser: Browser, base: str) -> Iterator[Page]:
    """A page of our origin on which modules can be called."""
    page = browser.new_page()
    page.goto(f"{base}/blank")
    yield page
    page.close()


def call(page: Page, module: str, body: str, argument: object = None) -> Any:
    """Return what `body` makes of the module `m` and the argument `a`."""
    return page.evaluate(f"async (a) => {{ const m = await import('/static/{module}'); {body} }}", argument)


@pytest.mark.parametrize("path", BUNDLES, ids=lambda path: path.stem)
def test_bundle(blank: Page, path: Path) -> None:
    vector = json.loads(path.read_text("utf-8"))
    body = """const { root, asked, lowest_seq: lowestSeq } = a;
      return m.verifyBundle(a.text, { root, asked, lowestSeq, now: new Date(a.now) });"""
    report = call(blank, "verify.js", body, vector)
    found: dict[str, dict[str, str]] = {"passed": {}, "failed": {}, "not_checked": {}}
    for check in report["checks"]:
        found[check["result"]][check["name"]] = check["reason"]
    assert found["failed"] == vector["failed"]
    assert found["not_checked"] == vector["not_checked"]
    assert (report["ok"], report["result"]) == (vector["ok"], vector["result"])
    assert report["rootPinned"] is ("root" in found["passed"])
    if report["result"] != "passed":
        assert (report["facts"], report["code"], report["statements"]) == (None, None, [])


def test_hostile_texts(blank: Page) -> None:
    texts = ["", "null", "[]", "[" * 100_000, "NaN", '"\\ud800"', "\x00", " " * (8 * 1024 * 1024 + 1), "1" * 10_000]
    reports = call(blank, "verify.js", "return Promise.all(a.map((text) => m.verifyBundle(text)))", texts)
    assert [report["checks"][0]["reason"] for report in reports] == ["malformed_bundle"] * len(texts)
    assert all(len(report["checks"]) == 1 and not report["ok"] for report in reports)


def test_signatures_are_judged_as_strictly_as_in_python(blank: Page) -> None:
    vectors = read("tlog", "keys.json")
    body = """
      const text = await import('/static/verify/text.js');
      const judge = async (each) => {
        try { return await m.verifySignature(text.unb64(each.spki), text.unb64(each.sig), text.utf8(a.message)); }
        catch (error) { return error.message; }
      };
      return Promise.all(a.signatures.map(judge));"""
    found = call(blank, "verify/crypto.js", body, vectors)
    expected = [each["good"] for each in vectors["signatures"]]
    # SM2 is well formed and cannot be checked, in Python by a refusal and here by a word.
    assert [False if each == "unsupported_algorithm" else each for each in found] == expected
    assert True in found
    keys = """const text = await import('/static/verify/text.js');
      return a.map((each) => { try { return m.algorithmOf(text.unb64(each.spki)); } catch { return null; } });"""
    assert call(blank, "verify/crypto.js", keys, vectors["keys"]) == [each["alg"] for each in vectors["keys"]]
    assert set(call(blank, "verify/crypto.js", keys, vectors["malformed_keys"])) == {None}


def test_inclusion_paths(blank: Page) -> None:
    cases = read("tlog", "merkle.json")["inclusion"]
    body = """
      const { unStdB64 } = await import('/static/verify/text.js');
      return Promise.all(a.map((each) => m.verifyInclusion({
        leaf: unStdB64(each.leafHash), index: each.leafIdx, size: each.treeSize,
        path: (each.proof ?? []).map(unStdB64), root: unStdB64(each.root) }).catch(() => false)));"""
    assert call(blank, "verify/crypto.js", body, cases) == [not each["wantErr"] for each in cases]


def test_canonical_texts(blank: Page) -> None:
    vectors = read("events", "canonical.json")
    body = """return a.map((text) => {
      try { return m.encode(m.decode(text)) === text; }
      catch (error) { if (error instanceof m.Malformed) return null; throw error; } })"""
    assert set(call(blank, "verify/text.js", body, vectors["accepted"])) == {True}
    assert set(call(blank, "verify/text.js", body, vectors["refused"])) == {None}


def test_base64(blank: Page) -> None:
    vectors = read("tlog", "base64.json")
    body = """return a.map((text) => { try { return m.hex(m.unb64(text)); } catch { return null; } })"""
    spellings = [each["b64"] for each in vectors["valid"]]
    assert call(blank, "verify/text.js", body, spellings) == [each["hex"] for each in vectors["valid"]]
    assert set(call(blank, "verify/text.js", body, vectors["malformed_b64"])) == {None}


def test_notes(blank: Page) -> None:
    vectors = read("tlog", "notes.json")
    body = """return a.map((note) => {
      try { return m.splitNote(note).text; } catch { return null; } })"""
    notes = [vectors["checkpoint"]["note"], vectors["cosigned"]["note"], vectors["plain"]]
    assert call(blank, "verify/trust.js", body, notes) == [note[: note.rindex("\n\n") + 1] for note in notes]
    assert set(call(blank, "verify/trust.js", body, [each["note"] for each in vectors["malformed"]])) == {None}
    log = {"origin": vectors["checkpoint"]["origin"], "vkey": vectors["vkey"], "witnesses": vectors["witnesses"]}
    signed = """await m.requireLogSignature(a.note, a.log); return m.cosignedAt(a.note, a.log)"""
    at_s = vectors["cosigned"]["at_s"]
    assert call(blank, "verify/trust.js", signed, {"note": notes[1], "log": log}) == [at_s, at_s]
    assert call(blank, "verify/trust.js", signed, {"note": notes[0], "log": log}) == []


def test_trust_lists_are_read_as_strictly_as_in_python(blank: Page) -> None:
    """Keys with a member too many, an id that is not theirs, an allow-filter where none may be."""
    vectors = read("tlog", "trust_list.json")
    keys = json.loads(vectors["list"])["keys"]
    first, stolen = keys[0], keys[4]
    edits: list[list[Any]] = [
        keys,
        [first | {"id": b64(key_id(unb64(first["spki"])))}],
        [first | {"id": b64(bytes(32))}],
        [first | {"kid": "00000000"}],
        [first | {"use": "anything"}],
        [first | {"st": "lost"}],
        [first | {"cut": {}}],
        [first | {"scope": [1]}],
        [first | {"print_until": "soon"}],
        [first | {"allow": stolen["allow"]}],
        [stolen | {"use": "receipt"}],
        [stolen | {"allow": {"sha256": b64(bytes(32)), "units": -1}}],
        [stolen | {"allow": stolen["allow"] | {"url": "x"}}],
        [None],
        ["x"],
    ]
    root, signers = parse_root(vectors["root"]), root_signers()
    envelopes, expected = [], []
    for edit in edits:
        text = print_canonical(json.loads(vectors["list"]) | {"keys": edit})
        data = b"CCTRUST1\x00" + text.encode()
        sigs = [sign_as(name, signers[name], data) for name in ("r1", "r2")]
        envelopes.append({"list": text, "sigs": sigs})
        try:
            expected.append(len(open_trust_list(envelopes[-1], root=root).keys))
        except MalformedTrustList as refusal:
            expected.append(refusal.code)
    body = """const root = await m.parseRoot(a.root);
      return Promise.all(a.envelopes.map((each) =>
        m.openTrustList(each, root).then((list) => list.keys.length, (error) => error.message)));"""
    asked = {"root": vectors["root"], "envelopes": envelopes}
    assert call(blank, "verify/trust.js", body, asked) == expected
    assert expected == [len(keys), 1, *["malformed_trust_list"] * 13]


@pytest.mark.parametrize("name", ["cct1_added_codes.json", "cct1_signed_codes.json"])
def test_codes_get_the_same_verdict(blank: Page, name: str) -> None:
    vectors = read("gs1", name)
    keys = vectors.get("keys") or [vectors["key"]]
    now = vectors.get("now", "2026-11-23T04:00:00.000Z")
    body = """
      const { unStdB64 } = await import('/static/verify/text.js');
      const time = (day, end, none) => day ? Date.parse(`${day}T00:00:00Z`) + (end ? 86400000 : 0) : none;
      const list = (keys) => ({ keys: keys.map((key) => ({
        kid: key.kid, use: key.use ?? 'code', alg: key.alg, spki: unStdB64(key.spki ?? key.spki_b64),
        scope: key.scope ?? [], from: time(key.print_from, false, -Infinity),
        until: time(key.accept_until, true, Infinity), revoked: key.st === 'revoked' })) });
      const found = [];
      for (const each of a.cases) {
        const keys = each.key ? [{ ...a.keys[0], ...each.key }] : a.keys;
        const judged = await m.judgeCode(each.uri, list(keys), Date.parse(each.now ?? a.now));
        const untrusted = judged.verdict === 'valid' && !a.hosts.includes(judged.code.host);
        found.push({
          verdict: untrusted ? 'untrusted_host' : judged.verdict === 'not_checked' ? judged.lacking : judged.verdict,
          elements: judged.code?.elements ?? null });
      }
      return found;"""
    asked = {"cases": vectors["cases"], "keys": keys, "hosts": vectors["hosts"], "now": now}
    found = call(blank, "verify/code.js", body, asked)
    for case, got in zip(vectors["cases"], found, strict=True):
        verdict = "unsupported_algorithm" if case.get("alg") == "SM2" else case["verdict"]
        assert got["verdict"] == verdict, case["name"]
        if verdict == "valid":
            assert got["elements"] == case["elements"], case["name"]


def test_codes_of_a_stolen_key_get_the_same_verdict(blank: Page) -> None:
    vectors = read("filters", "allow.json")
    body = """
      const trust = await import('/static/verify/trust.js');
      const { readFilterProof } = await import('/static/verify/filter.js');
      const list = await trust.openTrustList(a.trust_list, await trust.parseRoot(a.root));
      const found = [];
      for (const each of a.cases) {
        const proof = each.proof === null ? null : await readFilterProof(each.proof);
        const judged = await m.judgeCode(each.uri, list, Date.parse(each.now ?? a.now), proof);
        const untrusted = judged.verdict === 'valid' && !list.hosts.includes(judged.code.host);
        found.push(untrusted ? 'untrusted_host' : judged.verdict);
      }
      return found;"""
    found = call(blank, "verify/code.js", body, vectors)
    assert {case["name"]: verdict for case, verdict in zip(vectors["cases"], found, strict=True)} == {
        case["name"]: case["verdict"] for case in vectors["cases"]
    }


def test_malformed_proofs_of_registration(blank: Page) -> None:
    vectors = read("filters", "allow.json")
    body = """const { Malformed } = await import('/static/verify/text.js');
      return Promise.all(a.map((each) => m.readFilterProof(each.proof).then(() => 'read',
        (error) => (error instanceof Malformed ? 'malformed' : String(error)))));"""
    found = call(blank, "verify/filter.js", body, vectors["malformed_proofs"])
    assert found == ["malformed"] * len(vectors["malformed_proofs"])
    good = [{"proof": case["proof"]} for case in vectors["cases"] if case["proof"] is not None]
    assert set(call(blank, "verify/filter.js", body, good)) == {"read"}


def test_words_are_those_of_python(blank: Page) -> None:
    body = """return { names: m.NAMES, reasons: m.REASONS, one: m.checkWords({ name: 'line[2]', reason: '' }, 'zh') }"""
    words = call(blank, "verify/words.js", body)
    assert words["names"] == {key: {"zh": each.zh, "en": each.en} for key, each in NAMES.items()}
    assert words["reasons"] == {key: {"zh": each.zh, "en": each.en} for key, each in REASONS.items()}
    assert words["one"]["name"] == "记录涉及本件货物（第 3 条）"


def shown(browser: Browser, base: str, path: str, script: str = "") -> tuple[str, dict[str, tuple[str, str, str]]]:
    """Return the state of the page at `path`, and its lines: result, reason and text by name of check."""
    page = browser.new_page()
    said: list[str] = []
    foreign: list[str] = []
    page.on("console", lambda message: said.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: None if request.url.startswith(base) else foreign.append(request.url))
    if script:
        page.add_init_script(script)
    page.clock.set_fixed_time(NOW)
    page.goto(base + path)
    page.wait_for_selector("[data-proof-list][data-proof-state]")
    state = page.get_attribute("[data-proof-list]", "data-proof-state") or ""
    lines: dict[str, tuple[str, str, str]] = {}
    for line in page.query_selector_all("[data-proof-list] li[data-check]"):
        name, result = line.get_attribute("data-check") or "", line.get_attribute("data-result") or ""
        lines[name] = (result, line.get_attribute("data-reason") or "", line.text_content() or "")
    page.close()
    assert foreign == []
    assert said == [] or state == "unavailable", said
    return state, lines


def test_the_page_says_it_in_chinese(browser: Browser, base: str) -> None:
    state, lines = shown(browser, base, UNIT_PATH)
    assert state == "ok"
    assert lines["code_asked"][0] == "passed"
    assert lines["root"][:2] == ("not_checked", "root_not_pinned")
    assert "目前还没有独立见证" in lines["witnesses"][2]
    assert "未检查" in lines["complete"][2]
    assert "通过" in lines["signature[5]"][2]
    assert lines["page"][0] == "passed"
    assert len(lines) == 10 + 5 * 6 + 7


def test_the_page_says_it_in_english(browser: Browser, base: str) -> None:
    state, lines = shown(browser, base, f"/en{UNIT_PATH}")
    assert state == "ok"
    assert "no witness yet" in lines["witnesses"][2]
    assert not any("\u4e00" <= sign <= "\u9fff" for _, _, text in lines.values() for sign in text)


def test_a_tampered_answer_of_the_server_fails(browser: Browser, base: str) -> None:
    state, lines = shown(browser, base, f"/tampered{UNIT_PATH}")
    assert state == "failed"
    assert lines["facts"][:2] == ("failed", "facts_differ")
    assert lines["page"][:2] == ("not_checked", "page_not_compared")


def test_the_proof_of_another_box_fails(browser: Browser, base: str) -> None:
    state, lines = shown(browser, base, "/01/09506000134352/21/8QK4M2ZX9RT0")
    assert (state, lines["code_asked"][:2]) == ("failed", ("failed", "other_code"))


def test_a_proof_that_cannot_be_fetched(browser: Browser, base: str) -> None:
    state, lines = shown(browser, base, f"/missing{UNIT_PATH}")
    assert state == "unavailable"
    assert [line[:2] for line in lines.values()] == [("not_checked", "proof_not_fetched")]


_NO_P256 = NO_ED25519.replace("'Ed25519'", "'ECDSA'")
_NO_CRYPTO = "Object.defineProperty(Crypto.prototype, 'subtle', { get: () => undefined });"


def test_a_browser_without_ed25519_says_so(browser: Browser, base: str) -> None:
    state, lines = shown(browser, base, f"/en{UNIT_PATH}", NO_ED25519)
    assert state == "limited"
    assert lines["page"][:2] == ("not_checked", "page_not_compared"), "what rests on no signature is not told as signed"
    assert lines["trust_list"][:2] == lines["signature[0]"][:2] == ("not_checked", "browser_lacks_ed25519")
    assert lines["signature[3]"][0] == "passed"
    assert lines["certificate[0]"][1] == lines["code_signature"][1] == "no_trusted_list"
    assert lines["inclusion[0]"][0] == lines["facts"][0] == "passed"


def test_a_browser_without_p256_says_so(browser: Browser, base: str) -> None:
    state, lines = shown(browser, base, f"/en{UNIT_PATH}", _NO_P256)
    assert state == "limited"
    assert lines["signature[3]"][:2] == ("not_checked", "browser_lacks_es256")
    assert lines["certificate[3]"][0] == lines["trust_list"][0] == "passed"


def test_a_browser_without_webcrypto_says_so(browser: Browser, base: str) -> None:
    state, lines = shown(browser, base, f"/en{UNIT_PATH}", _NO_CRYPTO)
    assert state == "limited"
    assert lines["format"][0] == "passed"
    assert not any(result == "failed" for result, _, _ in lines.values())
    assert lines["root"][1] == lines["inclusion[0]"][1] == "browser_lacks_webcrypto"


def test_a_page_without_a_proof_is_left_alone(browser: Browser, base: str) -> None:
    page = browser.new_page()
    said: list[str] = []
    page.on("pageerror", lambda error: said.append(str(error)))
    page.goto(f"{base}/plain", wait_until="networkidle")
    assert said == []
    page.close()


def test_the_unit_of_an_address(blank: Page) -> None:
    paths = [UNIT_PATH, UNIT_PATH.lower(), "/zh" + UNIT_PATH, "/00/106141412345678908", "/verify", "/01/1/21/A", "/"]
    found = call(blank, "verify/code.js", "return a.map(m.unitOfPath)", paths)
    assert found[0] == found[2] == UNIT
    assert found[3] == "(00)106141412345678908"
    assert found[4:] == [None, None, None]
