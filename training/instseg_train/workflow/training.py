"""Mode train."""

from __future__ import annotations

from instseg.optional_package import require
from instseg_train.config import Config


def train(config: Config) -> None:
    """Trains; the trainer writes all files of a run that ends well, its result files too."""
    require("paddle", extra="train", purpose="training")
    from instseg_train.trainer import train

    train(config)
