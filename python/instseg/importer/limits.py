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
MAX_OPERANDS = 400_000
"""Inputs of all operators together; the largest official model has 4,100."""
MAX_NAME_LENGTH = 1_000
"""Of operators, values, classes and models, in characters."""
MAX_RANK = 9
"""Paddle's own limit for most operators."""
MAX_SIDE = (1 << 31) - 1
"""Length of one axis: Paddle and ONNX Runtime count in int32 in many places."""
MAX_SYMBOL_LENGTH = 4096
"""Characters that spell a size which is known only at run time."""
MAX_CONSTANT_BYTES = 512 << 20
"""One constant made by the program or by folding (`full`, `arange`, `tile`, ...), counted with 8
bytes per element: NumPy may compute in float64 what is then rounded."""
MAX_FOLDED_BYTES = 1 << 30
"""All constants made by folding together."""
MAX_FOLDING_WORK_BYTES = 16 << 30
"""What one walk of constant folding reads and writes: some seconds of work."""
MAX_CLASSES = 100_000
MAX_NETWORK_SIDE = 16_384
"""Height or width of the network's input in pixels."""
MAX_MANIFEST_BYTES = 16 << 20
