from collections.abc import Mapping, Sequence
from typing import Any

import numpy
import numpy.typing

__version__: str

class Mask:
    @staticmethod
    def from_crop(
        image_height: int, image_width: int, x: int, y: int, crop: numpy.typing.NDArray[Any]
    ) -> Mask: ...
    @property
    def image_size(self) -> tuple[int, int]: ...
    @property
    def region(self) -> tuple[int, int, int, int]: ...
    def crop(self) -> numpy.typing.NDArray[numpy.bool_]: ...
    def bitmap(self) -> numpy.typing.NDArray[numpy.bool_]: ...
    def rle(self) -> str: ...
    def rle_counts(self) -> numpy.typing.NDArray[numpy.uint32]: ...
    def area(self) -> int: ...
    def polygons(self) -> list[list[numpy.typing.NDArray[numpy.int32]]]: ...

class Result:
    def __len__(self) -> int: ...
    @property
    def image_size(self) -> tuple[int, int]: ...
    @property
    def boxes(self) -> numpy.typing.NDArray[numpy.float32]: ...
    @property
    def scores(self) -> numpy.typing.NDArray[numpy.float32]: ...
    @property
    def class_ids(self) -> numpy.typing.NDArray[numpy.int32]: ...
    @property
    def masks(self) -> list[Mask]: ...
    def bitmaps(self) -> numpy.typing.NDArray[numpy.bool_]: ...
    @property
    def timings(self) -> dict[str, float]: ...

class Predictor:
    def __init__(
        self,
        network_folder: str,
        *,
        device: str = ...,
        engine: str = ...,
        precision: str = ...,
        num_threads: int = ...,
        num_streams: int = ...,
        cache_dir: str = ...,
        max_image_pixels: int = ...,
    ) -> None: ...
    def predict(
        self,
        image: numpy.typing.NDArray[numpy.uint8],
        *,
        color: str = ...,
        threshold: float | None = ...,
        max_detections: int | None = ...,
        class_ids: Sequence[int] | None = ...,
        clip_masks: bool = ...,
    ) -> Result: ...
    def predict_batch(
        self,
        images: Sequence[numpy.typing.NDArray[numpy.uint8]],
        *,
        colors: Sequence[str],
        threshold: float | None = ...,
        max_detections: int | None = ...,
        class_ids: Sequence[int] | None = ...,
        clip_masks: bool = ...,
    ) -> list[Result]: ...
    def warm_up(self) -> None: ...
    def info(self) -> dict[str, Any]: ...

def engines() -> list[dict[str, Any]]: ...
def cpu_isa() -> str: ...
def resize(
    image: numpy.typing.NDArray[numpy.uint8],
    height: int,
    width: int,
    *,
    interpolation: str = ...,
) -> numpy.typing.NDArray[numpy.uint8]: ...
def preprocess(
    image: numpy.typing.NDArray[numpy.uint8], *, color: str = ..., spec: Mapping[str, Any]
) -> numpy.typing.NDArray[numpy.float32]: ...
