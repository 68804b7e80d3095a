"""A folder in the place of the package's demo model: other weights, another card, as quick."""

import json
import shutil
from pathlib import Path

TRAINED = Path(__file__).resolve().parents[1] / "e2e" / "trained" / "ppyoloe_seg"
CARD = {
    "model": "PP-YOLOE_seg-S",
    "recipe": "tests/e2e/trained/make.py",
    "training_pictures": 8,
    "held_out_pictures": 3,
    "mask_AP": 0.1234,
    "mask_AP50": 0.5,
    "box_AP": 0.25,
    "minutes": 1.5,
    "cpu_minutes": 2,
}


def write_stand_in(folder: Path) -> Path:
    """An official folder with a card; returns it."""
    folder.mkdir(parents=True)
    for suffix in ("yml", "json", "pdiparams"):
        shutil.copy(TRAINED / f"inference.{suffix}", folder)
    (folder / "model_card.json").write_text(json.dumps(CARD), encoding="utf-8")
    return folder
