"""Images that are arrays of other libraries: in memory of the CPU, and on a GPU."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gpu_arrays import CPU, CUDA, CUDA_MANAGED, ROCM, GpuArray, is_used
from numpy.typing import NDArray
from pictures import photo

from instseg import InvalidArgument, Predictor, Result
from instseg.dlpack_images import gpu_pixels, host_array, lies_on_gpu

RGB = photo(70, 110, seed=4)
KINDS = pytest.mark.parametrize("versioned", [True, False], ids=["versioned", "unversioned"])


@pytest.fixture(scope="module")
def predictor(tiny_model: Path) -> Predictor:
    return Predictor(tiny_model, num_threads=2)


class Core:
    """Stands in for a core whose engine computes on a GPU: answers with another's results."""

    def __init__(self, core: Any, image: NDArray[np.uint8]) -> None:
        self._core = core
        self._image = image
        self.calls: list[tuple[Any, dict[str, Any]]] = []

    def predict_dlpack(self, capsule: Any, **options: Any) -> Any:
        self.calls.append((capsule, options))
        return self._core.predict(self._image, **options)

    def predict(self, image: Any, **options: Any) -> Any:
        return self._core.predict(image, **options)

    def predict_batch(self, images: Any, **options: Any) -> Any:
        return self._core.predict_batch(images, **options)


@pytest.fixture
def on_gpu(tiny_model: Path) -> tuple[Predictor, Core]:
    predictor = Predictor(tiny_model, num_threads=2)
    core = Core(predictor._core, RGB)
    predictor._core = core  # type: ignore[assignment]
    return predictor, core


def assert_same(result: Result, expected: Result) -> None:
    assert len(result) == len(expected) > 0
    np.testing.assert_array_equal(result.boxes, expected.boxes)
    np.testing.assert_array_equal(result.scores, expected.scores)
    assert result.masks.rle() == expected.masks.rle()


class HostArray:
    """An array of another library in memory of the CPU."""

    def __init__(self, array: NDArray[Any]) -> None:
        self._array = array

    def __iter__(self) -> Any:
        return iter(self._array)

    @property
    def ndim(self) -> int:
        return self._array.ndim

    @property
    def shape(self) -> tuple[int, ...]:
        return self._array.shape

    def __dlpack_device__(self) -> tuple[int, int]:
        return self._array.__dlpack_device__()

    def __dlpack__(self, **options: Any) -> Any:
        return self._array.__dlpack__(**options)


def test_arrays_of_the_cpu(predictor: Predictor) -> None:
    expected = predictor.predict(RGB, color="rgb")
    assert_same(predictor.predict(HostArray(RGB), color="rgb"), expected)
    assert_same(predictor.predict(HostArray(RGB[..., ::-1])), expected)
    grey = predictor.predict(RGB[..., 0])
    assert_same(predictor.predict(HostArray(RGB[..., 0])), grey)
    [one, other] = predictor.predict_batch([HostArray(RGB), RGB], color="rgb")
    assert_same(one, expected)
    assert_same(other, expected)
    # One image, though it can be iterated.
    [streamed] = predictor.stream(HostArray(RGB), color="rgb")
    assert_same(streamed, expected)
    np.testing.assert_array_equal(streamed.plot(), predictor.predict(RGB, color="rgb").plot())


def test_arrays_of_the_cpu_that_are_no_images(predictor: Predictor) -> None:
    with pytest.raises(InvalidArgument, match=r"dtype float32 and shape \[2, 3\] is no image"):
        predictor.predict(HostArray(np.zeros((2, 3), np.float32)))
    with pytest.raises(InvalidArgument, match=r"an array of shape \[70, 110, 3\] is one image"):
        predictor.predict_batch(HostArray(RGB))


def test_a_library_that_refuses(predictor: Predictor) -> None:
    class Refusing(HostArray):
        def __dlpack__(self, **options: Any) -> Any:
            raise BufferError("needs a copy")

    class WithoutDevice(HostArray):
        def __dlpack_device__(self) -> tuple[int, int]:
            raise RuntimeError("was deleted")

    with pytest.raises(InvalidArgument, match=r"Refusing cannot be read by DLPack: BufferError: n"):
        predictor.predict(Refusing(RGB))
    with pytest.raises(InvalidArgument, match=r"RuntimeError: was deleted\. Give a host array: x"):
        predictor.predict(WithoutDevice(RGB))


def test_where_arrays_lie() -> None:
    assert lies_on_gpu(GpuArray(RGB))
    assert lies_on_gpu(GpuArray(RGB, device=(CUDA_MANAGED, 3)))
    for image in (RGB, GpuArray(RGB, device=(CPU, 0)), GpuArray(RGB, device=(ROCM, 0)), "a.png"):
        assert not lies_on_gpu(image)


@KINDS
def test_a_gpu_array_on_a_predictor_of_the_cpu(predictor: Predictor, versioned: bool) -> None:
    image = GpuArray(RGB, device=(CUDA, 2), versioned=versioned)
    with pytest.raises(InvalidArgument, match="lies in memory of GPU 2, and the engine openvino"):
        predictor.predict(image)
    with pytest.raises(InvalidArgument, match=r"give a host array: x\.cpu\(\)\.numpy\(\)"):
        predictor.predict_batch([RGB, image])
    assert image.deleted == 2
    assert all(is_used(capsule) for capsule in image.capsules)


