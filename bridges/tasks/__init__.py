"""Attention tasks in their published form: each a frozen set of parameters that makes sessions."""

from __future__ import annotations

from bridges.tasks.ant import ANT
from bridges.tasks.attentional_blink import AttentionalBlink
from bridges.tasks.ax_cpt import AXCPT
from bridges.tasks.base import Task, parameter, parameter_table
from bridges.tasks.change_detection import ChangeDetection
from bridges.tasks.cpt import CPTX
from bridges.tasks.dual_detection import DualDetection
from bridges.tasks.flanker import Flanker
from bridges.tasks.grad_cpt import GradCPT
from bridges.tasks.mackworth import Mackworth
from bridges.tasks.monitoring import Monitoring
from bridges.tasks.mot import MOT
from bridges.tasks.posner import Posner
from bridges.tasks.prp import PRP
from bridges.tasks.pvt import PVT
from bridges.tasks.sart import SART
from bridges.tasks.visual_search import VisualSearch

__all__ = [
    "MOT",
    "Monitoring",
    "DualDetection",
    "Mackworth",
    "GradCPT",
    "ChangeDetection",
    "AttentionalBlink",
    "PRP",
    "AXCPT",
    "VisualSearch",
    "Posner",
    "Flanker",
    "ANT",
    "CPTX",
    "PVT",
    "SART",
    "TASKS",
    "Task",
    "parameter",
    "parameter_table",
]

TASKS: dict[str, type] = {
    "sart": SART,
    "cpt_x": CPTX,
    "pvt": PVT,
    "ant": ANT,
    "flanker": Flanker,
    "posner": Posner,
    "visual_search": VisualSearch,
    "ax_cpt": AXCPT,
    "prp": PRP,
    "attentional_blink": AttentionalBlink,
    "change_detection": ChangeDetection,
    "grad_cpt": GradCPT,
    "mackworth": Mackworth,
    "dual_detection": DualDetection,
    "monitoring": Monitoring,
    "mot": MOT,
}
"""Task classes by the name that the command line uses."""
