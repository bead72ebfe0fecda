"""Pool: jobs over processes, with progress from inside them and faults kept to the job that has them.

A job that raises fails alone. A worker that dies (out of memory, a crash in compiled code) takes the
pool with it, so every job that had started is then tried once more in a process of its own: the one
that is to blame dies again and is named, the others finish.
"""

from __future__ import annotations

import contextlib
import ctypes
import multiprocessing
import multiprocessing.connection
import os
import threading
import traceback
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from typing import Any, Protocol

from bridges.participants.base import Progress
from studies.progress import Display

__all__ = ["Failure", "Job", "run_jobs"]

POLL_S = 0.2
TEXT_BYTES = 96
HOPELESS_AFTER = 2
DIED_TWICE = "its process died twice (out of memory, or a crash in compiled code)"
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


class Job(Protocol):
    """Something that a worker can do; picklable."""

    @property
    def label(self) -> str:
        """What it is, as the progress line says it."""
        ...

    @property
    def group(self) -> str:
        """Jobs that fail for the same reason: after two failures and no success, the rest is not started."""
        ...

    @property
    def weight(self) -> float:
        """Share of the whole, in any unit that all jobs of a run share."""
        ...


@dataclass(frozen=True)
class Failure:
    """A job that did not come to its end, and why."""

    group: str
    label: str
    reason: str
    detail: str = ""


class _Stopped(Exception):
    """Raised inside a job when the run is given up."""


class _Board:
    """Shared memory, without locks, where jobs show how far they are: one slot each, one writer a slot.

    A lock could be left taken by a worker that dies; a torn progress text does no harm.
    """

    def __init__(self, size: int, context: Any) -> None:
        self.fraction = context.RawArray(ctypes.c_double, size)
        self.started = context.RawArray(ctypes.c_byte, size)
        self.text = context.RawArray(ctypes.c_char, size * TEXT_BYTES)
        self.stop = context.RawValue(ctypes.c_byte, 0)

    def progress(self, slot: int) -> Progress:
        """The callback for the job in `slot`."""

        def show(fraction: float, doing: str = "") -> None:
            if self.stop.value:
                raise _Stopped
            self.fraction[slot] = min(max(float(fraction), 0.0), 1.0)
            words = doing.encode()[: TEXT_BYTES - 1]
            self.text[slot * TEXT_BYTES : (slot + 1) * TEXT_BYTES] = words.ljust(TEXT_BYTES, b"\0")

        return show

    def doing(self, slot: int) -> str:
        """What the job in `slot` said last."""
        raw = bytes(self.text[slot * TEXT_BYTES : (slot + 1) * TEXT_BYTES])
        return raw.split(b"\0", 1)[0].decode(errors="ignore")


_board: _Board | None = None


def run_jobs(
    function: Callable[[Any, Progress], Any],
    jobs: Sequence[Job],
    done: Callable[[Any, Any], None],
    *,
    workers: int,
    display: Display,
) -> list[Failure]:
    """Run every job; hand each result to `done` in this process as soon as it is there.

    Parameters
    ----------
    function
        Importable function of a job and a progress callback.
    jobs
        What to run; those listed first are started first.
    done
        Called with the job and its result. If it raises, the run is given up and the error goes on.
    workers
        Number of processes; 0: run here, one after another.
    display
        Shows the progress.

    Returns
    -------
    list of Failure
        Jobs that failed, named, in the order in which they did.
    """
    run = _Run(function, jobs, done, display)
    display.begin()
    try:
        if workers == 0:
            run.here()
        else:
            with _one_thread_each():
                run.in_processes(workers)
    finally:
        display.end()
    return run.failures


