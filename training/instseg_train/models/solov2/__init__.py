"""SOLOv2 (arXiv:2003.10152): masks by convolutions whose kernels the network predicts."""

from instseg_train.models.solov2.build import SIZES, build
from instseg_train.models.solov2.model import SOLOv2

__all__ = ["SIZES", "SOLOv2", "build"]
