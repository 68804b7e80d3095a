"""The work behind one batch: what a worker process is sent, does, and sends back."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from instseg.errors import ImageError, InstsegError, InvalidArgument
from instseg_train.data.image_record import ImageRecord
from instseg_train.data.recipes import Recipe
from instseg_train.data.sample import Sample


@dataclass(frozen=True)
class Task:
    """The images of a batch, with what seeds the generator of each and of the batch."""

    records: Sequence[ImageRecord]
    seeds: Sequence[Sequence[int]]
    batch_seed: Sequence[int]

    def __str__(self) -> str:
        return ", ".join(record.path for record in self.records)


def prepare(task: Task, recipe: Recipe) -> list[Sample]:
    """Reads the images and takes them through the recipe's steps.

    Raises ImageError and InvalidArgument as reading does; InstsegError, which names the image,
    for whatever else goes wrong.
    """
    samples = []
    for record, seed in zip(task.records, task.seeds, strict=True):
        random = np.random.default_rng(seed)
        try:
            sample = record.without_crowds().read()
            for step in recipe.steps:
                sample = step(sample, random)
        except (ImageError, InvalidArgument):
            raise
        except Exception as error:
            raise InstsegError(
                f"{record.path} cannot be prepared for training: {error!r}\n"
                f"{traceback.format_exc()}"
            ) from error
        samples.append(sample)
    return samples


@dataclass(frozen=True)
class PackedSample:
    """A sample on its way between processes: eight pixels of a mask to a byte."""

    sample: Sample
    bits: npt.NDArray[np.uint8] | None
    shape: tuple[int, ...]

    @classmethod
    def pack(cls, sample: Sample) -> PackedSample:
        whole = replace(sample, image=np.ascontiguousarray(sample.image))
        if sample.masks is None:
            return cls(whole, None, ())
        masks = np.ascontiguousarray(sample.masks)
        return cls(replace(whole, masks=None), np.packbits(masks), masks.shape)

    def unpack(self) -> Sample:
        if self.bits is None:
            return self.sample
        count = int(np.prod(self.shape))
        return replace(self.sample, masks=np.unpackbits(self.bits, count=count).reshape(self.shape))
