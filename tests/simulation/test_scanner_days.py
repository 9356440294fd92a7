"""Days of coldscans at a real service: every statement ends as accepted or as a case, none is missing, and gaps and
forks are listed exactly; two runs of one seed are the same.  `make test`: 10 devices, 3 days; `make soak`: 40, 30.
"""

from pathlib import Path

from coldtrace.custody import rebuild
from support.databases import Databases
from support.scanner_days import ScannerDays
from support.web_house import web_house

SEED = 20261129


def days_of(databases: Databases, folder: Path, *, seed: int, scale: str) -> list[tuple[str, int, str, list[str]]]:
    """Live through the days, check how they ended, and return the story."""
    devices, days, acts = (40, 30, 200) if scale == "full" else (10, 3, 100)
    with web_house(databases, folder) as web:
        life = ScannerDays(web=web, folder=folder, seed=seed, devices=devices)
        for number in range(days):
            if number % 5 == 0:
                life.bring_goods(cartons=40, number=number)
            life.day(acts=acts)
            if number % 7 == 0:
                life.copy_one()
            if number % 7 == 1:
                life.break_one()
        life.finish()
        check(life)
        with web.sessions() as session:
            report = rebuild.check(session)
            session.rollback()
        assert report.ok, f"seed {seed}: {report.counts} {report.examples}"
        assert report.statements == len(life.ends()), f"seed {seed}"
        cases = sum(1 for kinds in life.ends().values() if kinds)
        happened = dict(sorted(life.happened.items()))
        print(f"counted: seed {seed}, {len(life.made())} statements, {len(life.lost)} lost, {cases} cases, {happened}")
        return life.story()


def check(life: ScannerDays) -> None:
    """Compare what the service has with what the devices made."""
    made, ends, seed = life.made(), life.ends(), f"seed {life.seed}"
    assert set(ends) == set(made) - life.lost, seed
    accepted = {id for id, kinds in ends.items() if not kinds}
    assert accepted, seed
    assert len(accepted) < len(ends), f"{seed}: no case at all in such days"
    for key, told in life.chains():
        arrived: dict[int, int] = {}
        for id, (whose, seq) in made.items():
            if whose == key and id not in life.lost:
                arrived[seq] = arrived.get(seq, 0) + 1
        last = max(arrived, default=0)
        missing = [seq for seq in range(1, last + 1) if seq not in arrived]
        assert told["last_seq"] == last, f"{seed}: {key}"
        assert numbers(told["missing"]) == missing, f"{seed}: {key}"
        forks = sorted(seq for seq, count in arrived.items() if count > 1)
        assert told["forks"] == forks, f"{seed}: {key}"
        life.happened["gaps"] += len(missing)
        life.happened["forks"] += len(forks)
    # Days in which there was nothing to find would prove nothing.
    assert life.happened["gaps"], seed
    assert life.happened["forks"], seed


def numbers(spans: object) -> list[int]:
    """Return the numbers of spans from and to."""
    assert isinstance(spans, list)
    return [number for first, last in spans for number in range(first, last + 1)]


def test_days_of_scanners_end_well_and_one_seed_tells_one_story(
    databases: Databases, tmp_path: Path, scale: str
) -> None:
    first, second = (days_of(databases, tmp_path / name, seed=SEED, scale=scale) for name in ("one", "two"))
    assert first == second
    assert first != days_of(databases, tmp_path / "three", seed=1, scale="small")
