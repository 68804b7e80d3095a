"""Data sets drawn for tests and demonstrations."""

from instseg_train.dataset.demo_dataset import write_demo_dataset
from instseg_train.dataset.synthetic_scene import CLASSES, Scene, SceneOptions, draw_scene

__all__ = ["CLASSES", "Scene", "SceneOptions", "draw_scene", "write_demo_dataset"]
