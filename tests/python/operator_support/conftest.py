"""Makes the little graphs of the mixed-precision tests importable."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "mixed_precision"))
