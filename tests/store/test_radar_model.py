"""The bench judges a model of the radar in memory: a world that happens to it and to a real server is told the same."""

from coldtrace.cli.bench.radar import happen_to, run_model
from coldtrace.cli.bench.radar_world import KINDS, make_world
from coldtrace.db.migrate import upgrade

SEED = 7
KINDS_OF_MODEL = frozenset({"impossible_travel"})
"""Roads between two scans are no part of the model."""


def test_the_model_and_the_service_say_the_same_of_every_box_and_lot(empty_database_url: str) -> None:
    world = make_world(SEED, clean=1_500, clones=8, loud=2_000)
    upgrade(empty_database_url)
    service, model = happen_to(empty_database_url, SEED, world), run_model(SEED, world)
    by_looks = {box: why for box, why in service.suspected.items() if why not in KINDS_OF_MODEL}
    assert by_looks == model.suspected
    assert set(service.over_run) == set(model.over_run)
    found = {world.boxes[box].clone for box in by_looks}
    assert set(KINDS) <= found, "every kind of copy is told by both"
    assert service.over_run
