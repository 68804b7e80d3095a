"""Results for supervision and pandas; without these packages an error that names the extra."""

import sys

import numpy as np
import pytest
from results import HEIGHT, WIDTH, sample

from instseg import InstsegError, MissingPackage
from instseg.optional_package import require


def test_supervision() -> None:
    supervision = pytest.importorskip("supervision", reason="supervision is not installed")
    result = sample(4)
    detections = result.to_supervision()
    assert isinstance(detections, supervision.Detections)
    assert len(detections) == 4
    np.testing.assert_array_equal(detections.xyxy, result.boxes)
    np.testing.assert_array_equal(detections.mask, result.masks.bitmaps())
    np.testing.assert_array_equal(detections.confidence, result.scores)
    np.testing.assert_array_equal(detections.class_id, result.class_ids)
    assert detections.data["class_name"].tolist() == result.labels
    few = detections[detections.confidence > float(result.scores[2])]
    assert few.data["class_name"].tolist() == result.labels[:2]


def test_supervision_of_no_instances() -> None:
    pytest.importorskip("supervision", reason="supervision is not installed")
    detections = sample(0).to_supervision()
    assert len(detections) == 0
    assert detections.mask.shape == (0, HEIGHT, WIDTH)


def test_pandas() -> None:
    pandas = pytest.importorskip("pandas", reason="pandas is not installed")
    result = sample(4)
    table = result.to_pandas()
    assert {name: str(dtype) for name, dtype in table.dtypes.items()} == {
        "source": "string",
        "page_index": "Int64",
        "class_id": "int32",
        "label": "string",
        "score": "float32",
        **dict.fromkeys(["x1", "y1", "x2", "y2"], "float32"),
        "area": "int64",
        "centroid_x": "float32",
        "centroid_y": "float32",
    }
    assert table["label"].tolist() == result.labels
    np.testing.assert_array_equal(table[["x1", "y1", "x2", "y2"]], result.boxes)
    np.testing.assert_array_equal(table["area"], result.masks.areas())
    np.testing.assert_array_equal(table[["centroid_x", "centroid_y"]], result.centroids())
    assert table["source"].tolist() == ["a/b.png"] * 4
    assert table["page_index"].isna().all()
    assert sample(1, source=None).to_pandas()["source"].isna().all()
    pages = [sample(2, page_index=i).to_pandas() for i in range(3)]
    together = pandas.concat([*pages, sample(0).to_pandas()], ignore_index=True)
    assert together["page_index"].tolist() == [0, 0, 1, 1, 2, 2]


@pytest.mark.parametrize("package", ["supervision", "pandas"])
def test_without_the_package(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(MissingPackage, match=rf"pip install 'instseg\[{package}\]'") as caught:
        getattr(sample(1), f"to_{package}")()
    assert isinstance(caught.value, ImportError)
    assert isinstance(caught.value, InstsegError)


def test_a_package_that_is_there() -> None:
    assert require("json", extra="x", purpose="y").dumps(1) == "1"
