"""Pictures of round things that overlap, with the exact mask of what is seen of each.

Two classes: `coin` (a raised rim and a relief, lit from one side, opaque) and `cell` (a wobbly
outline, a nucleus, soft edges). Light, background, blur and noise change from picture to picture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage

from instseg.errors import InvalidArgument
from instseg_train.dataset.clutter import draw_clutter

CLASSES: tuple[str, ...] = ("coin", "cell")
COIN, CELL = 0, 1

Plane = npt.NDArray[np.float32]
"""float32 [H, W]"""


@dataclass(frozen=True)
class SceneOptions:
    """height, width   of the picture, in pixels
    objects         fewest and most of them
    radius          smallest and largest, as parts of the shorter side
    least_visible   an object of which less than this part would be seen is not drawn

    Parts of the pictures, or of the coins, that are harder, nearer to real ones (0: none):

    alike           hold one class only, all of one metal
    rows            are laid out in rows and columns
    worn            coins without a clear rim, not quite round, with a coarse relief too
    clutter         have straight things and stripes behind the objects

    nuclei          least difference in brightness of a cell's nucleus; 0: may be none

    Raises InvalidArgument for ranges that are turned round and for values outside 0 to 1.
    """

    height: int = 320
    width: int = 320
    objects: tuple[int, int] = (3, 12)
    radius: tuple[float, float] = (0.06, 0.16)
    least_visible: float = 0.5
    alike: float = 0.0
    rows: float = 0.0
    worn: float = 0.0
    clutter: float = 0.0
    nuclei: float = 0.0

    def __post_init__(self) -> None:
        if min(self.height, self.width) < 16:
            raise InvalidArgument(
                f"the picture is {self.height} x {self.width}; give at least 16 pixels a side"
            )
        if not 0 <= self.objects[0] <= self.objects[1]:
            raise InvalidArgument(f"objects is {self.objects}; give the fewest, then the most")
        if not 0 < self.radius[0] <= self.radius[1] <= 1:
            raise InvalidArgument(f"radius is {self.radius}; give two parts of 1, smallest first")
        for name in ("least_visible", "alike", "rows", "worn", "clutter", "nuclei"):
            if not 0 <= getattr(self, name) <= 1:
                raise InvalidArgument(f"{name} is {getattr(self, name)}; give a part of 1")


@dataclass(frozen=True)
class Scene:
    """image uint8 [H, W, 3] RGB; masks bool [n, H, W], no pixel in two of them; class_ids [n]."""

    image: npt.NDArray[np.uint8]
    masks: npt.NDArray[np.bool_]
    class_ids: tuple[int, ...]


def draw_scene(random: np.random.Generator, options: SceneOptions) -> Scene:
    """One picture; the same generator state gives the same picture."""
    height, width = options.height, options.width
    canvas = _background(random, height, width)
    light = _direction(random)
    if _happens(random, options.clutter):
        draw_clutter(canvas, random)
    only = int(random.integers(len(CLASSES))) if _happens(random, options.alike) else None
    metal = None if only is None else _metal(random)
    layout = (_in_rows if _happens(random, options.rows) else _anywhere)(random, options)
    masks: list[npt.NDArray[np.bool_]] = []
    class_ids: list[int] = []
    for place in layout:
        class_id = int(random.integers(len(CLASSES))) if only is None else only
        worn = class_id == COIN and _happens(random, options.worn)
        wobble = 0.12 if class_id == CELL else 0.04 if worn else 0.015
        distance = _distance_to_outline(random, options, place(), wobble)
        mask = distance > 0
        if not _fits(mask, masks, options.least_visible):
            continue
        _cast_shadow(canvas, mask, light, random)
        if class_id == CELL:
            _paint_cell(canvas, distance, random, options.nuclei)
        else:
            _paint_coin(canvas, distance, light, random, worn=worn, metal=metal)
        for earlier in masks:
            earlier &= ~mask
        masks.append(mask)
        class_ids.append(class_id)
    image = _camera(canvas, random)
    stacked = np.stack(masks) if masks else np.zeros((0, height, width), np.bool_)
    return Scene(image, stacked, tuple(class_ids))


def smooth_noise(random: np.random.Generator, height: int, width: int, cells: float) -> Plane:
    """Clouds in about [-1, 1]; `cells` of them along the longer side."""
    scale = cells / max(height, width)
    size = (max(2, round(height * scale) + 1), max(2, round(width * scale) + 1))
    coarse = Image.fromarray(random.uniform(-1, 1, size).astype(np.float32))
    return np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC), np.float32)


def _background(random: np.random.Generator, height: int, width: int) -> npt.NDArray[np.float32]:
    """float32 [H, W, 3] in [0, 1]: a tone, a slope of light, clouds, and sometimes grain."""
    tone = random.uniform(0.1, 0.75) + random.uniform(-0.08, 0.08, 3)
    y, x = np.mgrid[-0.5 : 0.5 : height * 1j, -0.5 : 0.5 : width * 1j]
    slope = x * random.uniform(-0.35, 0.35) + y * random.uniform(-0.35, 0.35)
    clouds = random.uniform(0, 0.12) * smooth_noise(random, height, width, random.uniform(2, 12))
    grain = random.uniform(0, 0.08) * smooth_noise(random, height, width, max(height, width) / 2.5)
    plane: npt.NDArray[np.float32] = (tone + (slope + clouds + grain)[..., None]).astype(np.float32)
    return plane


def _direction(random: np.random.Generator) -> npt.NDArray[np.float32]:
    """Unit vector to the light: x, y, z, with z to the viewer."""
    angle, height = random.uniform(0, 2 * np.pi), random.uniform(0.5, 1.1)
    vector = np.array([np.cos(angle), np.sin(angle), height])
    unit: npt.NDArray[np.float32] = (vector / np.linalg.norm(vector)).astype(np.float32)
    return unit


Place = tuple[float, float, float]
"""Radius, and x and y of the centre, in pixels."""


def _happens(random: np.random.Generator, part: float) -> bool:
    """In this part of the cases; nothing is drawn from the generator where that is none."""
    return part > 0 and random.random() < part


def _anywhere(random: np.random.Generator, options: SceneOptions) -> list[Callable[[], Place]]:
    """For each object a function that draws its place."""
    height, width = options.height, options.width

    def place() -> Place:
        radius = random.uniform(*options.radius) * min(height, width)
        center_x = random.uniform(-0.3 * radius, width + 0.3 * radius)
        center_y = random.uniform(-0.3 * radius, height + 0.3 * radius)
        return radius, center_x, center_y

    return [place] * int(random.integers(options.objects[0], options.objects[1] + 1))


def _in_rows(random: np.random.Generator, options: SceneOptions) -> list[Callable[[], Place]]:
    """The same in rows and columns, some places empty, none quite in line."""
    most = max(2, int(np.sqrt(options.objects[1])))
    rows, columns = (int(n) for n in random.integers(2, most + 1, 2))
    step_y, step_x = options.height / rows, options.width / columns
    smallest, largest = (part * min(options.height, options.width) for part in options.radius)

    def place(row: int, column: int) -> Place:
        radius = random.uniform(0.3, 0.48) * min(step_x, step_y)
        slack = 0.5 * min(step_x, step_y) - radius
        center_x = (column + 0.5) * step_x + random.uniform(-slack, slack)
        center_y = (row + 0.5) * step_y + random.uniform(-slack, slack)
        return float(np.clip(radius, smallest, largest)), center_x, center_y

    cells = [(row, column) for row in range(rows) for column in range(columns)]
    return [partial(place, *cell) for cell in cells if random.random() > 0.1]


def _distance_to_outline(
    random: np.random.Generator, options: SceneOptions, place: Place, wobble: float
) -> Plane:
    """1 in the middle of the object, 0 on its outline, negative outside."""
    height, width = options.height, options.width
    radius, center_x, center_y = place
    tilt, squeeze = random.uniform(0, np.pi), random.uniform(0.8 if wobble > 0.05 else 0.94, 1.0)
    # Computed around the object; no outline reaches 1.4 radii, and beyond 1.6 nothing is painted.
    reach = 1.6 * radius + 2
    rows = slice(max(0, int(center_y - reach)), min(height, int(center_y + reach) + 1))
    columns = slice(max(0, int(center_x - reach)), min(width, int(center_x + reach) + 1))
    y, x = np.mgrid[rows, columns].astype(np.float32)
    dx, dy = x + 0.5 - center_x, y + 0.5 - center_y
    along = dx * np.cos(tilt) + dy * np.sin(tilt)
    across = (dy * np.cos(tilt) - dx * np.sin(tilt)) / squeeze
    angle = np.arctan2(across, along)
    outline = np.ones_like(angle)
    for waves in range(2, 6):
        phase = random.uniform(0, 2 * np.pi)
        outline += random.uniform(-wobble, wobble) / waves * 2 * np.cos(waves * angle + phase)
    distance = np.full((height, width), -1, np.float32)
    distance[rows, columns] = 1 - np.hypot(along, across) / (radius * outline)
    return distance


def _fits(
    mask: npt.NDArray[np.bool_], others: list[npt.NDArray[np.bool_]], least_visible: float
) -> bool:
    """Whether the object and all that it would cover stay visible enough."""
    area = np.count_nonzero(mask)
    if area < 60:
        return False
    for other in others:
        before = np.count_nonzero(other)
        covered = np.count_nonzero(other & mask)
        # What an earlier object has lost already counts too: touching is common, burying is not.
        if covered > (1 - least_visible) * min(before, area):
            return False
    return True


def _cast_shadow(
    canvas: npt.NDArray[np.float32],
    mask: npt.NDArray[np.bool_],
    light: npt.NDArray[np.float32],
    random: np.random.Generator,
) -> None:
    reach = random.uniform(0, 6)
    shifted = ndimage.shift(
        mask.astype(np.float32), (-light[1] * reach, -light[0] * reach), order=1
    )
    shade = ndimage.gaussian_filter(shifted, random.uniform(1.0, 3.5))
    canvas *= 1 - random.uniform(0.1, 0.55) * shade[..., None]


def _paint_coin(
    canvas: npt.NDArray[np.float32],
    distance: Plane,
    light: npt.NDArray[np.float32],
    random: np.random.Generator,
    *,
    worn: bool,
    metal: npt.NDArray[np.float64] | None,
) -> None:
    """A disc with a rim and a relief, shaded by the light (Lambert), with a touch of gloss. metal:
    its color [3]; None: any."""
    height, width = distance.shape
    area = np.count_nonzero(distance > 0)
    pixels = float(np.sqrt(area / np.pi))  # of its radius
    rim = random.uniform(0.05, 0.14)
    relief = smooth_noise(random, height, width, max(height, width) / random.uniform(4, 9))
    if worn:  # the figure that is left, a third to the whole of the radius in size
        feature = random.uniform(0.3, 1.0) * pixels
        figure = smooth_noise(random, height, width, max(height, width) / feature)
        relief = random.uniform(0.3, 1.0) * relief + random.uniform(1.0, 2.0) * figure
    profile = np.clip(distance / 0.04, 0, 1) - 0.5 * np.clip((distance - rim) / 0.05, 0, 1)
    if worn:
        profile = np.clip(distance / random.uniform(0.03, 0.15), 0, 1) * random.uniform(0.3, 1.0)
    inside = np.clip((distance - rim) / 0.1, 0, 1)
    surface = profile * random.uniform(1.0, 2.5) + relief * inside * random.uniform(0.3, 1.3)
    slope_y, slope_x = np.gradient(surface * min(3.0, 0.12 * pixels))
    lit = light[2] - (slope_x * light[0] + slope_y * light[1])
    lit = lit / np.sqrt(1 + slope_x**2 + slope_y**2)
    wear = 0.08 * smooth_noise(random, height, width, max(height, width) / 20)
    metal = _metal(random) if metal is None else metal + random.uniform(-0.1, 0.1)
    color = metal * (0.35 + 0.75 * np.clip(lit, 0, None) + wear)[..., None]
    color += 0.5 * np.clip(lit - 0.9, 0, None)[..., None]
    _blend(canvas, color, np.clip(distance * pixels + 0.5, 0, 1))


def _metal(random: np.random.Generator) -> npt.NDArray[np.float64]:
    tone: npt.NDArray[np.float64] = random.uniform(0.3, 0.85) + random.uniform(-0.03, 0.03, 3)
    return tone + _metal_tint(random)


def _metal_tint(random: np.random.Generator) -> npt.NDArray[np.float64]:
    """Grey, brass or copper."""
    tint = (np.zeros(3), np.array([0.10, 0.04, -0.10]), np.array([0.14, -0.02, -0.12]))
    return tint[int(random.integers(3))] * random.uniform(0, 1)


def _paint_cell(
    canvas: npt.NDArray[np.float32],
    distance: Plane,
    random: np.random.Generator,
    nuclei: float,
) -> None:
    """A soft body with a darker or brighter wall, granules and a nucleus."""
    height, width = distance.shape
    pixels = float(np.sqrt(np.count_nonzero(distance > 0) / np.pi))
    granules = smooth_noise(random, height, width, max(height, width) / random.uniform(5, 12))
    body = random.uniform(0.25, 0.9) + random.uniform(-0.25, 0.25, 3)
    shading = 1 + 0.1 * granules - random.uniform(-0.1, 0.35) * np.clip(1 - distance, 0, 1) ** 2
    wall = np.exp(-(((distance - 0.04) / 0.05) ** 2)) * random.uniform(-0.35, 0.35)
    nucleus_size = random.uniform(0.35, 0.6)
    offset = smooth_noise(random, height, width, max(height, width) / max(pixels, 1.0))
    nucleus = np.clip((distance - nucleus_size + 0.1 * offset) / 0.08, 0, 1)
    color = body * (shading + wall)[..., None]
    contrast = random.uniform(-0.35, 0.2)
    if nuclei > 0:
        contrast = random.choice((-1, 1)) * random.uniform(nuclei, nuclei + 0.2)
    color += (nucleus * contrast)[..., None]
    opacity = random.uniform(0.75, 1.0)
    _blend(canvas, color, opacity * np.clip(distance * pixels / random.uniform(1, 2) + 0.5, 0, 1))


def _blend(
    canvas: npt.NDArray[np.float32], color: npt.NDArray[Any], opacity: npt.NDArray[Any]
) -> None:
    canvas += opacity[..., None].astype(np.float32) * (color.astype(np.float32) - canvas)


def _camera(canvas: npt.NDArray[np.float32], random: np.random.Generator) -> npt.NDArray[np.uint8]:
    """Exposure, blur, noise; sometimes grey."""
    seen = np.clip(canvas, 0, 1) ** random.uniform(0.75, 1.35) * random.uniform(0.75, 1.15)
    if random.random() < 0.35:
        seen = np.repeat(seen.mean(2, keepdims=True), 3, 2)
    seen = ndimage.gaussian_filter(seen, (*[random.uniform(0.2, 1.2)] * 2, 0))
    seen = seen + random.normal(0, random.uniform(0.002, 0.035), seen.shape)
    levels: npt.NDArray[np.uint8] = (np.clip(seen, 0, 1) * 255 + 0.5).astype(np.uint8)
    return levels
