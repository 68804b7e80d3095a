"""What `--tile` and `--overlap` say."""

import re

from instseg.errors import InvalidArgument


def parse_tile(text: str | None) -> int | tuple[int, int] | None:
    """ "640" -> 640, "480x640" -> (480, 640). Raises InvalidArgument."""
    if text is None:
        return None
    match = re.fullmatch(r"\s*(\d{1,9})\s*(?:[xX,]\s*(\d{1,9})\s*)?", text)
    if match is None:
        raise InvalidArgument(
            f"--tile {text!r}; expected a side in pixels such as 640, or HEIGHTxWIDTH such as "
            "480x640."
        )
    first, second = match.groups()
    return int(first) if second is None else (int(first), int(second))


def parse_overlap(text: str) -> float:
    """ "128" -> 128 pixels (int), "0.2" -> a fraction (float). Raises InvalidArgument."""
    try:
        return int(text) if text.strip().isdecimal() else float(text)
    except ValueError:
        raise InvalidArgument(
            f"--overlap {text!r}; expected a fraction of the tile such as 0.2, or pixels such as "
            "128."
        ) from None
