"""Predictions of one image: right by a NumPy twin, the options, what is in a result."""

import copy
import json
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tiny_model
import tiny_twin
from numpy.typing import NDArray
from pictures import photo, write_photo
from pycocotools import mask as coco

import instseg
from instseg import EngineError, InvalidArgument, Predictor, Result


@pytest.fixture(scope="module")
def predictor(tiny_model: Path) -> Predictor:
    return Predictor(tiny_model, num_threads=2)


def noise(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    """Coarse noise: every cell of the tiny model has a colour of its own."""
    return photo(height, width, seed)


def assert_equals_twin(
    result: Result, image: NDArray[np.uint8], threshold: float, clip: bool
) -> None:
    expected = tiny_twin.find(image, threshold)
    assert len(result) == len(expected)
    bitmaps = result.masks.bitmaps()
    for i, found in enumerate(expected):
        assert result.class_ids[i] == found.class_id
        # float32 against float64; a resized pixel may differ from OpenCV's by one level.
        assert result.scores[i] == pytest.approx(found.score, abs=1e-4)
        np.testing.assert_allclose(result.boxes[i], found.box, rtol=0, atol=1e-4)
        in_mask = found.mask_logits > 0
        if clip:
            in_mask &= found.inside
        # Where the logit is nearly 0, rounding decides.
        sure = np.abs(found.mask_logits) > 1e-4
        assert sure.mean() > 0.9
        np.testing.assert_array_equal(bitmaps[i][sure], in_mask[sure])


@pytest.mark.parametrize("clip", [True, False])
@pytest.mark.parametrize(
    ("height", "width"),
    [(64, 64), (48, 64), (97, 31), (333, 517), (1, 1), (1, 200), (2000, 3)],
)
def test_results_are_those_of_the_twin(
    predictor: Predictor, height: int, width: int, clip: bool
) -> None:
    image = noise(height, width, seed=height)
    result = predictor.predict(image, color="rgb", threshold=0.3, clip_masks=clip)
    assert_equals_twin(result, image, 0.3, clip)
    assert result.image_size == (height, width)


def test_the_fields_of_a_result(predictor: Predictor) -> None:
    result = predictor.predict(noise(60, 80), color="rgb")
    n = len(result)
    assert n > 3
    assert (result.boxes.dtype, result.boxes.shape) == (np.float32, (n, 4))
    assert (result.scores.dtype, result.scores.shape) == (np.float32, (n,))
    assert (result.class_ids.dtype, result.class_ids.shape) == (np.int32, (n,))
    assert (np.diff(result.scores) <= 0).all()
    assert result.labels == [tiny_model.CLASS_NAMES[i] for i in result.class_ids]
    assert result.masks.bitmaps().shape == (n, 60, 80)
    assert result.masks.bitmaps().dtype == bool
    np.testing.assert_array_equal(result.masks.areas(), result.masks.bitmaps().sum((1, 2)))
    for bitmap, rle in zip(result.masks.bitmaps(), result.masks.rle(), strict=True):
        np.testing.assert_array_equal(coco.decode(rle), bitmap)
    assert list(result.timings) == ["decode_ms", "preprocess_ms", "network_ms", "postprocess_ms"]
    assert all(ms >= 0 for ms in result.timings.values())
    assert (result.source, result.source_name, result.error) == (None, "image", None)
    assert result.model_name == tiny_model.MODEL_NAME


def test_a_result_of_a_file_knows_it_and_draws_on_it(predictor: Predictor, tmp_path: Path) -> None:
    path = write_photo(tmp_path / "my photo.png", 90, 120)
    result = predictor.predict(path)
    assert (result.source, result.source_name) == (str(path), "my photo")
    picture = result.plot()
    assert (picture.shape, picture.dtype) == ((90, 120, 3), np.uint8)
    np.testing.assert_array_equal(
        result.plot(boxes=False, masks=False, labels=False), photo(90, 120)
    )
    result.save(tmp_path / "out.jpg")
    result.save(tmp_path / "out.json")
    data = json.loads((tmp_path / "out.json").read_text())
    assert data["source"] == str(path)
    assert len(data["instances"]) == len(result)


def test_threshold_keeps_what_is_above(predictor: Predictor) -> None:
    image = noise(64, 64)
    everything = predictor.predict(image, threshold=0)
    assert len(everything) == tiny_twin.TOP_K
    for threshold in (0.5, float(everything.scores[3]), 1.0):
        kept = predictor.predict(image, threshold=threshold)
        assert kept.scores.tolist() == [s for s in everything.scores.tolist() if s > threshold]


def test_without_threshold_the_models_own_holds(predictor: Predictor) -> None:
    image = tiny_model.flag()
    assert predictor.info()["threshold"] == 0.5
    own = predictor.predict(image)
    np.testing.assert_array_equal(own.boxes, predictor.predict(image, threshold=0.5).boxes)
    assert 0 < len(own) < tiny_twin.TOP_K


def test_max_detections_keeps_the_best(predictor: Predictor) -> None:
    image = noise(64, 64)
    everything = predictor.predict(image, threshold=0)
    for most in (1, 5, 100):
        kept = predictor.predict(image, threshold=0, max_detections=most)
        np.testing.assert_array_equal(kept.boxes, everything.boxes[:most])
        assert kept.masks.rle() == everything.masks.rle()[:most]


def test_classes_by_name_and_id(predictor: Predictor) -> None:
    image = noise(64, 64)
    everything = predictor.predict(image, threshold=0)
    wanted = [i for i, label in enumerate(everything.labels) if label in ("red", "blue")]
    for classes in (["red", "blue"], [2, 0], ("blue", 0), {"red", "blue"}):
        kept = predictor.predict(image, threshold=0, classes=classes)
        np.testing.assert_array_equal(kept.boxes, everything.boxes[wanted])
        assert kept.masks.rle() == [everything.masks.rle()[i] for i in wanted]
    assert set(predictor.predict(image, threshold=0, classes="green").labels) == {"green"}


def test_max_detections_counts_the_wanted_classes_only(predictor: Predictor) -> None:
    image = noise(64, 64)
    green = predictor.predict(image, threshold=0, classes="green")
    assert len(green) > 2
    kept = predictor.predict(image, threshold=0, classes="green", max_detections=2)
    np.testing.assert_array_equal(kept.boxes, green.boxes[:2])


def test_nothing_found_is_an_empty_result(predictor: Predictor, tmp_path: Path) -> None:
    black = np.zeros((50, 70, 3), np.uint8)
    result = predictor.predict(black)
    assert (len(result), result.error, bool(result)) == (0, None, True)
    assert result.boxes.shape == (0, 4)
    assert result.masks.bitmaps().shape == (0, 50, 70)
    assert result.masks.rle() == result.masks.polygons() == result.masks.crops() == []
    assert result.masks.areas().shape == (0,)
    assert json.loads(result.to_json())["instances"] == []
    np.testing.assert_array_equal(result.plot(), black)
    result.save(tmp_path / "black.png")


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"threshold": 1.5}, "threshold=1.5 is out of range"),
        ({"threshold": "0.5"}, "is of type str"),
        ({"max_detections": 0}, "max_detections=0; expected an integer from 1"),
        ({"classes": ["gren"]}, "Did you mean 'green'"),
        ({"classes": [3]}, "the model's are 0 to 2"),
        ({"classes": []}, "classes is empty"),
        ({"clip_masks": 1}, "clip_masks=1; expected True or False"),
        ({"color": "hsv"}, "color='hsv' is unknown"),
    ],
)
def test_wrong_options_are_refused_by_every_method(
    predictor: Predictor, options: dict[str, Any], words: str
) -> None:
    image = noise(64, 64)
    with pytest.raises(InvalidArgument, match=words):
        predictor.predict(image, **options)
    with pytest.raises(InvalidArgument, match=words):
        predictor.predict_batch([image], **options)
    with pytest.raises(InvalidArgument, match=words):  # at once, before anything is read
        predictor.stream([image], **options)


