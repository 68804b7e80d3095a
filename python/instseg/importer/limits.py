"""What an untrusted model folder may ask for. Checked before anything is allocated.

The largest official model (Mask-RT-DETR-H) has a 1.5 MB program of 6,000 operators, 1,300 tensors
of up to 27 MB each and 508 MB in all: every limit leaves an order of magnitude or more above that.
"""

MAX_CONFIG_BYTES = 1 << 20
MAX_PROGRAM_BYTES = 16 << 20
MAX_PARAMETER_BYTES = 1_900_000_000
"""ONNX files are protobuf messages, and those end at 2 GiB."""
MAX_OPERATORS = 100_000
MAX_BLOCK_DEPTH = 16
"""Loops and conditions inside one another."""
MAX_TENSORS = 50_000
MAX_RANK = 9
"""Paddle's own limit for most operators."""
MAX_CONSTANT_BYTES = 256 << 20
"""One constant made by the program or by folding (`full`, `arange`, `tile`, ...)."""
MAX_FOLDED_BYTES = 1 << 30
"""All constants made by folding together."""
MAX_CLASSES = 100_000
MAX_NETWORK_SIDE = 16_384
"""Height or width of the network's input in pixels."""
MAX_MANIFEST_BYTES = 16 << 20
