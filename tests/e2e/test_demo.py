"""The demo model of the package on a real photo, of which no pixel took part in its making."""

import numpy as np
import pytest

from instseg import Predictor, Result, demo_model
from instseg.cli.demo import MAX_OVERLAP
from instseg.demo.demo_model import demo_model_card
from instseg.demo.photos import PHOTOS

# A point (x, y) near the middle of each of the 24 coins, checked by eye: four rows of six.
CENTRES = [
    *((44, 54), (100, 56), (155, 51), (215, 51), (276, 52), (335, 44)),
    *((45, 124), (102, 126), (154, 127), (205, 124), (271, 119), (336, 124)),
    *((44, 197), (102, 196), (154, 198), (212, 193), (273, 193), (347, 187)),
    *((46, 260), (114, 266), (172, 261), (244, 263), (301, 263), (358, 268)),
]
COINS = len(CENTRES)


@pytest.fixture(scope="module")
def coins() -> Result:
    """As `instseg demo` shows them."""
    return Predictor(demo_model()).predict(PHOTOS["coins"]()).select(max_overlap=MAX_OVERLAP)


def test_the_coins_are_found(coins: Result) -> None:
    assert COINS - 2 <= len(coins) <= COINS + 2
    assert coins.labels.count("coin") >= COINS - 2


def test_what_is_found_are_the_coins(coins: Result) -> None:
    """Nearly every coin is in exactly one mask."""
    bitmaps = coins.masks.bitmaps()
    masks_at = [int(bitmaps[:, y, x].sum()) for x, y in CENTRES]
    assert masks_at.count(1) >= COINS - 2


def test_none_is_found_twice(coins: Result) -> None:
    """Of no class: a coin that is also a cell would be found twice."""
    flat = coins.masks.bitmaps().reshape(len(coins), -1).astype(np.float64)
    common = flat @ flat.T
    areas = flat.sum(axis=1)
    iou = common / (areas[:, None] + areas - common)
    np.fill_diagonal(iou, 0)
    assert len(iou) > 1
    assert iou.max() <= 0.5


def test_masks_are_inside_the_image_and_hold_the_most_of_a_box(coins: Result) -> None:
    height, width = coins.image_size
    assert (height, width) == (303, 384)
    assert len(coins) > 0
    for box, crop in zip(coins.boxes, coins.masks.crops(), strict=True):
        assert 0 <= crop.x <= crop.x + crop.bitmap.shape[1] <= width
        assert 0 <= crop.y <= crop.y + crop.bitmap.shape[0] <= height
        x1, y1, x2, y2 = box
        assert 0 <= x1 < x2 <= width
        assert 0 <= y1 < y2 <= height
        # A disc fills pi / 4 = 0.785 of its box.
        assert 0.6 < crop.bitmap.sum() / ((x2 - x1) * (y2 - y1)) < 1


def test_the_card_keeps_what_was_promised() -> None:
    card = demo_model_card()
    assert card.mask_AP >= 0.70
    assert card.held_out_pictures >= 100


def test_the_folder_is_small_and_whole() -> None:
    files = list(demo_model().iterdir())
    assert {file.name for file in files} == {
        *("inference.yml", "inference.json", "inference.pdiparams"),
        *("model_card.json", "training.yaml"),
    }
    assert sum(file.stat().st_size for file in files) <= 6_000_000
