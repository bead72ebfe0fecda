"""Benchmarks, one file each: what is timed, against what, and the goal.

To add one, write a module here with a constant ``BENCHMARK`` (`base.Benchmark`) and add its name to `NAMES`.
A module is imported when its benchmark is asked for.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from studies.benchmark.base import Benchmark

__all__ = ["NAMES", "benchmark"]

NAMES = ("spiking", "networks", "tasks", "twin")
"""Benchmarks in the order in which they run."""


def benchmark(name: str) -> Benchmark:
    """The benchmark of a name.

    Raises
    ------
    ValueError
        If there is none; names the known ones.
    """
    if name not in NAMES:
        raise ValueError(f"unknown benchmark {name!r}; known are {list(NAMES)}")
    return import_module(f"studies.benchmark.{name}").BENCHMARK
