"""`import instseg`: cheap, and everything public is there."""

import subprocess
import sys

import pytest

import instseg


def test_every_public_name_is_there_and_listed() -> None:
    for name in instseg.__all__:
        assert getattr(instseg, name) is not None
        assert name in dir(instseg)
    assert instseg.__version__.count(".") >= 2
    assert len(instseg.OFFICIAL_MODELS) == 15


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'instseg' has no attribute 'Segmenter'"):
        instseg.Segmenter  # noqa: B018


def test_importing_it_loads_nothing_heavy() -> None:
    heavy = ["numpy", "PIL", "onnx", "openvino", "typer", "yaml", "instseg._core"]
    code = (
        "import sys, instseg\n"
        f"print([name for name in {heavy} if name in sys.modules])\n"
        "instseg.Predictor\n"
        "print([name for name in ('onnx', 'openvino', 'typer') if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[]", "[]"]


def test_every_exception_derives_from_one() -> None:
    for kind in ("DownloadError", "EngineError", "ImageError", "InvalidArgument", "ModelError"):
        assert issubclass(getattr(instseg, kind), instseg.InstsegError)
