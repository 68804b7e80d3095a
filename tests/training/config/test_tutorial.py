"""The tutorial's tables of keys are those of the schema."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from instseg_train.config.fields import is_section, known_fields
from instseg_train.config.override import parse_value
from instseg_train.config.paddlex_keys import IGNORED_KEYS

TUTORIAL = (Path(__file__).resolve().parents[3] / "docs" / "tutorial.md").read_text()
ROWS = dict(re.findall(r"^\| `((?:[A-Z]\w+)(?:\.\w+)+)` \| (.*?) \| ", TUTORIAL, re.MULTILINE))
KEYS = [key for key, field in known_fields().items() if not is_section(field)]
# Their defaults are the models' own, and told in words.
BY_MODEL = {
    "Global.model",
    "Train.batch_size",
    "Train.learning_rate",
    "Train.pretrain_weight_path",
    "Export.weight_path",
    "Predict.input",
}


def test_every_key_is_told_in_the_order_of_the_schema() -> None:
    assert [key for key in ROWS if key not in IGNORED_KEYS] == KEYS


@pytest.mark.parametrize("key", sorted(set(KEYS) - BY_MODEL))
def test_defaults(key: str) -> None:
    told: Any = parse_value(ROWS[key].strip("`"), key)
    assert told == known_fields()[key].default


@pytest.mark.parametrize("key", IGNORED_KEYS)
def test_ignored_keys_are_told(key: str) -> None:
    assert f"`{key}`" in TUTORIAL
