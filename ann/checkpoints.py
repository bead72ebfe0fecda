"""Weights on disk: a state dict and a plain configuration, never code."""

from __future__ import annotations

import json
import os
import pickle
import uuid
import zipfile
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor, nn

__all__ = [
    "CheckpointError",
    "load_checkpoint",
    "load_into",
    "read_content",
    "save_checkpoint",
    "write_content",
]

FORMAT = "neurosim-network-1"


class CheckpointError(ValueError):
    """The file is not a whole checkpoint of this package."""


def save_checkpoint(path: Path, network: nn.Module, config: Mapping[str, object]) -> None:
    """Write weights and configuration, whole or not at all.

    Parameters
    ----------
    path
        File to write; folders are made as needed.
    network
        The network.
    config
        What made it; anything that JSON can hold.

    Raises
    ------
    TypeError
        If the configuration cannot be written as JSON.
    """
    content = {
        "format": FORMAT,
        "config": json.dumps(config, sort_keys=True),
        "weights": {name: weight.detach().cpu() for name, weight in network.state_dict().items()},
    }
    write_content(Path(path), content)


def write_content(path: Path, content: Mapping[str, object]) -> None:
    """Write tensors and plain values as PyTorch does, whole or not at all; folders are made as needed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    # not mkstemp: its files can be read by their owner alone, and checkpoints are shared
    draft = path.with_name(f"{path.name}.{uuid.uuid4().hex[:12]}.part")
    try:
        with open(draft, "xb") as file:
            torch.save(content, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise


def load_checkpoint(path: Path) -> tuple[dict[str, object], dict[str, Tensor]]:
    """Read configuration and weights; nothing in the file is ever run.

    Parameters
    ----------
    path
        File written by `save_checkpoint`.

    Returns
    -------
    config : dict
        The configuration.
    weights : dict of Tensor
        The state dict, on the CPU.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    CheckpointError
        If the file is truncated, from elsewhere, or holds anything but weights.
    """
    return _checked(Path(path), read_content(Path(path)))


def read_content(path: Path) -> object:
    """Read what `write_content` wrote; nothing in the file is ever run.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    CheckpointError
        If the file is truncated, or holds anything but tensors and plain values.
    """
    if not path.exists():
        raise FileNotFoundError(f"no checkpoint at {path}")
    # PyTorch writes zip archives; its reader of older files is not offered a stranger's file
    if not zipfile.is_zipfile(path):
        raise CheckpointError(f"{path} is truncated or not a checkpoint; train again or get the original")
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except pickle.UnpicklingError as error:
        raise CheckpointError(f"{path} holds more than weights, or is damaged; it was not loaded") from error
    except Exception as error:  # a damaged file can break the reader anywhere
        raise CheckpointError(f"{path} is damaged; train again or get the original") from error


def load_into(
    path: Path, network: nn.Module, config: Mapping[str, object] | None = None
) -> dict[str, object]:
    """Read weights into a network that was built with the same shape; returns the configuration.

    Parameters
    ----------
    path
        File written by `save_checkpoint`.
    network
        The network; unchanged if anything is refused.
    config
        Configuration that the checkpoint must have; None: any.

    Raises
    ------
    CheckpointError
        As `load_checkpoint`, or if the weights do not fit the network or the configuration is another.
    """
    found_config, weights = load_checkpoint(path)
    if config is not None and found_config != config:
        raise CheckpointError(f"{path} has another configuration; train again or get the right file")
    expected = {name: tuple(weight.shape) for name, weight in network.state_dict().items()}
    found = {name: tuple(weight.shape) for name, weight in weights.items()}
    if expected != found:
        wrong = sorted(
            name for name in expected.keys() | found.keys() if expected.get(name) != found.get(name)
        )
        faults = [
            f"{name}: {found.get(name)} in the file, {expected.get(name)} in the network" for name in wrong
        ]
        raise CheckpointError(f"{path} belongs to another network:\n  " + "\n  ".join(faults))
    network.load_state_dict(weights)
    return found_config


def _checked(path: Path, content: object) -> tuple[dict[str, object], dict[str, Tensor]]:
    ours = isinstance(content, dict) and content.get("format") == FORMAT
    if not ours or not isinstance(content.get("weights"), dict):  # type: ignore[attr-defined]
        raise CheckpointError(f"{path} is not a checkpoint of this package (format {FORMAT!r})")
    weights = content["weights"]  # type: ignore[index]
    strange = [name for name, weight in weights.items() if not isinstance(weight, Tensor)]
    if strange:
        raise CheckpointError(f"{path}: {strange} are not weights")
    broken = [name for name, weight in weights.items() if not torch.isfinite(weight).all()]
    if broken:
        raise CheckpointError(f"{path}: weights {broken} are not finite")
    try:
        config = json.loads(content["config"])  # type: ignore[index]
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"{path}: the configuration cannot be read") from error
    return config, weights
