"""The desk's pages of code runs: who may read them, and what they say while codes and labels are made."""

import httpx
import pytest
from sqlalchemy import text

from coldtrace.goods import print_store, printing, rolls, run_store
from coldtrace.goods.printing import BeginJob
from coldtrace.goods.rolls import NewRoll
from coldtrace.labels.refusals import NoLabels, PrinterStopped
from coldtrace.rights.model import EVERYTHING
from support.call_scene import Scene
from support.html_tree import read_page
from support.web_house import PAGE, WebHouse

RUNS = "/desk/runs"


@pytest.fixture(scope="module")
def scene(shared: WebHouse) -> Scene:
    return Scene.make(shared)


def read(web: WebHouse, path: str, lang: str = "en") -> httpx.Response:
    return web.client.get(path, headers=PAGE | {"Accept-Language": lang} | web.desk)


def run_of(scene: Scene) -> run_store.RunRecord:
    with scene.web.sessions() as session:
        run = run_store.run_of_consignment(session, scene.consignment.consignment_id)
    assert run is not None
    return run


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_list_names_every_run_with_its_numbers(scene: Scene, lang: str) -> None:
    run = run_of(scene)
    tree = read_page(read(scene.web, RUNS, lang).text)
    row = next(node for node in tree.having("data-run") if node.attributes["data-run"] == str(run.run_id))
    assert f"{run.drawn} / {run.wanted}" in row.text


def test_a_finished_run_says_so_and_stops_asking(scene: Scene) -> None:
    run = run_of(scene)
    page = read(scene.web, f"{RUNS}/{run.run_id}").text
    assert 'data-status="done"' in page
    assert 'http-equiv="refresh"' not in page
    assert f"{run.wanted} / {run.wanted}" in page


def test_a_run_that_is_being_drawn_shows_how_far_it_is_and_asks_again(scene: Scene) -> None:
    run = run_of(scene)
    with scene.web.sessions.begin() as session:
        session.execute(text("UPDATE code_run SET drawn = 2 WHERE run_id = :run"), {"run": run.run_id})
    page = read(scene.web, f"{RUNS}/{run.run_id}").text
    with scene.web.sessions.begin() as session:
        session.execute(text("UPDATE code_run SET drawn = wanted WHERE run_id = :run"), {"run": run.run_id})
    assert 'data-status="busy"' in page
    assert '<meta http-equiv="refresh" content="3">' in page
    assert f"2 / {run.wanted}" in page


def test_print_jobs_are_shown_with_what_stopped_them(scene: Scene) -> None:
    run = run_of(scene)
    with scene.web.sessions.begin() as session:
        job = printing.begin_job(
            session,
            scene.web.env,
            BeginJob(
                run_id=run.run_id,
                layout="100x100",
                format="zpl",
                dpi=203,
                target="dock1",
                requested_by="a test",
                scope=EVERYTHING,
            ),
        )
        printing.note_progress(session, scene.web.env, job.job_id, 3)
    page = read(scene.web, f"{RUNS}/{run.run_id}").text
    assert 'data-status="busy"' in page
    assert f"3 / {run.wanted}" in page
    assert "dock1" in page
    with scene.web.sessions.begin() as session:
        printing.end_job(session, scene.web.env, job.job_id, done=3, trouble="no answer <x>")
    page = read(scene.web, f"{RUNS}/{run.run_id}").text
    assert 'data-job="failed"' in page
    assert "no answer &lt;x&gt;" in page
    assert 'data-status="done"' in page


def test_a_job_of_which_nothing_is_heard_was_broken_off(scene: Scene) -> None:
    run = run_of(scene)
    with scene.web.sessions.begin() as session:
        begin = BeginJob(
            run_id=run.run_id,
            layout="a4",
            format="pdf",
            dpi=203,
            target="file:/secret/run.pdf",
            requested_by="a test",
            scope=EVERYTHING,
        )
        job = printing.begin_job(session, scene.web.env, begin)
        session.execute(
            text("UPDATE print_job SET updated_at = updated_at - interval '1 hour' WHERE job_id = :id"),
            {"id": job.job_id},
        )
    page = read(scene.web, f"{RUNS}/{run.run_id}").text
    assert 'data-status="done"' in page
    assert "run.pdf" in page
    assert "secret" not in page


def test_labels_can_be_downloaded_from_the_page(scene: Scene) -> None:
    run = run_of(scene)
    tree = read_page(read(scene.web, f"{RUNS}/{run.run_id}").text)
    links = [node.attributes["href"] for node in tree.having("download")]
    csv = next(link for link in links if "format=csv" in link)
    answer = read(scene.web, csv)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/csv")
    assert answer.text.count("https://") >= run.wanted
    assert scene.web.client.get(csv, headers=PAGE).status_code == 303, "led to the sign-in"


def test_a_roll_shows_its_numbers(scene: Scene) -> None:
    with scene.web.sessions.begin() as session:
        roll = rolls.new_roll(session, scene.web.env, NewRoll(station_gln=None, scope=EVERYTHING, count=4))
    page = read(scene.web, f"{RUNS}/{roll}").text
    assert "1-4" in page
    assert "No GTIN" in page
    assert "× 4" in page
    assert "无 GTIN" in read(scene.web, f"{RUNS}/{roll}", "zh").text
    assert "No GTIN" in read(scene.web, RUNS).text


@pytest.mark.parametrize(
    ("trouble", "zh", "en"),
    [
        ("printer_stopped", PrinterStopped.title.zh, PrinterStopped.title.en),
        ("no_labels", NoLabels.detail.zh, NoLabels.detail.en),
        ("KeyError", "意外中断", "Stopped by a fault"),
    ],
)
def test_what_stopped_a_job_is_a_sentence_in_the_language_of_the_page(
    scene: Scene, trouble: str, zh: str, en: str
) -> None:
    run = run_of(scene)
    begin = BeginJob(
        run_id=run.run_id,
        layout="a4",
        format="pdf",
        dpi=203,
        target=f"file:/{trouble}.pdf",
        requested_by="a test",
        scope=EVERYTHING,
    )
    with scene.web.sessions.begin() as session:
        job = printing.begin_job(session, scene.web.env, begin)
        printing.end_job(session, scene.web.env, job.job_id, done=3, trouble=trouble)
    for lang, sentence, sheet in (("zh", zh, "A4 纸"), ("en", en, "A4")):
        tree = read_page(read(scene.web, f"{RUNS}/{run.run_id}", lang).text)
        told = next(node.text for node in tree.having("data-job") if f"{trouble}.pdf" in node.text)
        assert sentence in told
        assert trouble in told, "the code, for whoever is asked for help"
        assert sheet in told
        assert "{" not in told
        assert "a4 mm" not in told


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_front_page_leads_to_the_desk(scene: Scene, lang: str) -> None:
    tree = read_page(read(scene.web, "/", lang).text)
    links = [node.attributes["href"] or "" for node in tree.having("href")]
    assert any(link.partition("?")[0] == "/desk" for link in links)


def test_an_unknown_run_is_not_found(scene: Scene) -> None:
    answer = read(scene.web, f"{RUNS}/0199f3c1-0000-7000-8000-000000000001")
    assert answer.status_code == 404


def test_reprints_are_counted(scene: Scene) -> None:
    run = run_of(scene)
    with scene.web.sessions() as session:
        assert print_store.count_reprints(session, run.run_id, EVERYTHING) == 0
