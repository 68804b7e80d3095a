"""A model on disk: its weights, and a card beside them that says which model they belong to."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import paddle
import yaml

from instseg.atomic_file import atomic_file
from instseg.errors import InvalidArgument, ModelError
from instseg_train.models.segmenter import Segmenter
from instseg_train.models.table import build_model
from instseg_train.weights.class_names import checked_class_names
from instseg_train.weights.loading import load_weights

WEIGHTS_SUFFIX, CARD_SUFFIX = ".pdparams", ".yml"


@dataclass(frozen=True)
class ModelCard:
    """What `build_model` and `export_model` need to know beside the weights.

    model         the official name
    class_names   in the order of the class ids
    input_size    the sides that images were resized to (`target_size`); None: the official ones
    from_scratch  and scale: as given to `build_model`
    """

    model: str
    class_names: Sequence[str]
    input_size: Sequence[int] | None = None
    from_scratch: bool = False
    scale: Mapping[str, float] = field(default_factory=dict)


def save_model(
    model: Segmenter,
    path: str | os.PathLike[str],
    *,
    class_names: Sequence[str],
    input_size: tuple[int, int] | None = None,
) -> Path:
    """Writes `path` (NAME.pdparams: the state dict) and NAME.yml (its card); returns `path`.

    Each file appears whole or not at all, the card first. Raises InvalidArgument: another suffix,
    class names that are not as many as the classes, different and not empty; OSError.
    """
    file = Path(path)
    if file.suffix != WEIGHTS_SUFFIX:
        raise InvalidArgument(f"{file} does not end in {WEIGHTS_SUFFIX}; weights are named so")
    card = ModelCard(
        model=model.name,
        class_names=checked_class_names(class_names, model.num_classes),
        input_size=None if input_size is None else list(input_size),
        from_scratch=model.from_scratch,
        scale=dict(model.scale),
    )
    text = yaml.safe_dump(asdict(card), sort_keys=False, allow_unicode=True)
    with atomic_file(file.with_suffix(CARD_SUFFIX)) as stream:
        stream.write(text.encode())
    weights = io.BytesIO()
    paddle.save(model.state_dict(), weights)
    with atomic_file(file) as stream:
        stream.write(weights.getbuffer())
    return file


def load_model(path: str | os.PathLike[str]) -> tuple[Segmenter, ModelCard]:
    """The model that `save_model` wrote, in training mode, with all of its weights, and its card.

    Raises ModelError: no such file, no card beside it, one that does not describe a model, weights
    that do not fit it.
    """
    file = Path(path)
    card = _read_card(file)
    model = build_model(
        card.model, len(card.class_names), from_scratch=card.from_scratch, **card.scale
    )
    load_weights(model, file, strict=True)
    return model, card


def _read_card(weights: Path) -> ModelCard:
    if not weights.is_file():
        raise ModelError(f"There is no file {weights}; give a {WEIGHTS_SUFFIX} file of save_model.")
    file = weights.with_suffix(CARD_SUFFIX)
    if not file.is_file():
        raise ModelError(
            f"Beside {weights} there is no {file.name} that says which model it is. For weights "
            "from elsewhere: build_model(name, num_classes), load_weights(model, file), and give "
            "the model."
        )
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ModelError(f"{file} is no YAML file: {error}.") from error
    problem = _problem_of(content)
    if problem:
        raise ModelError(f"{file} does not describe a model: {problem}.")
    return ModelCard(**content)


def _problem_of(content: Any) -> str | None:
    """Why this is no card; names of models and scales are `build_model`'s to judge."""
    if not isinstance(content, dict):
        return f"it holds a {type(content).__name__}, expected keys and values"
    known = [f.name for f in fields(ModelCard)]
    strange = [str(key) for key in content if key not in known]
    if strange:
        return f"{', '.join(strange)} is not among the keys {', '.join(known)}"
    names = content.get("class_names")
    size = content.get("input_size")
    scale = content.get("scale", {})
    if not isinstance(content.get("model"), str):
        return "model is not the name of one"
    if not isinstance(names, list) or not names or not all(isinstance(n, str) for n in names):
        return "class_names is not a list of names"
    if size is not None and not (
        isinstance(size, list) and len(size) == 2 and all(type(side) is int for side in size)
    ):
        return "input_size is not a list of two whole numbers"
    if not isinstance(content.get("from_scratch", False), bool):
        return "from_scratch is not true or false"
    if not isinstance(scale, dict) or not all(type(v) in (int, float) for v in scale.values()):
        return "scale does not give numbers by name"
    return None
