"""The SDK's post-processing of one family, on its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt
from parity.instances import Instances

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class DensePostprocessing:
    """values: the program's values that are read; run: instances from them (in this order), the
    image's (height, width), the score threshold and whether masks are cut at their box."""

    values: list[str]
    run: Callable[[list[Array], tuple[int, int], float, bool], Instances]
