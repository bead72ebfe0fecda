"""Attention tasks in their published form: each a frozen set of parameters that makes sessions."""

from __future__ import annotations

from bridges.tasks.base import Task, parameter, parameter_table
from bridges.tasks.cpt import CPTX
from bridges.tasks.pvt import PVT
from bridges.tasks.sart import SART

__all__ = ["CPTX", "PVT", "SART", "TASKS", "Task", "parameter", "parameter_table"]

TASKS: dict[str, type] = {"sart": SART, "cpt_x": CPTX, "pvt": PVT}
"""Task classes by the name that the command line uses."""
