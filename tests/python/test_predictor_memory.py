"""Memory does not grow with the number of predictions."""

import gc
from pathlib import Path

import numpy as np
import pytest
import tiny_model
from pictures import photo

from instseg import Predictor

FLAG = tiny_model.flag()
PREDICTIONS = 2000
MAX_GROWTH_BYTES = 20 << 20
STATUS = Path("/proc/self/status")


def resident_bytes() -> int:
    gc.collect()
    [line] = [x for x in STATUS.read_text().splitlines() if x.startswith("VmRSS:")]
    return int(line.split()[1]) * 1024


@pytest.mark.skipif(not STATUS.exists(), reason="resident memory is read from Linux's /proc")
def test_2000_predictions_of_changing_sizes_grow_by_less_than_20_mb(tiny_model: Path) -> None:
    predictor = Predictor(tiny_model, num_threads=2)
    random = np.random.default_rng(0)
    large = photo(400, 600)
    sizes = [(int(random.integers(1, 401)), int(random.integers(1, 601))) for _ in range(50)]
    sizes += [(400, 600), (1, 600), (400, 1)]

    def predict(count: int) -> None:
        for i in range(count):
            height, width = sizes[i % len(sizes)]
            result = predictor.predict(large[:height, :width], threshold=0.2)
            result.masks.rle()
            if i % 10 == 0:
                result.masks.polygons()
                result.to_json()

    predict(200)  # every size has been seen: workspaces have their final size
    before = resident_bytes()
    predict(PREDICTIONS)
    assert resident_bytes() - before < MAX_GROWTH_BYTES


@pytest.mark.skipif(not STATUS.exists(), reason="resident memory is read from Linux's /proc")
def test_loading_and_dropping_predictors_gives_their_memory_back(tiny_model: Path) -> None:

    def load(count: int) -> None:
        for _ in range(count):
            Predictor(tiny_model, num_threads=2).predict(FLAG)

    load(5)
    before = resident_bytes()
    load(60)
    # A leaked predictor of the tiny model costs 0.8 MB (compiled network, threads).
    assert resident_bytes() - before < MAX_GROWTH_BYTES
