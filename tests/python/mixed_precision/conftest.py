"""Makes the modules beside this file, and the builders of tiny programs, importable."""

import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent

sys.path.insert(0, str(HERE.parent / "importer"))
sys.path.insert(0, str(HERE))
