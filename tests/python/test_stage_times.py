"""What is counted when a predictor is timed; not how fast anything is."""

from pathlib import Path

from pictures import write_photo

from instseg import Predictor
from instseg.stage_times import STAGES, measure_stages, summary


def test_every_prediction_counts_once(tiny_model: Path, tmp_path: Path) -> None:
    picture = write_photo(tmp_path / "a.jpg", 50, 70)
    ticks: list[int] = []
    times = measure_stages(
        Predictor(tiny_model), picture, runs=3, warmup=2, done=lambda: ticks.append(1)
    )
    assert len(ticks) == 5
    assert (times.image_size, times.instances > 0) == ((50, 70), True)
    assert tuple(times.stages_ms) == STAGES
    for row in times.stages_ms.values():
        assert 0 <= row["min"] <= row["median"] <= row["p90"] <= row["max"]
    parts = [times.stages_ms[stage]["min"] for stage in STAGES if stage != "total"]
    assert times.stages_ms["total"]["max"] >= sum(parts)


def test_summary_of_times() -> None:
    times = [float(ms) for ms in (5, 1, 2, 3, 4, 6, 7, 8, 9, 10)]
    assert summary(times) == {"median": 5.5, "p90": 9.0, "min": 1.0, "max": 10.0, "spread": 9 / 5.5}
    assert summary([3.0]) == {"median": 3.0, "p90": 3.0, "min": 3.0, "max": 3.0, "spread": 0.0}
    assert summary([0.0, 0.0])["spread"] == 0.0
