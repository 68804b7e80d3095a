"""Makes the package `parity`, the builders of tiny programs and what stands for half-precision
engines importable."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent

sys.path.insert(0, str(HERE.parent / "python" / "importer"))
sys.path.insert(0, str(HERE.parent / "python" / "mixed_precision"))
sys.path.insert(0, str(HERE))
