"""A training on disk, so that an interrupted one goes on to the numbers of an unbroken one.

Held are the weights, the best weights, the state of the optimiser, the losses, and the state of every source
of randomness. Read as tensors and plain values alone: a file from elsewhere cannot run code.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ann.checkpoints import CheckpointError, read_content, write_content

__all__ = ["RandomSource", "load_training", "random_states", "save_training", "set_random_states"]

FORMAT = "neurosim-training-1"

RandomSource = np.random.Generator | torch.Generator
"""A generator whose state a checkpoint can hold."""


def save_training(path: Path, key: Mapping[str, object], state: Mapping[str, Any]) -> None:
    """Write the state of a training, whole or not at all.

    Parameters
    ----------
    path
        File to write.
    key
        What is trained and how, as plain values; a resumed training must have the same.
    state
        Tensors and plain values in dicts and lists.
    """
    write_content(
        Path(path), {"format": FORMAT, "key": json.dumps(key, sort_keys=True), "state": dict(state)}
    )


def load_training(path: Path, key: Mapping[str, object]) -> dict[str, Any] | None:
    """The state of a training, or None if there is no file.

    Raises
    ------
    CheckpointError
        If the file is damaged, from elsewhere, or of another training; nothing is resumed from it.
    """
    try:
        content = read_content(Path(path))
    except FileNotFoundError:
        return None
    if (
        not isinstance(content, dict)
        or content.get("format") != FORMAT
        or not isinstance(content.get("state"), dict)
    ):
        raise CheckpointError(f"{path} is not the state of a training of this package (format {FORMAT!r})")
    if content.get("key") != json.dumps(key, sort_keys=True):
        raise CheckpointError(f"{path} belongs to another training; remove it, or give another path")
    return content["state"]


def random_states(sources: Sequence[RandomSource]) -> list[Tensor | str]:
    """States of the sources: bytes for PyTorch's, JSON text for numpy's."""
    return [
        source.get_state()
        if isinstance(source, torch.Generator)
        else json.dumps(_plain(source.bit_generator.state))
        for source in sources
    ]


def set_random_states(sources: Sequence[RandomSource], states: Sequence[Tensor | str]) -> None:
    """Put sources into the states that `random_states` gave.

    Raises
    ------
    CheckpointError
        If there are more or fewer states than sources, or a state is of the other kind.
    """
    if len(sources) != len(states):
        raise CheckpointError(
            f"the checkpoint holds {len(states)} random states, but {len(sources)} generators are given"
        )
    for source, state in zip(sources, states, strict=True):
        if isinstance(source, torch.Generator) and isinstance(state, Tensor):
            source.set_state(state)
        elif isinstance(source, np.random.Generator) and isinstance(state, str):
            source.bit_generator.state = _arrays(json.loads(state))
        else:
            raise CheckpointError("a random state of the checkpoint is of another kind than its generator")


def _plain(state: Any) -> Any:
    """Bit generators keep counters as arrays of unsigned numbers, which JSON does not know."""
    if isinstance(state, np.ndarray):
        return {"array": [int(value) for value in state], "dtype": str(state.dtype)}
    if isinstance(state, np.integer):
        return int(state)
    if isinstance(state, Mapping):
        return {name: _plain(value) for name, value in state.items()}
    return copy.copy(state)


def _arrays(state: Any) -> Any:
    if isinstance(state, dict) and set(state) == {"array", "dtype"}:
        return np.array(state["array"], dtype=state["dtype"])
    if isinstance(state, dict):
        return {name: _arrays(value) for name, value in state.items()}
    return state
