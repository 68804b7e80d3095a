"""One colour per class id, the same in every picture."""

import colorsys
from functools import cache

Rgb = tuple[int, int, int]

# Steps of the golden ratio around the colour circle: neighbours in id are far apart in hue, however
# many classes there are. Three shades keep ids apart whose hues come close.
_GOLDEN_STEP = 0.6180339887498949
_FIRST_HUE = 0.585
_SHADES = ((0.78, 0.98), (0.60, 0.90), (0.86, 0.86))  # saturation, value


@cache
def class_color(class_id: int) -> Rgb:
    """Red, green, blue in 0..255 of a class."""
    hue = (_FIRST_HUE + class_id * _GOLDEN_STEP) % 1.0
    saturation, value = _SHADES[class_id % len(_SHADES)]
    red, green, blue = colorsys.hsv_to_rgb(hue, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def text_color(background: Rgb) -> Rgb:
    """Near-black or white, whichever stands out more (relative luminance, ITU-R BT.709)."""
    red, green, blue = ((channel / 255) ** 2.2 for channel in background)
    return (16, 16, 24) if 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.3 else (255, 255, 255)
