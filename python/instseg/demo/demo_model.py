"""The trained model inside the package, and what it reached."""

import json
from dataclasses import dataclass
from pathlib import Path

from instseg.errors import ModelError

FOLDER = Path(__file__).parent / "model"


@dataclass(frozen=True)
class ModelCard:
    """What `model_card.json` says of the demo model.

    model              the official model that it is a small variant of
    mask_AP, box_AP    COCO's AP in 0..1 on pictures held out, through the SDK
    training_pictures  drawn pictures that it was taught on; no photo
    held_out_pictures  drawn pictures that it was measured on
    recipe             the command that makes it again
    """

    model: str
    mask_AP: float
    box_AP: float
    training_pictures: int
    held_out_pictures: int
    recipe: str


def demo_model() -> Path:
    """The official folder of the small trained model that comes with instseg:

        predictor = instseg.Predictor(instseg.demo_model())

    Its classes are "coin" and "cell". `model_card.json` in it says what it reached,
    `training.yaml` how it was trained. Raises ModelError where the installation lacks it.
    """
    if not (FOLDER / "inference.yml").is_file():
        raise ModelError(
            f"This installation of instseg lacks its demo model ({FOLDER}). Install instseg again."
        )
    return FOLDER


def demo_model_card() -> ModelCard:
    """Raises ModelError where the installation lacks it, or it cannot be read."""
    path = demo_model() / "model_card.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        return ModelCard(
            **{name: kind(content[name]) for name, kind in ModelCard.__annotations__.items()}
        )
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise ModelError(f"{path} cannot be read: {error!r}. Install instseg again.") from error
