"""What TensorRT's versions document of ONNX, and whether a network keeps to it."""

from .check import unsupported
from .tensorrt import VERSIONS

__all__ = ["VERSIONS", "unsupported"]
