"""One predictor in many threads, next to other Python threads, and across processes."""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_model
from pictures import encoded, photo
from results import fingerprint

from instseg import EngineError, Predictor

FLAG = tiny_model.flag()
THREADS = 8
PREDICTIONS = 50


@pytest.mark.parametrize("num_streams", [1, 4])
def test_many_threads_get_the_bytes_of_serial_predictions(
    tiny_model: Path, num_streams: int
) -> None:
    images = [photo(20 + 37 * i, 200 - 11 * i, seed=i) for i in range(10)]
    predictor = Predictor(tiny_model, num_threads=4, num_streams=num_streams)
    thresholds = [0.5 + 0.05 * (i % 8) for i in range(PREDICTIONS)]
    expected = [
        fingerprint(predictor.predict(images[i % 10], threshold=thresholds[i]))
        for i in range(PREDICTIONS)
    ]
    assert len(set(expected)) > 20
    start = threading.Barrier(THREADS)

    def work(thread: int) -> list[tuple[Any, ...]]:
        """All predictions, each thread beginning elsewhere."""
        start.wait()
        results: list[Any] = [None] * PREDICTIONS
        for step in range(PREDICTIONS):
            i = (step + 7 * thread) % PREDICTIONS
            found = predictor.predict(images[i % 10], threshold=thresholds[i])
            results[i] = fingerprint(found)
        return results

    with ThreadPoolExecutor(THREADS) as pool:
        for results in pool.map(work, range(THREADS)):
            assert results == expected


def test_single_predictions_batches_and_streams_at_the_same_time(tiny_model: Path) -> None:
    predictor = Predictor(tiny_model, num_threads=2, num_streams=2)
    images = [photo(30 + i, 40 + i, seed=i) for i in range(6)]
    expected = [fingerprint(predictor.predict(image)) for image in images]

    def work(kind: int) -> None:
        for _ in range(10):
            if kind % 3 == 0:
                found = [predictor.predict(image) for image in images]
            elif kind % 3 == 1:
                found = predictor.predict_batch(images)
            else:
                found = list(predictor.stream(images, batch_size=2))
            assert [fingerprint(result) for result in found] == expected

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(work, range(6)))


def test_the_interpreter_goes_on_during_native_work(tiny_model: Path) -> None:
    """With the lock held, the other thread would get one turn per call, not hundreds."""
    predictor = Predictor(tiny_model, num_threads=1)
    large = np.tile(photo(250, 250), (16, 16, 1))
    data = encoded(large, "JPEG")
    for native_work in (
        lambda: predictor.predict(large, threshold=0, clip_masks=False),
        lambda: predictor.predict(data),
    ):
        turns: list[float] = []
        done = threading.Event()

        def other(turns: list[float] = turns, done: threading.Event = done) -> None:
            while not done.is_set():
                turns.append(time.perf_counter())
                time.sleep(0.0005)

        thread = threading.Thread(target=other)
        thread.start()
        native_work()  # warm
        begin = time.perf_counter()
        native_work()
        end = time.perf_counter()
        done.set()
        thread.join()
        during = [t for t in turns if begin < t < end]
        assert end - begin > 0.01
        assert len(during) >= 5


def child_exit(body: Any) -> int:
    """Forks; runs body() in the child with a time limit; its exit code (0 = body returned True)."""
    pid = os.fork()
    if pid == 0:
        try:
            os._exit(0 if body() else 1)
        except BaseException:
            os._exit(2)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.01)
    os.kill(pid, 9)
    os.waitpid(pid, 0)
    return -1


@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_after_a_fork_the_child_must_load_its_own(tiny_model: Path) -> None:
    held = {"predictor": Predictor(tiny_model, num_threads=2)}
    expected = fingerprint(held["predictor"].predict(FLAG))

    def refused() -> bool:
        actions = [
            lambda: held["predictor"].predict(FLAG),
            lambda: held["predictor"].predict_batch([FLAG]),
            lambda: held["predictor"].warm_up(),
        ]
        for act in actions:
            try:
                act()
                return False
            except EngineError as error:
                if f"{os.getppid()}" not in str(error) or "load one in each" not in str(error):
                    return False
        return held["predictor"].info()["model_name"] == "Tiny"

    def dropped() -> bool:
        del held["predictor"]  # must not wait for threads that are not there
        return True

    def loads_its_own() -> bool:
        return fingerprint(Predictor(tiny_model, num_threads=2).predict(FLAG)) == expected

    assert child_exit(refused) == 0
    assert child_exit(dropped) == 0
    assert child_exit(loads_its_own) == 0
    assert fingerprint(held["predictor"].predict(FLAG)) == expected
