"""The weights that a configuration names."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from instseg.errors import InvalidArgument
from instseg_train.weights.saved_model import CARD_SUFFIX, WEIGHTS_SUFFIX
from instseg_train.weights.store import fetch_weights, is_url


@dataclass(frozen=True)
class LocalWeights:
    """has_card: a file beside it says which model it is, as `save_model` and training write it."""

    file: Path
    has_card: bool


def local_weights(given: str | None, *, key: str, output: str) -> LocalWeights:
    """A `.pdparams` file on this machine; an address is fetched once.

    key     the one that names it, for messages
    output  where training may have put one

    Raises InvalidArgument: no such file, or of another kind; DownloadError.
    """
    if not given:
        raise InvalidArgument(f"{key} is not given; give a {WEIGHTS_SUFFIX} file or its address")
    if is_url(given):
        return LocalWeights(fetch_weights(given), has_card=False)
    file = Path(given).expanduser()
    if not file.exists():
        best = Path(output).expanduser() / "best_model" / f"best_model{WEIGHTS_SUFFIX}"
        hint = f" Training has written {best}: -o {key}={best}" if best.is_file() else ""
        raise InvalidArgument(f"{key} is {given}, which does not exist.{hint}")
    if not file.is_file() or file.suffix != WEIGHTS_SUFFIX:
        raise InvalidArgument(f"{key} is {given}; expected a {WEIGHTS_SUFFIX} file or its address")
    return LocalWeights(file, has_card=file.with_suffix(CARD_SUFFIX).is_file())
