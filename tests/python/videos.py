"""Small video files for tests; needs PyAV."""

import io
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray


def frame(number: int, height: int = 32, width: int = 48) -> NDArray[np.uint8]:
    """uint8 [H, W, 3] RGB: a grey that says which frame it is, with a red upper left corner."""
    image = np.full((height, width, 3), 4 * number, np.uint8)
    image[: height // 4, : width // 4] = (255, 0, 0)
    return image


def video(
    count: int, *, rate: int = 10, rotation: int = 0, container: str = "matroska", **size: int
) -> bytes:
    """`count` frames: each by itself and without loss (Matroska), or as MPEG-4 with a key frame
    every eight (mp4)."""
    import av

    lossless = container == "matroska"
    out = io.BytesIO()
    with av.open(out, "w", format=container) as file:
        stream: Any = file.add_stream("ffv1" if lossless else "mpeg4", rate=rate)
        first = frame(0, **size)
        stream.height, stream.width = first.shape[:2]
        stream.pix_fmt = "bgr0" if lossless else "yuv420p"
        stream.time_base = Fraction(1, rate)
        stream.codec_context.gop_size = 1 if lossless else 8
        if not lossless:
            stream.bit_rate = 4_000_000
        if rotation:
            stream.set_display_rotation(rotation)
        for number in range(count):
            picture = av.VideoFrame.from_ndarray(frame(number, **size), format="rgb24")
            picture.pts = number
            file.mux(stream.encode(picture))
        file.mux(stream.encode(None))
    return out.getvalue()
