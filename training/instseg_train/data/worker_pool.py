"""Worker processes, each with a thread of this process that talks to it."""

from __future__ import annotations

import contextlib
import pickle
import queue
import subprocess
import sys
import threading
import weakref
from concurrent.futures import Future

from instseg.errors import InstsegError
from instseg_train.data.batching import join
from instseg_train.data.recipes import Recipe
from instseg_train.data.sample import Batch
from instseg_train.data.task import PackedSample, Task

# Linux lets any process have as much; an image then crosses in a few turns.
_PIPE_BYTES = 1 << 20
_PROGRAM = "from instseg_train.data.worker import main; main()"
_Job = tuple[Task, "Future[Batch]"]


class WorkerPool:
    """`submit` returns at once; whichever worker is free takes the task.

    Processes are started afresh, not forked (Paddle's threads would not survive that), with
    nothing of the main program in them. They end with the pool: on `close`, when it is collected
    and when the process ends, even by a kill, since their input ends then.
    """

    def __init__(self, num_workers: int, recipe: Recipe) -> None:
        self.num_workers = num_workers
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._workers = [_Worker(recipe) for _ in range(num_workers)]
        # Daemons: at exit nobody waits for batches that nobody will use.
        threads = [
            threading.Thread(target=_talk, args=(worker, recipe, self._jobs), daemon=True)
            for worker in self._workers
        ]
        self._finalizer = weakref.finalize(self, _shut_down, self._workers, self._jobs, threads)
        for thread in threads:
            thread.start()

    def submit(self, task: Task) -> Future[Batch]:
        """The batch, later. Its `result()` raises what preparing it raised; InstsegError if the
        worker died."""
        if not self._finalizer.alive:
            raise InstsegError("the loader is closed; make another one")
        future: Future[Batch] = Future()
        self._jobs.put((task, future))
        return future

    def close(self) -> None:
        """Kills the workers and waits for their end."""
        self._finalizer()


class _Worker:
    """A process that runs `worker.main`."""

    def __init__(self, recipe: Recipe) -> None:
        # Modules come from where this process has them, not from the working directory.
        program = f"import sys; sys.path[:] = {sys.path!r}; {_PROGRAM}"
        self.process = subprocess.Popen(
            [sys.executable, "-c", program],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pipesize=_PIPE_BYTES,
            start_new_session=True,  # Ctrl-C is for the training process to handle
        )
        self._recipe = recipe
        self._started = False

    def prepare(self, task: Task) -> list[PackedSample]:
        try:
            if not self._started:
                self._send(self._recipe)
                self._started = True
            self._send(task)
            assert self.process.stdout is not None
            answer: list[PackedSample] | InstsegError = pickle.load(self.process.stdout)
        except (EOFError, OSError, ValueError, pickle.UnpicklingError) as error:
            code = self.process.wait()
            raise InstsegError(
                f"a worker process ended ({_ending(code)}) while it prepared {task}"
            ) from error
        if isinstance(answer, InstsegError):
            raise answer
        return answer

    def _send(self, message: object) -> None:
        assert self.process.stdin is not None
        pickle.dump(message, self.process.stdin, protocol=pickle.HIGHEST_PROTOCOL)
        self.process.stdin.flush()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def close_pipes(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            with contextlib.suppress(OSError):  # what was left to send has no receiver
                pipe.close()


def _ending(code: int) -> str:
    if code == -9:
        return "killed; if the machine ran out of memory, lower Train.num_workers"
    return f"signal {-code}" if code < 0 else f"exit code {code}"


def _talk(worker: _Worker, recipe: Recipe, jobs: queue.SimpleQueue[_Job | None]) -> None:
    """The thread of a worker: sends it one task after the other, joins what it returns."""
    while (job := jobs.get()) is not None:
        task, future = job
        if not future.set_running_or_notify_cancel():
            continue
        try:
            future.set_result(join([packed.unpack() for packed in worker.prepare(task)], recipe))
        except BaseException as error:
            future.set_exception(error)
        del job, task, future  # a batch must not wait here for the next one
    worker.close_pipes()


def _shut_down(
    workers: list[_Worker],
    jobs: queue.SimpleQueue[_Job | None],
    threads: list[threading.Thread],
) -> None:
    for worker in workers:
        worker.kill()
    for _ in workers:
        jobs.put(None)
    for thread in threads:
        if thread is not threading.current_thread():  # which may be where the pool is collected
            thread.join()