def test_options_are_by_keyword_only(predictor: Predictor) -> None:
    with pytest.raises(TypeError, match="positional"):
        predictor.predict(noise(64, 64), 0.5)  # type: ignore[misc]


def test_a_network_that_gives_nan_is_an_engine_error(tmp_path: Path) -> None:
    broken = tiny_model.write_network_folder(tmp_path / "broken", broken=True)
    predictor = Predictor(broken)
    with pytest.raises(EngineError, match=r"Tiny gave nan in its output 'boxes_cxcywh'.*fp32"):
        predictor.predict(noise(64, 64))
    with pytest.raises(EngineError, match="Tiny gave nan"):
        predictor.predict_batch([noise(64, 64), noise(30, 40)])


def test_warm_up_and_info(predictor: Predictor, tiny_model: Path) -> None:
    predictor.warm_up()
    info = predictor.info()
    assert info["model_name"] == "Tiny"
    assert info["family"] == "mask_rtdetr"
    assert info["class_names"] == predictor.class_names == ["red", "green", "blue"]
    assert info["engine"].startswith("openvino ")
    assert (info["device"], info["precision"]) == ("cpu", "fp32")
    assert (info["num_threads"], info["num_streams"]) == (2, 1)
    assert info["network_folder"] == str(tiny_model)
    assert info["max_image_pixels"] == 178_956_970
    [network] = info["networks"]
    assert network["role"] == "main"
    assert network["file"] == str(tiny_model / "network.onnx")
    assert network["inputs"] == [{"name": "image", "meaning": "image", "shape": [-1, 3, 64, 64]}]
    assert [o["meaning"] for o in network["outputs"]] == [
        "boxes_cxcywh",
        "class_logits",
        "mask_coefficients",
        "mask_prototypes",
    ]
    assert network["layer_types"].keys() == {"fp32"}
    assert network["layer_types"]["fp32"] >= 1
    json.dumps(info)
    info["class_names"].clear()  # the caller's own
    assert predictor.info()["class_names"] == ["red", "green", "blue"]


def test_the_pixel_limit_is_the_callers(tiny_model: Path) -> None:
    small = Predictor(tiny_model, max_image_pixels=100)
    assert len(small.predict(np.full((10, 10, 3), 255, np.uint8))) > 0
    with pytest.raises(instseg.ImageError, match=r"11 x 10 = 110 pixels, the limit is 100"):
        small.predict(np.zeros((10, 11, 3), np.uint8))


def test_a_predictor_cannot_be_pickled_and_says_what_to_do(
    predictor: Predictor, tiny_model: Path
) -> None:
    for act in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match=r"cannot be pickled.*Load one in each process") as e:
            act(predictor)
        assert str(tiny_model) in str(e.value)


def test_a_result_can_be_pickled(predictor: Predictor) -> None:
    image = noise(45, 130)
    result = predictor.predict(image, color="rgb", threshold=0.2)
    other = pickle.loads(pickle.dumps(result))
    assert other.to_json() == result.to_json()
    assert list(other.masks) == list(result.masks)
    np.testing.assert_array_equal(other.plot(image[..., ::-1]), result.plot())
    with pytest.raises(InvalidArgument, match=r"does not know its image; give plot\(image="):
        other.plot()


def test_repr_names_model_engine_and_precision(predictor: Predictor) -> None:
    assert repr(predictor).startswith("Predictor('Tiny', openvino ")
    assert repr(predictor).endswith(", fp32)")
