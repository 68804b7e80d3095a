"""How long jobs (fetching, importing) tell the caller how far they are."""

from collections.abc import Callable
from typing import TypeAlias

# Called as progress(stage, fraction): stage is e.g. "download" or "write", fraction is 0..1 within
# it. It should return quickly; what it raises ends the job.
Progress: TypeAlias = Callable[[str, float], None]
