"""Batches in this process and in others."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from written_coco import annotation, write_coco

from instseg.errors import ImageError, InstsegError, InvalidArgument
from instseg_train.data import Batch, CocoDataset, TrainLoader

MODEL, SIZE = "Mask-RT-DETR-S", (96, 96)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> CocoDataset:
    runs = {"size": [48, 64], "counts": [500, 60, 2512]}
    rows = [annotation(n, n) for n in range(1, 12)]
    rows += [annotation(n, 20 + n, segmentation=runs, category_id=2) for n in range(1, 6)]
    return CocoDataset(write_coco(tmp_path_factory.mktemp("coco"), rows, images=11), "train")


def loader(dataset: CocoDataset, **options: Any) -> TrainLoader:
    defaults = {"model": MODEL, "batch_size": 2, "input_size": SIZE, "num_workers": 0}
    return TrainLoader(dataset, **{**defaults, **options})


def flat(batch: Batch) -> list[Any]:
    """All that is in a batch, with its names and types, comparable by ==."""
    items: list[Any] = []
    for key, value in sorted(batch.items()):
        for item in value if isinstance(value, list) else [value]:
            array = np.asarray(item)
            items.append((key, array.dtype.str, array.shape, array.tobytes()))
    return items


def children() -> set[int]:
    """Processes that this one started and that live."""
    found = set()
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            try:
                fields = Path(f"/proc/{entry}/stat").read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[1]) == os.getpid() and fields[0] != "Z":
                found.add(int(entry))
    return found


@pytest.fixture(autouse=True)
def no_process_is_left() -> Iterator[None]:
    before = children()
    yield
    gc.collect()
    assert children() <= before


@pytest.mark.parametrize("workers", [1, 3])
def test_batches_do_not_depend_on_workers(dataset: CocoDataset, workers: int) -> None:
    with loader(dataset) as here, loader(dataset, num_workers=workers) as others:
        assert here.steps_per_epoch == 5
        for epoch in (0, 1):
            expected = [flat(batch) for batch in here.epoch(epoch)]
            assert [flat(batch) for batch in others.epoch(epoch)] == expected
            assert len(expected) == 5


def test_an_epoch_goes_on_where_it_was_left(dataset: CocoDataset) -> None:
    with loader(dataset) as whole, loader(dataset, num_workers=2) as resumed:
        expected = [flat(batch) for batch in whole.epoch(4)][3:]
        assert [flat(batch) for batch in resumed.epoch(4, start_step=3)] == expected


def test_epochs_and_seeds_differ(dataset: CocoDataset) -> None:
    first = flat(next(loader(dataset).epoch(0)))
    assert flat(next(loader(dataset).epoch(1))) != first
    assert flat(next(loader(dataset, seed=1).epoch(0))) != first
    assert flat(next(loader(dataset).epoch(0))) == first


def test_two_ranks_are_one_process_with_the_joined_batch(dataset: CocoDataset) -> None:
    """The random size of a batch, too."""
    parts = [loader(dataset, rank=rank, ranks=2) for rank in range(2)]
    joined = list(loader(dataset, batch_size=4).epoch(2))
    assert len(joined) == parts[0].steps_per_epoch == 2
    for left, right, both in zip(parts[0].epoch(2), parts[1].epoch(2), joined, strict=True):
        assert np.array_equal(np.concatenate([left["image"], right["image"]]), both["image"])
        for key in ("gt_bbox", "gt_class", "gt_segm"):
            pieces = chain(left[key], right[key])
            for piece, whole in zip(pieces, both[key], strict=True):
                assert np.array_equal(piece, whole)


def test_crowds_are_left_out(tmp_path: Path) -> None:
    rows = [annotation(1, 1), annotation(1, 2, iscrowd=1)]
    data = CocoDataset(write_coco(tmp_path, rows), "train")
    batch = next(loader(data, model="SOLOv2", input_size=(48, 64), batch_size=1).epoch(0))
    assert [len(boxes) for boxes in batch["gt_bbox"]] == [1]
    assert batch["is_crowd"][0].tolist() == [0]


@pytest.mark.parametrize("workers", [0, 2])
def test_a_bad_image_is_named(tmp_path: Path, workers: int) -> None:
    rows = [annotation(n, n) for n in range(1, 5)]
    data = CocoDataset(write_coco(tmp_path, rows, images=4), "train")
    (tmp_path / "images" / "003.png").write_bytes(b"nothing")
    with (
        loader(data, num_workers=workers) as batches,
        pytest.raises(ImageError, match=r"003\.png is not an image"),
    ):
        list(batches.epoch(0))


def test_other_failures_name_the_image_and_their_place(
    dataset: CocoDataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise ZeroDivisionError("a step failed")

    monkeypatch.setattr("instseg_train.data.transforms.flip.flip", fail)
    with pytest.raises(InstsegError, match=r"\d\.png cannot be .*a step failed(.|\n)*flip\.py"):
        list(loader(dataset).epoch(0))


def test_a_killed_worker_is_told(dataset: CocoDataset) -> None:
    before = children()
    with loader(dataset, num_workers=1) as batches:
        (worker,) = children() - before
        os.kill(worker, signal.SIGKILL)
        with pytest.raises(InstsegError, match=r"killed; if the machine ran out .*\.png, .*\.png"):
            list(batches.epoch(0))


def test_closing_ends_the_workers_at_once_and_may_be_repeated(dataset: CocoDataset) -> None:
    before = children()
    batches = loader(dataset, num_workers=2)
    epoch = batches.epoch(0)
    next(epoch)
    assert len(children() - before) == 2
    batches.close()
    batches.close()
    assert children() == before
    with contextlib.suppress(InstsegError):  # unless all its batches were there already
        list(epoch)
    with pytest.raises(InstsegError, match="closed"):
        next(batches.epoch(0))


def test_a_forgotten_loader_ends_its_workers(dataset: CocoDataset) -> None:
    before = children()
    batches = loader(dataset, num_workers=1)
    epoch = batches.epoch(0)
    next(epoch)
    del batches, epoch
    gc.collect()
    assert children() == before


def test_an_epoch_may_be_left_for_another(dataset: CocoDataset) -> None:
    with loader(dataset) as here, loader(dataset, num_workers=2) as others:
        next(others.epoch(0))
        expected = [flat(batch) for batch in here.epoch(1)]
        assert [flat(batch) for batch in others.epoch(1)] == expected


# Without a guard on __main__: workers must not run the program again. Paddle is imported here.
PROGRAM = """
import signal, sys, paddle
signal.signal(signal.SIGINT, signal.default_int_handler)  # which a job in the background lacks
from instseg_train.data import CocoDataset, TrainLoader
loader = TrainLoader(CocoDataset(sys.argv[1], "train"), model="SOLOv2", batch_size=1,
                     input_size=(48, 64), num_workers=2)
