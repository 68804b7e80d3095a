"""Frames of video files: order, times, rotation, damage, and reading one again."""

import io
from pathlib import Path

import numpy as np
import pytest
from videos import frame, video

from instseg import ImageError
from instseg.pages.page import Page
from instseg.pages.video_frames import VideoFrames, frame_again

av = pytest.importorskip("av", reason="PyAV (extra video) is not installed")
MAX = 10**8


def read_all(content: str | bytes) -> list[Page | ImageError]:
    reader = VideoFrames(content, "film.mkv", MAX)
    found: list[Page | ImageError] = []
    while True:
        try:
            page = reader.read()
        except ImageError as error:
            found.append(error)
            continue
        if page is None:
            reader.close()
            return found
        found.append(page)


def number_of(page: Page | ImageError) -> int:
    """Which frame it is: see videos.frame."""
    assert isinstance(page, Page)
    return round(float(page.pixels.rgb()[-8:, -8:].mean()) / 4)


def test_every_frame_in_order_with_its_time(tmp_path: Path) -> None:
    data = video(20)
    path = tmp_path / "film.mkv"
    path.write_bytes(data)
    for content in (data, str(path)):
        pages = read_all(content)
        assert len(pages) == 20
        for number, page in enumerate(pages):
            assert isinstance(page, Page)
            np.testing.assert_array_equal(page.pixels.rgb(), frame(number))
            assert page.time_s == pytest.approx(number / 10, abs=0.0006)  # Matroska: milliseconds


@pytest.mark.parametrize(
    ("rotation", "corner"), [(0, (0, 0)), (90, (1, 0)), (180, (1, 1)), (-90, (0, 1))]
)
def test_frames_are_turned_upright(rotation: int, corner: tuple[int, int]) -> None:
    """The corner that is red: (0, 0) stored; lower left after a quarter counter-clockwise."""
    [page] = read_all(video(1, rotation=rotation, container="mp4"))
    assert isinstance(page, Page)
    rgb = page.pixels.rgb().astype(int)
    assert rgb.shape[:2] == ((32, 48) if rotation in (0, 180) else (48, 32))
    red = rgb[-2 if corner[0] else 2, -2 if corner[1] else 2]
    assert red[0] > 180
    assert red[1] < 80


def test_a_damaged_piece_is_one_error_and_the_rest_is_read() -> None:
    data = bytearray(video(12, height=64, width=64))
    with av.open(io.BytesIO(bytes(data))) as file:
        packets = [bytes(packet) for packet in file.demux(video=0) if packet.size]
    place = bytes(data).index(packets[5])
    data[place : place + len(packets[5])] = b"\xff" * len(packets[5])
    pages = read_all(bytes(data))
    errors = [page for page in pages if isinstance(page, ImageError)]
    assert len(errors) == 1
    assert "of film.mkv cannot be decoded" in str(errors[0])
    assert isinstance(pages[5], ImageError)
    read = [number_of(page) for page in pages if isinstance(page, Page)]
    assert read == [0, 1, 2, 3, 4, 6, 7, 8, 9, 10, 11]


def test_what_is_no_video(tmp_path: Path) -> None:
    for content in (b"", b"no video at all" * 100, str(tmp_path / "missing.mp4")):
        with pytest.raises(ImageError, match=r"film\.mkv cannot be read as a video"):
            VideoFrames(content, "film.mkv", MAX)


def test_a_file_without_pictures() -> None:
    out = io.BytesIO()
    with av.open(out, "w", format="wav") as file:
        stream = file.add_stream("pcm_s16le", rate=8000, layout="mono")
        sound = av.AudioFrame.from_ndarray(np.zeros((1, 80), np.int16), layout="mono")
        sound.sample_rate = 8000
        file.mux(stream.encode(sound))
        file.mux(stream.encode(None))
    with pytest.raises(ImageError, match="holds no video"):
        VideoFrames(out.getvalue(), "sound.mp4", MAX)


def test_too_large_frames_are_refused() -> None:
    reader = VideoFrames(video(2), "film.mkv", 100)
    for number in range(2):
        with pytest.raises(ImageError, match=rf"Frame {number} of film\.mkv is too large"):
            reader.read()
    assert reader.read() is None
    reader.close()


@pytest.mark.parametrize("container", ["matroska", "mp4"])
def test_a_frame_is_read_again_by_its_time(container: str) -> None:
    data = video(30, container=container)
    pages = read_all(data)
    assert [number_of(page) for page in pages] == list(range(30))
    for position in (0, 7, 8, 19, 29):
        first = pages[position]
        assert isinstance(first, Page)
        for time_s in (first.time_s, None, 1234.5):  # None, or wrong: counted from the start
            again = frame_again(data, "film", MAX, position, time_s)
            assert again is not None
            np.testing.assert_array_equal(again.pixels.array, first.pixels.array)
    assert frame_again(data, "film", MAX, 30, None) is None
