"""Networks in mixed precision: half where it is safe, FP32 where a table says why it is not."""

from .folder import MixedPrecisionFiles, ensure_mixed_precision, mixed_precision_files
from .network import MixedPrecisionReport, fp32_layers, mixed_precision_network
from .table import FAMILIES, TABLE_VERSION

__all__ = [
    "FAMILIES",
    "TABLE_VERSION",
    "MixedPrecisionFiles",
    "MixedPrecisionReport",
    "ensure_mixed_precision",
    "fp32_layers",
    "mixed_precision_files",
    "mixed_precision_network",
]
