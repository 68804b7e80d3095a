"""Frames of a video file, decoded by FFmpeg through PyAV (extra `video`)."""

from __future__ import annotations

import io
from collections import deque
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from instseg.errors import ImageError
from instseg.image_arrays import Pixels, check_pixel_count
from instseg.optional_package import require
from instseg.pages.page import Page


class VideoFrames:
    """A PageReader: every frame of the first video stream, turned upright as the file says.

    A piece of the file that cannot be decoded counts as one frame.
    """

    def __init__(self, content: str | bytes, name: str, max_pixels: int) -> None:
        """Raises ImageError, MissingPackage."""
        self._av = require("av", extra="video", purpose=f"Reading the video {name}")
        self._name = name
        self._max_pixels = max_pixels
        self._position = 0
        self._ready: deque[Any] = deque()  # frames of the last packet
        try:
            file = io.BytesIO(content) if isinstance(content, bytes) else content
            self._container = self._av.open(file)
        except (self._av.FFmpegError, OSError, ValueError) as error:
            raise ImageError(f"{name} cannot be read as a video: {error}.") from error
        if not self._container.streams.video:
            self._container.close()
            raise ImageError(f"{name} holds no video.")
        self._stream = self._container.streams.video[0]
        self._packets: Iterator[Any] = self._container.demux(self._stream)

    def read(self) -> Page | None:
        try:
            while not self._ready:
                packet = next(self._packets, None)
                if packet is None:
                    return None
                self._ready.extend(packet.decode())
            frame = self._ready.popleft()
            return Page(self._pixels(frame), frame.time)
        except (self._av.FFmpegError, OSError, ValueError) as error:
            if isinstance(error, ImageError):
                raise
            name = f"Frame {self._position} of {self._name}"
            raise ImageError(f"{name} cannot be decoded: {error}.") from error
        finally:
            self._position += 1

    def seek(self, time_s: float) -> None:
        """Goes to the last key frame at or before this time, if the file allows it."""
        self._ready.clear()
        try:
            self._container.seek(int(time_s / self._stream.time_base), stream=self._stream)
        except (self._av.FFmpegError, OSError, ValueError):
            return
        self._packets = self._container.demux(self._stream)

    def close(self) -> None:
        self._ready.clear()
        self._container.close()

    def _pixels(self, frame: Any) -> Pixels:
        name = f"Frame {self._position} of {self._name}"
        check_pixel_count(frame.height, frame.width, self._max_pixels, name)
        return Pixels(_upright(frame.to_ndarray(format="bgr24"), frame.rotation), "bgr")


def _upright(array: NDArray[np.uint8], degrees: int) -> NDArray[np.uint8]:
    """degrees: how far the picture has to be turned counter-clockwise, as phones write it."""
    quarters = round(degrees / 90) % 4
    return array if quarters == 0 else np.ascontiguousarray(np.rot90(array, quarters))


def frame_again(
    content: str | bytes, name: str, max_pixels: int, position: int, time_s: float | None
) -> Page | None:
    """A frame that was read before: from the nearest key frame on, else from the start.

    time_s  its time then
    """
    if time_s is not None:
        reader = VideoFrames(content, name, max_pixels)
        try:
            reader.seek(time_s)
            while (page := _next_frame(reader)) is not None and page.time_s is not None:
                if page.time_s == time_s:
                    return page
                if page.time_s > time_s:
                    break  # the file's index is wrong
        finally:
            reader.close()
    reader = VideoFrames(content, name, max_pixels)
    try:
        for _ in range(position):
            try:
                reader.read()
            except ImageError:
                continue  # it had its position, too
        return reader.read()
    finally:
        reader.close()


def _next_frame(reader: VideoFrames) -> Page | None:
    """The next one that can be decoded."""
    while True:
        try:
            return reader.read()
        except ImageError:
            continue
