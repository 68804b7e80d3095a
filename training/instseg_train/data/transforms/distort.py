"""Random brightness, contrast, saturation and hue."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image, ImageEnhance

from instseg_train.data.sample import Sample

Picture = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class RandomDistort:
    """With this probability, the four changes in random order, each with probability `each`.

    strength  brightness, contrast and saturation are multiplied by 1 - strength to 1 + strength
    hue       turned by up to this many of 256 steps, either way
    """

    probability: float = 1.0
    each: float = 0.5
    strength: float = 0.5
    hue: float = 18.0

    def __call__(self, sample: Sample, random: np.random.Generator) -> Sample:
        if random.random() > self.probability:
            return sample
        image = sample.image
        by_factor = (brightness, contrast, saturation)
        for change in random.permutation(4):
            if random.random() >= self.each:
                continue
            if change == 3:
                image = turned_hue(image, random.uniform(-self.hue, self.hue))
            else:
                factor = random.uniform(1 - self.strength, 1 + self.strength)
                image = by_factor[change](image, factor)
        return replace(sample, image=image)


def brightness(image: Picture, factor: float) -> Picture:
    """uint8 [H, W, 3]; 0 is black, 1 leaves it. So do `contrast` (0: grey) and `saturation`."""
    return _enhanced(ImageEnhance.Brightness, image, factor)


def contrast(image: Picture, factor: float) -> Picture:
    return _enhanced(ImageEnhance.Contrast, image, factor)


def saturation(image: Picture, factor: float) -> Picture:
    return _enhanced(ImageEnhance.Color, image, factor)


def _enhanced(
    kind: Callable[[Image.Image], ImageEnhance._Enhance], image: Picture, factor: float
) -> Picture:
    return np.asarray(kind(Image.fromarray(image)).enhance(factor))


def turned_hue(image: Picture, steps: float) -> Picture:
    """The colour circle has 256 steps."""
    hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV_FULL)
    hsv[..., 0] += np.uint8(round(steps) % 256)
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB_FULL), np.uint8)
