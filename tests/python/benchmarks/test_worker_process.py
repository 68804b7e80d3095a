import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from harness.worker_process import WorkerError, WorkerProcess

HERE = Path(__file__).parent
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(HERE.parents[2] / "benchmarks" / "workers")}


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[WorkerProcess]:
    with WorkerProcess(
        HERE / "fake_worker.py",
        python=Path(sys.executable),
        cores=[min(os.sched_getaffinity(0))],
        log_path=tmp_path / "worker.log",
        environment=ENVIRONMENT,
    ) as process:
        yield process


def load(worker: WorkerProcess, tmp_path: Path, **options: object) -> dict[str, object]:
    reply = worker.request(
        "load", timeout_s=30, name="A", journal=str(tmp_path / "journal"), **options
    )
    info: dict[str, object] = reply["info"]
    return info


def test_answers_come_through_whatever_the_library_prints(
    worker: WorkerProcess, tmp_path: Path
) -> None:
    assert load(worker, tmp_path)["cores"] == [min(os.sched_getaffinity(0))]
    reply = worker.request("predict", timeout_s=30, count=3, threshold=0.695)
    assert [sample["count"] for sample in reply["samples"]] == [30, 30, 30]
    assert len(reply["detections"]) == 30
    log = (tmp_path / "worker.log").read_text()
    assert "a library's chatter" in log
    assert "chatter below Python" in log


def test_total_covers_the_stages(worker: WorkerProcess, tmp_path: Path) -> None:
    load(worker, tmp_path, sleep_ms=20)
    [sample] = worker.request("predict", timeout_s=30, count=1, threshold=0.5)["samples"]
    assert sample["total_ms"] >= sample["stages_ms"]["network"] >= 20


def test_memory_is_that_of_the_worker(worker: WorkerProcess, tmp_path: Path) -> None:
    load(worker, tmp_path)
    worker.request("reset_peak", timeout_s=30)
    memory = worker.request("memory", timeout_s=30)
    assert 1e6 < memory["resident_bytes"] <= memory["peak_bytes"] < 1e9


def test_a_failed_command_is_an_error_and_the_worker_lives_on(
    worker: WorkerProcess, tmp_path: Path
) -> None:
    load(worker, tmp_path, fail_at=1)
    with pytest.raises(WorkerError, match="'predict' failed: RuntimeError: cannot predict"):
        worker.request("predict", timeout_s=30, count=1, threshold=0.5)
    worker.request("predict", timeout_s=30, count=1, threshold=0.5)
    with pytest.raises(WorkerError, match="unknown command 'dance'"):
        worker.request("dance", timeout_s=30)


def test_a_dead_worker_is_an_error_with_its_last_words(
    worker: WorkerProcess, tmp_path: Path
) -> None:
    load(worker, tmp_path, die_at=1)
    with pytest.raises(WorkerError, match=r"ended with status 3 during 'predict'(.|\n)*last words"):
        worker.request("predict", timeout_s=30, count=1, threshold=0.5)
    with pytest.raises(WorkerError, match="ended"):
        worker.request("predict", timeout_s=30, count=1, threshold=0.5)


def test_a_silent_worker_is_killed_after_its_time(worker: WorkerProcess, tmp_path: Path) -> None:
    load(worker, tmp_path, sleep_ms=60_000)
    start = time.monotonic()
    with pytest.raises(WorkerError, match=r"no answer to 'predict' within 0\.2 s"):
        worker.request("predict", timeout_s=0.2, count=1, threshold=0.5)
    worker.close()
    assert time.monotonic() - start < 10
