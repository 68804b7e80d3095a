import os
import sys
from pathlib import Path
from typing import Any

import pytest
from harness.contenders import Contender
from harness.measurement import Race
from harness.record import race_record
from harness.worker_process import WorkerError

HERE = Path(__file__).parent
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(HERE.parents[2] / "benchmarks" / "workers")}


@pytest.fixture
def race(tmp_path: Path) -> Any:
    with Race([min(os.sched_getaffinity(0))], tmp_path / "logs") as running:
        yield running


def contender(name: str, kind: str, journal: Path, **options: Any) -> Contender:
    return Contender(
        name=name,
        kind=kind,
        script=HERE / "fake_worker.py",
        python=Path(sys.executable),
        options={"name": name, "journal": str(journal), **options},
        environment=ENVIRONMENT,
        iterations=options.get("iterations", 2),
    )


def test_contenders_take_turns(race: Race, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    for name, iterations in (("A", 1), ("B", 2), ("C", 3)):
        race.start(contender(name, "instseg", journal, iterations=iterations))
    threshold, instances = race.reference_threshold()
    race.run(rounds=2, threshold=threshold, title="test")
    assert instances == len(race.measurements[0].detections or [])
    calibration, warm_up = "A", "AABBCCC"  # at least two each
    assert journal.read_text() == calibration + warm_up + "ABBCCC" * 2
    assert [len(m.totals_ms()) for m in race.measurements] == [2, 2, 2]
    assert all(0.74 < m.detections[-1]["score"] < 0.86 for m in race.measurements)


def test_a_failed_contender_drops_out_and_the_others_finish(race: Race, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    race.start(contender("A", "paddlex", journal, fail_at=0))
    race.start(contender("B", "paddlex", journal, die_at=5))
    race.start(contender("C", "instseg", journal))
    race.run(2, race.reference_threshold()[0], title="test")
    first, second, third = race.measurements
    assert "cannot load" in (first.error or "")
    assert "status 3" in (second.error or "")
    assert third.error is None
    assert len(third.rounds) == 2

    record = race_record("Mask-RT-DETR-L", race.measurements)
    assert ["total_ms" in c for c in record["contenders"]] == [False, False, True]
    assert record["end_to_end_ratios"] == []


def test_without_a_running_contender_there_is_no_threshold(race: Race, tmp_path: Path) -> None:
    race.start(contender("A", "paddlex", tmp_path / "journal", fail_at=0))
    with pytest.raises(WorkerError, match=r"no contender ran: (.|\n)*cannot load"):
        race.reference_threshold()


def test_ratio_of_two_sleepers(race: Race, tmp_path: Path) -> None:
    journal = tmp_path / "journal"
    race.start(contender("slow", "paddlex", journal, sleep_ms=120))
    race.start(contender("fast", "instseg", journal, sleep_ms=30))
    race.run(2, race.reference_threshold()[0], title="test")
    [ratio] = race_record("Mask-RT-DETR-L", race.measurements)["end_to_end_ratios"]
    assert ratio["refused"] is None
    assert 2 < ratio["ratio"] < 4.2  # 120 / 30; sleeps overrun on a busy CPU
    assert ratio["same_class_and_box"] == len(race.measurements[0].detections)
