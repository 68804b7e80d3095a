"""In one process of a run: trains as the configuration says, and keeps the weights.

    python recorded_training.py CONFIG FOLDER

What is random in the losses is replaced, so that it does not depend on how images are shared out.
"""

import sys
from pathlib import Path

import paddle

from instseg_train.config import read_config
from instseg_train.models.mask_rcnn.sampling import FirstSampler
from instseg_train.trainer import processes, training
from instseg_train.trainer.run import Run


class RecordedRun(Run):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        if hasattr(self.model, "sampler"):
            self.model.sampler = FirstSampler()

    def end_epoch(self):
        super().end_epoch()
        processes.average_statistics(self.model)
        file = Path(sys.argv[2]) / f"rank{processes.rank()}.pdparams"
        paddle.save(self.model.state_dict(), str(file))
        processes.wait_for_all()
        sys.exit(0)


training.Run = RecordedRun
training.run(read_config(sys.argv[1]))
