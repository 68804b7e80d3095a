"""Many images: sources of every kind, failures in their place, bounded memory, no thread left."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_model
from loopback_server import LoopbackServer, Served
from numpy.typing import NDArray
from pictures import encoded, photo, write_photo
from PIL import Image

import instseg.predictor
from instseg import EngineError, ImageError, InvalidArgument, Predictor, Result


@pytest.fixture(scope="module")
def predictor(tiny_model: Path) -> Predictor:
    return Predictor(tiny_model, num_threads=2, num_streams=2)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Five pictures of different sizes, and files that are none."""
    for i, name in enumerate(["a.png", "b.jpg", "sub/c.PNG", "sub/d.bmp", "z.tif"]):
        write_photo(tmp_path / "photos" / name, 40 + 7 * i, 60 + 5 * i, seed=i)
    (tmp_path / "photos" / "notes.txt").write_text("no picture")
    return tmp_path / "photos"


def names(results: Iterator[Result]) -> list[str]:
    return [result.source_name for result in results]


def fingerprint(result: Result) -> tuple[Any, ...]:
    rle = [entry["counts"] for entry in result.masks.rle()]
    return result.image_size, result.boxes.tobytes(), result.scores.tobytes(), rle


def decode_threads() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name.startswith("instseg-decode")]


def test_folder_pattern_path_and_list(predictor: Predictor, photos: Path) -> None:
    everything = ["a", "b", "c", "d", "z"]
    assert names(predictor.stream(photos)) == everything
    assert names(predictor.stream(str(photos))) == everything
    assert names(predictor.stream(f"{photos}/*.*g")) == ["a", "b"]
    assert names(predictor.stream(f"{photos}/**/*.[pP][nN][gG]")) == ["a", "c"]
    assert names(predictor.stream(photos / "sub" / "d.bmp")) == ["d"]
    assert names(predictor.stream([photos / "z.tif", photos / "sub"])) == ["z", "c", "d"]
    assert names(predictor.stream([])) == []


def test_any_mix_in_order(predictor: Predictor, photos: Path, server: LoopbackServer) -> None:
    server.files["/w.png"] = Served(encoded(photo(30, 40)))

    def generator() -> Iterator[Any]:
        yield Image.fromarray(photo(20, 30))
        yield [photos / "sub", encoded(photo(25, 35))]

    source = [photos / "a.png", generator(), f"{server.url}/w.png", np.zeros((9, 9), np.uint8)]
    results = list(predictor.stream(source, batch_size=3))
    assert [r.source_name for r in results] == [
        *("a", "image_00001", "c", "d", "image_00004", "w", "image_00006"),
    ]
    assert all(r.error is None for r in results)
    assert [r.source for r in results] == [
        str(photos / "a.png"),
        None,
        str(photos / "sub" / "c.PNG"),
        str(photos / "sub" / "d.bmp"),
        None,
        f"{server.url}/w.png",
        None,
    ]


@pytest.mark.parametrize("batch_size", [1, 2, 3, 50])
def test_results_equal_single_predictions(
    predictor: Predictor, photos: Path, batch_size: int
) -> None:
    options: dict[str, Any] = {"threshold": 0.3, "clip_masks": False, "max_detections": 7}
    results = list(predictor.stream(photos, batch_size=batch_size, **options))
    assert len(results) == 5
    for result in results:
        expected = predictor.predict(result.source, **options)
        assert fingerprint(result) == fingerprint(expected)
        assert len(result) == 7


def test_color_is_that_of_arrays(predictor: Predictor) -> None:
    flag = tiny_model.flag()
    [rgb] = predictor.stream([flag], color="rgb")
    [bgr] = predictor.stream([flag])
    assert set(rgb.labels) == {"red", "blue"}
    assert rgb.labels == [{"red": "blue", "blue": "red"}[label] for label in bgr.labels]


@pytest.mark.parametrize("batch_size", [1, 2, 4])
def test_a_failed_item_says_why_and_the_others_go_on(
    predictor: Predictor, photos: Path, batch_size: int
) -> None:
    truncated = photos / "b.jpg"
    truncated.write_bytes(truncated.read_bytes()[:-300])
    (photos / "sub" / "d.bmp").write_bytes(b"")
    source = [photos, "missing.png", photos / "*.gif", b"junk", np.zeros((4, 4)), None]
    results = list(predictor.stream(source, batch_size=batch_size))
    assert [(r.source_name, r.error is None) for r in results[:5]] == [
        ("a", True),
        ("b", False),
        ("c", True),
        ("d", False),
        ("z", True),
    ]
    words = {
        1: f"{truncated} is truncated",
        3: "zero bytes",
        5: "'missing.png' does not exist",
        6: "matches no file",
        7: "known format",
        8: "dtype float64",
        9: "NoneType",
    }
    assert len(results) == 10
    for position, text in words.items():
        failed = results[position]
        assert text in str(failed.error)
        assert len(failed) == 0
    assert isinstance(results[1].error, ImageError)
    assert results[1].source == str(truncated)


def test_a_folder_without_images_is_a_failed_item(predictor: Predictor, tmp_path: Path) -> None:
    [result] = predictor.stream(tmp_path)
    assert f"{tmp_path} holds no image" in str(result.error)


@pytest.mark.parametrize("batch_size", [1, 2])
def test_a_network_that_gives_nan_fails_each_item(tmp_path: Path, batch_size: int) -> None:
    broken = Predictor(tiny_model.write_network_folder(tmp_path / "broken", broken=True))
    results = list(broken.stream([photo(9, 9), photo(8, 8), photo(7, 7)], batch_size=batch_size))
    assert len(results) == 3
    assert all(isinstance(r.error, EngineError) and "gave nan" in str(r.error) for r in results)


