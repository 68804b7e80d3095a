"""`inference.yml` is what PaddleX writes."""

from __future__ import annotations

import pytest
import yaml
from parity.reference_data import parity_dir

from instseg_train.export.coco_classes import COCO_CLASSES
from instseg_train.export.inference_config import FAMILY_CONFIGS, inference_config
from instseg_train.models.table import MODELS


@pytest.mark.parametrize("name", MODELS)
def test_the_official_files_are_met(name: str) -> None:
    official = parity_dir().parent / "official" / name / "inference.yml"
    expected = yaml.safe_load(official.read_text(encoding="utf-8"))
    expected.pop("Hpi", None)  # for PaddleX's own high-performance mode
    family = MODELS[name].family
    ours = inference_config(name, family, COCO_CLASSES, FAMILY_CONFIGS[family].size)
    assert ours == expected
    assert list(ours) == list(expected)
