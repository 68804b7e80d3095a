"""Weights are evaluated as the folder that they are exported to."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import paddle
import pytest

from instseg.errors import InvalidArgument, ModelError
from instseg_train import build_model, export_model, save_model
from instseg_train.dataset import SceneOptions, write_demo_dataset
from instseg_train.evaluate import Evaluation, evaluate, evaluate_folder

SMALL = {"width": 0.125, "depth": 0.34}
NAMES, SIZE = ["cell", "coin"], (96, 64)


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Untrained: it finds plenty, all of it wrong, and tells other weights from these."""
    paddle.seed(1)
    model = build_model("PP-YOLOE_seg-S", 2, **SMALL)
    file = tmp_path_factory.mktemp("weights") / "best.pdparams"
    return save_model(model, file, class_names=NAMES, input_size=SIZE)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_demo_dataset(
        tmp_path_factory.mktemp("data") / "coins",
        train_images=1,
        val_images=2,
        options=SceneOptions(height=90, width=70),
    )


@pytest.fixture(scope="module")
def exported(saved: Path) -> Path:
    export_model(saved, saved.parent / "inference", verify=False)
    return saved.parent / "inference"


@pytest.fixture(scope="module")
def expected(exported: Path, dataset: Path) -> Evaluation:
    return evaluate_folder(exported, dataset)


def assert_same(evaluation: Evaluation, expected: Evaluation) -> None:
    assert len(expected.detections) > 10
    assert list(evaluation.detections.coco_entries()) == list(expected.detections.coco_entries())
    np.testing.assert_equal(dict(evaluation["segm"].metrics), dict(expected["segm"].metrics))


def test_a_checkpoint_with_its_card(
    saved: Path,
    dataset: Path,
    expected: Evaluation,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    evaluation = evaluate(saved, dataset)
    assert list(tmp_path.iterdir()) == []
    assert_same(evaluation, expected)
    assert evaluation.run.model_folder == str(saved)


def test_weights_with_the_models_name(
    saved: Path, dataset: Path, expected: Evaluation, tmp_path: Path
) -> None:
    weights = tmp_path / "model.pdparams"
    shutil.copy(saved, weights)
    evaluation = evaluate(
        weights,
        dataset,
        model="PP-YOLOE_seg-S",
        class_names=NAMES,
        input_size=SIZE,
        scale=SMALL,
    )
    assert_same(evaluation, expected)
    with pytest.raises(ModelError, match=r"Beside .* there is no model\.yml"):
        evaluate(weights, dataset)


def test_without_names_those_of_the_data_set_are_taken(
    saved: Path, dataset: Path, expected: Evaluation
) -> None:
    """Training numbers classes by the order of the category ids: here coin, cell."""
    evaluation = evaluate(saved, dataset, model="PP-YOLOE_seg-S", input_size=SIZE, scale=SMALL)
    assert len(evaluation.detections) == len(expected.detections)
    swapped = {1: 2, 2: 1}
    ours, theirs = (e.detections.category_ids.tolist() for e in (evaluation, expected))
    assert ours == [swapped[category_id] for category_id in theirs]


def test_an_exported_folder(exported: Path, dataset: Path, expected: Evaluation) -> None:
    assert_same(evaluate(exported, dataset), expected)
    with pytest.raises(InvalidArgument, match="is a model folder"):
        evaluate(exported, dataset, model="PP-YOLOE_seg-S")


def test_weights_of_another_model_are_refused(saved: Path, dataset: Path, tmp_path: Path) -> None:
    """No figure of heads that were never loaded."""
    with pytest.raises(ModelError, match="does not fit the model"):
        evaluate(saved, dataset, model="PP-YOLOE_seg-S", class_names=["a", "b", "c"], scale=SMALL)
    with pytest.raises(ModelError, match="There is no file"):
        evaluate(tmp_path / "none.pdparams", dataset)


def test_faults_of_the_data_set_come_first(saved: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="there is no annotation file"):
        evaluate(tmp_path / "none.pdparams", tmp_path)