def test_in_a_failed_batch_the_good_images_have_results(
    predictor: Predictor, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = predictor._core

    class FailsAtWidth7:
        """The engine gives up at one image, and so at every batch that holds it."""

        def predict(self, image: NDArray[np.uint8], **options: Any) -> Any:
            if image.shape[1] == 7:
                raise EngineError("width 7")
            return real.predict(image, **options)

        def predict_batch(self, images: list[NDArray[np.uint8]], **options: Any) -> Any:
            if any(image.shape[1] == 7 for image in images):
                raise EngineError("a batch with width 7")
            return real.predict_batch(images, **options)

    monkeypatch.setattr(predictor, "_core", FailsAtWidth7())
    source = [photo(20, width) for width in (6, 7, 8, 9)]
    results = list(predictor.stream(source, batch_size=4))
    assert [str(r.error) if r.error else r.image_size[1] for r in results] == [6, "width 7", 8, 9]


def test_an_endless_generator_is_read_a_little_ahead(predictor: Predictor) -> None:
    asked = 0

    def camera() -> Iterator[NDArray[np.uint8]]:
        nonlocal asked
        while True:
            asked += 1
            yield photo(20, 20)

    stream = predictor.stream(camera(), read_ahead=3)
    for taken in range(1, 30):
        next(stream)
        assert taken <= asked <= taken + 3
    stream.close()
    assert decode_threads() == []


def test_read_ahead_of_one_gives_each_result_before_the_next_frame(predictor: Predictor) -> None:
    events: list[str] = []

    def camera() -> Iterator[NDArray[np.uint8]]:
        for i in range(4):
            events.append(f"frame {i}")
            yield photo(20, 20)

    for i, _ in enumerate(predictor.stream(camera(), read_ahead=1)):
        events.append(f"result {i}")
    assert events == [f"{what} {i}" for i in range(4) for what in ("frame", "result")]


def test_decoded_images_wait_in_bounded_memory(
    predictor: Predictor, photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However far ahead may be read, no more is decoded than the byte limit and the threads."""
    lock = threading.Lock()
    decoded = 0
    real = Predictor._load

    def counting(self: Predictor, *arguments: Any) -> Any:
        nonlocal decoded
        loaded = real(self, *arguments)
        with lock:
            decoded += 1
        return loaded

    monkeypatch.setattr(Predictor, "_load", counting)
    path = photos / "a.png"
    monkeypatch.setattr(instseg.predictor, "READ_AHEAD_BYTES", 2 * 40 * 60 * 3)
    stream = predictor.stream([path] * 60, read_ahead=50)
    next(stream)
    time.sleep(0.3)  # the background would decode all 50 by now
    # One was taken, two fill the limit, and each of the two threads may have begun one before.
    assert decoded <= 1 + 2 + 2
    assert len(list(stream)) == 59


def test_closing_early_stops_the_threads(predictor: Predictor, photos: Path) -> None:
    before = threading.active_count()
    stream = predictor.stream([photos] * 20, read_ahead=10)
    next(stream)
    assert decode_threads() != []
    stream.close()
    assert decode_threads() == []
    assert threading.active_count() == before
    for result in predictor.stream([photos] * 20):
        assert result.error is None
        break  # the generator is dropped
    assert decode_threads() == []


def test_closing_does_not_wait_for_a_slow_server(
    predictor: Predictor, server: LoopbackServer, photos: Path
) -> None:
    server.files["/slow.png"] = Served(encoded(photo(60, 60)), drip_s=0.02)
    stream = predictor.stream([photos / "a.png", f"{server.url}/slow.png"])
    next(stream)
    start = time.monotonic()
    stream.close()
    assert time.monotonic() - start < 5  # the picture would take minutes to arrive
    assert decode_threads() == []


def test_an_error_in_the_callers_generator_comes_in_its_place(predictor: Predictor) -> None:
    def camera() -> Iterator[NDArray[np.uint8]]:
        yield photo(20, 20)
        yield photo(21, 21)
        raise OSError("the camera was unplugged")

    stream = predictor.stream(camera())
    assert next(stream).image_size == (20, 20)
    assert next(stream).image_size == (21, 21)
    with pytest.raises(OSError, match="unplugged"):
        next(stream)
    assert list(stream) == []
    assert decode_threads() == []


def test_a_mistake_in_the_consumers_loop_leaves_no_thread(
    predictor: Predictor, photos: Path
) -> None:
    def consume() -> None:
        for _ in predictor.stream([photos] * 5):
            raise KeyError("consumer")

    with pytest.raises(KeyError, match="consumer"):
        consume()
    assert decode_threads() == []


@pytest.mark.parametrize(
    "options", [{"batch_size": 0}, {"batch_size": 1.5}, {"read_ahead": 0}, {"read_ahead": "all"}]
)
def test_wrong_counts_are_refused_at_once(predictor: Predictor, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidArgument, match="expected an integer from 1"):
        predictor.stream([], **options)


def test_streams_at_the_same_time_do_not_disturb_each_other(
    predictor: Predictor, photos: Path
) -> None:
    expected = [fingerprint(predictor.predict(p)) for p in (photos / "a.png", photos / "z.tif")]
    streams = [predictor.stream([photos / "a.png", photos / "z.tif"] * 5) for _ in range(3)]
    for results in zip(*streams, strict=True):
        assert len({str(fingerprint(r)) for r in results}) == 1
        assert fingerprint(results[0]) in expected