@KINDS
@pytest.mark.parametrize(
    ("array", "problem"),
    [
        (RGB.astype(np.float32), "type code 2 of 32 bits"),
        (RGB.astype(np.uint16), "type code 1 of 16 bits"),
        (RGB[None], "has 4 dimensions"),
        (RGB[..., :2], r"has the shape \[70, 110, 2\]"),
        (RGB.transpose(2, 0, 1), r"has the shape \[3, 70, 110\]"),
        (RGB[..., ::-1], r"has the strides \[330, 3, -1\]"),
        (RGB[:, ::2], r"has the strides \[330, 6, 1\]"),
        (np.zeros((0, 5, 3), np.uint8), r"has the shape \[0, 5, 3\]"),
    ],
    ids=lambda value: "" if isinstance(value, str) else f"{value.dtype}{list(value.shape)}",
)
def test_gpu_arrays_that_are_no_images(
    predictor: Predictor, array: NDArray[Any], problem: str, versioned: bool
) -> None:
    image = GpuArray(array, versioned=versioned)
    with pytest.raises(InvalidArgument, match=problem):
        predictor.predict(image)
    assert image.deleted == 1


def test_capsules_that_cannot_be_used(predictor: Predictor) -> None:
    core: Any = predictor._core
    image = GpuArray(RGB)
    capsule = image.__dlpack__()
    with pytest.raises(InvalidArgument, match="lies in memory of GPU 0"):
        core.predict_dlpack(capsule)
    for used in (capsule, "no capsule"):
        with pytest.raises(InvalidArgument, match="no DLPack capsule that can be used"):
            core.predict_dlpack(used)
    assert image.deleted == 1
    newer = GpuArray(RGB, major=2)
    with pytest.raises(InvalidArgument, match=r"capsule is of version 2; expected is version 1"):
        predictor.predict(newer)
    assert newer.deleted == 1
    with pytest.raises(InvalidArgument, match="color is 'gray', expected 'bgr' or 'rgb'"):
        core.predict_dlpack(image.__dlpack__(), color="gray")
    assert (image.deleted, is_used(image.capsules[-1])) == (1, False)  # its producer's still


@KINDS
def test_a_gpu_array_on_its_way(on_gpu: tuple[Predictor, Core], versioned: bool) -> None:
    predictor, core = on_gpu
    expected = predictor.predict(RGB, color="rgb", threshold=0.3, classes=["red"])
    image = GpuArray(RGB, versioned=versioned)
    result = predictor.predict(image, color="rgb", threshold=0.3, classes=["red"])
    assert_same(result, expected)
    # The legacy default stream; an old library is asked again, without a version.
    asked = {"stream": 1, "max_version": (1, 0)} if versioned else {"stream": 1}
    assert image.requests == [asked]
    [(capsule, options)] = core.calls
    assert capsule is image.capsules[0]
    assert options == {
        "color": "rgb",
        "threshold": 0.3,
        "max_detections": None,
        "class_ids": [0],
        "clip_masks": True,
    }
    assert result.timings["decode_ms"] == 0
    # The result does not hold the GPU's memory.
    with pytest.raises(InvalidArgument, match="does not know its image"):
        result.plot()
    assert result.plot(image=RGB) is not None


def test_gpu_arrays_among_others(on_gpu: tuple[Predictor, Core]) -> None:
    predictor, core = on_gpu
    expected = predictor.predict(RGB)
    images = [RGB, GpuArray(RGB), HostArray(RGB), GpuArray(RGB)]
    for result in predictor.predict_batch(images):
        assert_same(result, expected)
    assert len(core.calls) == 2


def test_where_gpu_arrays_are_not_taken(on_gpu: tuple[Predictor, Core]) -> None:
    predictor, core = on_gpu
    image = GpuArray(RGB)
    with pytest.raises(InvalidArgument, match=r"tile= cuts images in memory of the CPU; give a h"):
        predictor.predict(image, tile=50)
    with pytest.raises(InvalidArgument, match=r"an array of shape \[70, 110, 3\] is one image"):
        predictor.predict_batch(image)
    # A stream reads ahead on other threads, whose current stream is not the caller's.
    [failed] = predictor.stream(image)
    assert isinstance(failed.error, InvalidArgument)
    assert "predict() and predict_batch() take them" in str(failed.error)
    with pytest.raises(InvalidArgument, match=r"on a device of DLPack's kind 10, and pixels are"):
        predictor.predict(GpuArray(RGB, device=(ROCM, 0)))
    result = predictor.predict(RGB)
    with pytest.raises(InvalidArgument, match="GpuArray lies on a GPU, and pixels are read from"):
        result.plot(image=image)
    assert not core.calls


def test_a_library_that_refuses_to_give_a_gpu_array() -> None:
    class Refusing(GpuArray):
        def __dlpack__(self, **options: Any) -> Any:
            raise BufferError("requires grad")

    with pytest.raises(InvalidArgument, match="BufferError: requires grad"):
        gpu_pixels(Refusing(RGB), "bgr")


def test_host_arrays_are_not_copied() -> None:
    array = RGB.copy()
    assert np.shares_memory(host_array(HostArray(array)), array)
