"""What can end a training."""

from instseg.errors import InstsegError


class TrainingError(InstsegError, RuntimeError):
    """A training cannot go on: losses that are no numbers, no memory, a process that failed."""