class _Run:
    def __init__(self, function: Any, jobs: Sequence[Any], done: Any, display: Display) -> None:
        self.function, self.jobs, self.done, self.display = function, list(jobs), done, display
        self.failures: list[Failure] = []
        self.finished: set[int] = set()
        self.succeeded: set[str] = set()
        self.context = multiprocessing.get_context("spawn")
        self.board = _Board(max(len(self.jobs), 1), self.context)
        self.total = sum(job.weight for job in self.jobs) or 1.0

    def here(self) -> None:
        for slot, job in enumerate(self.jobs):
            if self._given_up(slot):
                continue
            try:
                result = self.function(job, self._show_here(slot))
            except Exception as error:
                self._fail(slot, error)
            else:
                self._finish(slot, result)

    def in_processes(self, workers: int) -> None:
        waiting = list(range(len(self.jobs)))
        while waiting:
            if self._round(waiting, workers):
                for slot in self._suspects(waiting):
                    if self._round([slot], 1):
                        self._fail(slot, RuntimeError(DIED_TWICE))
            waiting = [slot for slot in waiting if not self._over(slot)]

    def _suspects(self, slots: Sequence[int]) -> list[int]:
        """Jobs that had started when the pool broke; all of them if it broke before any did."""
        left = [slot for slot in slots if not self._over(slot)]
        return [slot for slot in left if self.board.started[slot]] or left

    def _round(self, slots: Sequence[int], workers: int) -> bool:
        """Run the slots in one pool; True if it broke."""
        broke = False
        for slot in slots:
            self.board.started[slot] = 0
        pool = ProcessPoolExecutor(
            min(workers, len(slots)),
            mp_context=self.context,
            initializer=_prepare_worker,
            initargs=(self.board,),
        )
        try:
            futures = {pool.submit(_call, self.function, self.jobs[slot], slot): slot for slot in slots}
            while futures:
                ended, _ = wait(futures, timeout=POLL_S, return_when=FIRST_COMPLETED)
                for future in sorted(ended, key=futures.__getitem__):
                    broke |= self._collect(future, futures.pop(future))
                for future, slot in list(futures.items()):
                    if self._given_up(slot) and future.cancel():
                        del futures[future]
                self._show()
        except BaseException:
            self.board.stop.value = 1
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
        return broke

    def _collect(self, future: Future, slot: int) -> bool:
        """Take the result of a future; True if its pool broke."""
        try:
            result = future.result()
        except BrokenProcessPool:
            return True
        except Exception as error:
            self._fail(slot, error)
        else:
            self._finish(slot, result)
        return False

    def _finish(self, slot: int, result: Any) -> None:
        self.done(self.jobs[slot], result)
        self.succeeded.add(self.jobs[slot].group)
        self.finished.add(slot)
        self.board.fraction[slot] = 1.0
        self.display.milestone(self._fraction(), f"{self.jobs[slot].label}: done")

    def _fail(self, slot: int, error: Exception) -> None:
        job = self.jobs[slot]
        self.finished.add(slot)
        self.board.fraction[slot] = 1.0
        reason = f"{type(error).__name__}: {error}"
        detail = "".join(traceback.format_exception(error))
        self.failures.append(Failure(job.group, job.label, reason, detail))
        self.display.warn(f"{job.label} failed: {reason}")

    def _given_up(self, slot: int) -> bool:
        group = self.jobs[slot].group
        failed = sum(failure.group == group for failure in self.failures)
        return failed >= HOPELESS_AFTER and group not in self.succeeded

    def _over(self, slot: int) -> bool:
        return slot in self.finished or self._given_up(slot)

    def _fraction(self) -> float:
        parts = (job.weight * self.board.fraction[slot] for slot, job in enumerate(self.jobs))
        return sum(parts) / self.total

    def _show(self) -> None:
        running = [s for s in range(len(self.jobs)) if self.board.started[s] and s not in self.finished]
        if running:
            more = f" (+{len(running) - 1} more)" if len(running) > 1 else ""
            words = self.board.doing(running[0])
            label = self.jobs[running[0]].label
            self.display.update(self._fraction(), label + (f": {words}" if words else "") + more)

    def _show_here(self, slot: int) -> Progress:
        write = self.board.progress(slot)
        self.board.started[slot] = 1

        def show(fraction: float, doing: str = "") -> None:
            write(fraction, doing)
            self._show()

        return show


def _prepare_worker(board: _Board) -> None:
    global _board
    _board = board
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        multiprocessing.connection.wait([parent.sentinel])
        # nobody is left to take the result; a worker that waits for its killed parent would wait for ever
        os._exit(1)


def _call(function: Any, job: Any, slot: int) -> Any:
    if _board is None:
        raise RuntimeError("a job ran outside a worker of run_jobs")
    _board.started[slot] = 1
    return function(job, _board.progress(slot))


@contextlib.contextmanager
def _one_thread_each() -> Iterator[None]:
    """Processes share the cores; threads inside them would only get in each other's way."""
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
