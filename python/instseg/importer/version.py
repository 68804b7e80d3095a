"""The importer's version, and how it tells its caller how far it is."""

from collections.abc import Callable
from typing import TypeAlias

IMPORTER_VERSION = 3
"""Goes up when the same source gives another network folder: the cache then imports anew."""

Progress: TypeAlias = Callable[[str, float], None]
"""progress(stage, fraction): stage is "hash", "read", "optimise" or "write", fraction 0..1."""