epoch = loader.epoch(0)
next(epoch)
print("begun", *(worker.process.pid for worker in loader._pool._workers), flush=True)
"""


def started(dataset: CocoDataset, tmp_path: Path, rest: str) -> tuple[Any, list[int]]:
    """The program, and the ids of its workers once it has a batch."""
    path = tmp_path / "program.py"
    path.write_text(PROGRAM + rest)
    program = subprocess.Popen(
        [sys.executable, "-W", "ignore", path, dataset.folder],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    begun, *workers = program.stdout.readline().split()  # type: ignore[union-attr]
    assert begun == "begun"
    return program, [int(worker) for worker in workers]


def wait_until_gone(processes: list[int]) -> None:
    deadline = time.monotonic() + 20
    while any(Path(f"/proc/{process}").exists() for process in processes):
        assert time.monotonic() < deadline, "workers are still there"
        time.sleep(0.02)


def test_workers_do_not_load_paddle(dataset: CocoDataset, tmp_path: Path) -> None:
    rest = """
for worker in loader._pool._workers:
    print("paddle" in open(f"/proc/{worker.process.pid}/maps").read())
"""
    program, workers = started(dataset, tmp_path, rest)
    with program:  # not communicate(): it would miss what came with the first line
        out, err = program.stdout.read(), program.stderr.read()
    assert (out.split(), err, program.returncode) == (["False", "False"], "", 0)
    wait_until_gone(workers)


@pytest.mark.parametrize("kind", [signal.SIGINT, signal.SIGKILL])
def test_workers_end_with_a_program_that_is_stopped(
    dataset: CocoDataset, tmp_path: Path, kind: signal.Signals
) -> None:
    program, workers = started(dataset, tmp_path, "import time\ntime.sleep(100)\n")
    program.send_signal(kind)
    _, err = program.communicate(timeout=60)
    assert program.returncode == -kind
    assert ("KeyboardInterrupt" in err) == (kind == signal.SIGINT)
    assert err.count("Traceback") == (kind == signal.SIGINT)
    wait_until_gone(workers)


def test_values_out_of_range(dataset: CocoDataset) -> None:
    with pytest.raises(InvalidArgument, match="num_workers is -1"):
        loader(dataset, num_workers=-1)
    with pytest.raises(InvalidArgument, match="start_step is 6"):
        loader(dataset).epoch(0, start_step=6)
