"""Where networks run: CUDA, Apple's Metal, or the CPU."""

from __future__ import annotations

import torch

__all__ = ["choose_device"]


def choose_device(name: str | None = None) -> torch.device:
    """Device to compute on.

    Parameters
    ----------
    name
        ``"cuda"``, ``"cuda:1"``, ``"mps"`` or ``"cpu"``; None takes the first of these that is there.

    Returns
    -------
    torch.device
        The device.

    Raises
    ------
    ValueError
        If the device is unknown or not on this machine; names those that are.
    """
    available = _available()
    if name is None:
        return torch.device(available[0])
    known = "; here are " + ", ".join(available)
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise ValueError(f"device {name!r} is unknown{known}") from error
    if device.type not in available:
        raise ValueError(f"device {name!r} is not available{known}")
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise ValueError(f"device {name!r} is not available: {torch.cuda.device_count()} CUDA devices here")
    return device


def _available() -> list[str]:
    found = ["cuda"] if torch.cuda.is_available() else []
    found += ["mps"] if torch.backends.mps.is_available() else []
    return [*found, "cpu"]
