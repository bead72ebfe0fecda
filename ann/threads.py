"""One thread on the CPU: sums are then taken in one order, whatever number of threads is set."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

__all__ = ["one_thread"]


@contextmanager
def one_thread() -> Iterator[None]:
    """Compute with one thread, then with as many as before; also a decorator.

    Kernels split sums over threads, and floating-point sums depend on their order. Networks as small as ours
    lose no time by it.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
