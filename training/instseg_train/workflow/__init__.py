"""The modes of a configuration: check_dataset, train, evaluate, export, predict."""

from instseg_train.workflow.running import MODES, run

__all__ = ["MODES", "run"]
