"""What a trained twin depends on, as plain values and a short key: circuit, training and the code of both."""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

import neurosim
from bridges.maps.twin_data import TwinSource
from neurosim.circuit import Circuit

__all__ = ["recipe_of"]

CODE = (
    *sorted(Path(neurosim.__path__[0], "engine").glob("*.py")),
    Path(neurosim.__path__[0], "drive.py"),
    *(
        Path(__file__).with_name(name)
        for name in ("twin.py", "twin_data.py", "twin_network.py", "twin_training.py")
    ),
)
"""Source files on which a twin depends, besides the circuit, whose values are in the recipe."""


def recipe_of(
    source: TwinSource, circuit: Circuit, training: Mapping[str, Any]
) -> tuple[dict[str, Any], str]:
    """Everything that decides the numbers of a trained twin, and a key made of it.

    Parameters
    ----------
    source
        The circuit and its training trials.
    circuit
        Its standard form.
    training
        Settings of the training.

    Raises
    ------
    ValueError
        If the source is no dataclass instance.
    """
    if not is_dataclass(source) or isinstance(source, type):
        raise ValueError(
            f"source = {source!r}; must be a dataclass instance, so that a twin can be found again"
        )
    digest = hashlib.sha256()
    for file in dict.fromkeys((*CODE, *_own_file(source))):
        text = file.read_text(encoding="utf-8")
        digest.update(f"{file.name}\x1f{len(text)}\x1f{text}".encode())
    recipe = {
        "source": asdict(source),
        "circuit": circuit.digest,
        "training": dict(training),
        "code": digest.hexdigest(),
        "torch": str(torch.__version__),
        "numpy": np.__version__,
    }
    plain = json.loads(json.dumps(recipe, default=str))
    return plain, hashlib.sha256(json.dumps(plain, sort_keys=True).encode()).hexdigest()[:32]


def _own_file(source: TwinSource) -> tuple[Path, ...]:
    """The file of the source, which may be another one; of one that was typed in there is none."""
    try:
        path = Path(inspect.getfile(type(source)))
    except (OSError, TypeError):
        return ()
    return (path,) if path.is_file() else ()
