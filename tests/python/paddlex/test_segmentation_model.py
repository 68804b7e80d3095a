"""`predict` as PaddleX's: kinds of input, thresholds, batches, errors."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pictures import photo, write_photo
from PIL import Image

from instseg import ImageError, InvalidArgument, Predictor
from instseg.paddlex import SegmentationModel, SegmentationResult, create_model


@pytest.fixture(scope="module")
def model(tiny_model: Path) -> SegmentationModel:
    return create_model(tiny_model, engine_config={"cpu_threads": 1})


def counts(results: Any) -> list[int]:
    return [len(res["boxes"]) for res in results]


def test_a_generator_of_results_in_bgr(model: SegmentationModel, tiny_model: Path) -> None:
    results = model.predict(photo())
    assert isinstance(results, Generator)
    [res] = results
    assert isinstance(res, SegmentationResult)
    expected = Predictor(tiny_model, num_threads=1).predict(photo(), color="bgr")
    assert [box["coordinate"] for box in res["boxes"]] == expected.boxes.tolist()
    assert counts(model(photo())) == [len(expected)]


def test_kinds_of_input(model: SegmentationModel, tmp_path: Path) -> None:
    first = write_photo(tmp_path / "a.png")
    second = write_photo(tmp_path / "sub" / "b.jpg", seed=1)
    everything = [str(first), str(second)]
    for source in (
        str(tmp_path),
        [str(first), str(second)],
        (first, [second]),
        iter([first, second]),
    ):
        assert [res["input_path"] for res in model.predict(source)] == everything
    assert len(list(model.predict([photo(), {"img": photo()}]))) == 2
    assert len(list(model.predict({"img": photo()}))) == 1


def test_folders_are_searched_for_documents(model: SegmentationModel, tmp_path: Path) -> None:
    pytest.importorskip("pypdfium2", reason="pypdfium2 (extra pdf) is not installed")
    write_photo(tmp_path / "b.png")
    pages = [Image.fromarray(photo(seed=i)) for i in range(2)]
    pages[0].save(tmp_path / "a.pdf", save_all=True, append_images=pages[1:])
    found = [(Path(r["input_path"]).name, r["page_index"]) for r in model.predict(str(tmp_path))]
    assert found == [("a.pdf", 0), ("a.pdf", 1), ("b.png", None)]


def test_the_nearest_threshold_holds(tiny_model: Path) -> None:
    image = photo()
    predictor = Predictor(tiny_model, num_threads=1)
    own, low, high = (len(predictor.predict(image, threshold=t)) for t in (None, 0.7, 0.8))
    assert own > low > high > 0
    plain = create_model(tiny_model)
    strict = create_model(tiny_model, threshold=0.8)
    assert counts(plain.predict(image)) == [own]
    assert counts(strict.predict(image)) == [high]
    assert counts(strict.predict(image, threshold=0.7)) == [low]
    assert counts(strict.predict(image)) == [high]
    assert counts(create_model(tiny_model, threshold=0).predict(image, threshold=0.8)) == [high]


def test_a_batch_size_holds_for_its_call_alone(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = create_model(tiny_model, batch_size=2)
    seen = []
    stream = model.predictor.stream

    def watched(*args: Any, **options: Any) -> Any:
        seen.append(options["batch_size"])
        return stream(*args, **options)

    monkeypatch.setattr(model.predictor, "stream", watched)
    images = [photo(), photo(30, 90), photo(200, 20)]  # PaddleX cannot batch different sizes
    alone = [counts(model.predict(image))[0] for image in images]
    assert counts(model.predict(images, batch_size=3)) == alone
    assert counts(model.predict(images)) == alone
    assert seen == [2, 2, 2, 3, 2]


def test_a_bad_file_does_not_end_the_results(model: SegmentationModel, tmp_path: Path) -> None:
    good = write_photo(tmp_path / "good.png")
    (tmp_path / "bad.png").write_bytes(b"no picture")
    first, failed, missing, last = model.predict(
        [str(good), str(tmp_path / "bad.png"), str(tmp_path / "missing.png"), str(good)],
        batch_size=2,
    )
    assert first.error is last.error is None
    assert len(first["boxes"]) == len(last["boxes"]) > 0
    for res in (failed, missing):
        assert isinstance(res.error, ImageError)
        assert (res["boxes"], res["masks"], res["input_img"]) == ([], [], None)


def test_wrong_options_are_refused_at_once(model: SegmentationModel) -> None:
    with pytest.raises(InvalidArgument, match="batch_size=0"):
        model.predict(photo(), batch_size=0)
    with pytest.raises(InvalidArgument, match="threshold="):
        model.predict(photo(), threshold={0: 0.5})  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="img_size"):
        model.predict(photo(), img_size=640)  # type: ignore[call-arg]


def test_a_float_image_is_refused_and_not_scaled(model: SegmentationModel) -> None:
    [res] = model.predict(photo().astype(np.float32))
    assert "expected uint8 or uint16" in str(res.error)


def test_closing_early_closes_the_stream(model: SegmentationModel) -> None:
    results = model.predict([photo()] * 5)
    next(results)
    results.close()
    assert list(results) == []
