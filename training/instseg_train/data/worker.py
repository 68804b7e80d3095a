"""The program of a worker process: tasks arrive on its standard input, samples leave on output.

It imports neither Paddle nor the user's program, and ends when its input does: so also when the
training process is killed.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
from typing import BinaryIO

from instseg.errors import InstsegError


def main() -> None:
    """First message: the recipe; then tasks. Each answer is a list of samples or an exception."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the training process to handle
    requests = sys.stdin.buffer
    # What libraries print must not get among the answers.
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    try:
        _serve(requests, answers)
    except (EOFError, BrokenPipeError):
        os._exit(0)


def _serve(requests: BinaryIO, answers: BinaryIO) -> None:
    import cv2

    from instseg_train.data.task import PackedSample, prepare

    cv2.setNumThreads(1)
    recipe = pickle.load(requests)
    while True:
        task = pickle.load(requests)
        answer: list[PackedSample] | InstsegError
        try:
            answer = [PackedSample.pack(sample) for sample in prepare(task, recipe)]
        except InstsegError as error:
            error.__cause__ = None
            answer = error
        pickle.dump(answer, answers, protocol=pickle.HIGHEST_PROTOCOL)
        answers.flush()
