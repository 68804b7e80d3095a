"""From a data set on disk to batches that models learn from."""

from instseg_train.data.coco_dataset import CocoDataset
from instseg_train.data.loader import TrainLoader
from instseg_train.data.sample import Batch, Sample

__all__ = ["Batch", "CocoDataset", "Sample", "TrainLoader"]
