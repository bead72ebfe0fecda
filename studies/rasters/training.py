"""The trained generator of the study, kept in the run folder: a run that is stopped need not repeat it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict

import torch

from ann.checkpoints import CheckpointError, load_into, save_checkpoint
from ann.generative import GanHistory, GanSettings, train_gan
from ann.raster_networks import RasterCritic, RasterGenerator
from studies.progress import Display
from studies.rasters.circuit_data import CONDITIONS, Rasters
from studies.run_folder import RunFolder, write_json

__all__ = ["learn", "trained_generator"]


def learn(
    learned: Rasters,
    settings: GanSettings,
    seed: int,
    progress: Callable[[float, str], None] | None = None,
) -> tuple[RasterGenerator, GanHistory]:
    """Train a generator on rasters; it starts from what each of their neurons does alone.

    Parameters
    ----------
    learned
        Half of the data.
    settings
        How long and how fast.
    seed
        Of weights and of everything drawn in training.
    progress
        Called with the fraction done and a line about it.
    """
    generator, critic = _players(learned, seed)
    generator.start_from(learned.raster, learned.condition)
    history = train_gan(generator, critic, learned.raster, learned.condition, seed, settings, progress)
    return generator, history


def trained_generator(
    learned: Rasters, settings: GanSettings, seed: int, folder: RunFolder, display: Display
) -> tuple[RasterGenerator, GanHistory]:
    """The generator and the course of its training: from the run folder, or trained now.

    Parameters
    ----------
    learned
        Half of the data.
    settings
        How long and how fast.
    seed
        Of weights and of everything drawn in training.
    folder
        Of the run.
    display
        Shows how far the training is.
    """
    generator, _ = _players(learned, seed)
    config = json.loads(json.dumps({"settings": asdict(settings), "seed": seed}))
    path, course = folder.path / "generator.pt", folder.path / "training.json"
    try:
        load_into(path, generator, config)
        history = json.loads(course.read_text())
        return generator.eval(), GanHistory(*(tuple(history[k]) for k in ("step", "distance", "penalty")))
    except (FileNotFoundError, CheckpointError, ValueError, KeyError):
        pass  # what cannot be trusted is trained again, to the same numbers
    display.line(f"training for {settings.steps} steps")
    display.begin()
    generator, found = learn(learned, settings, seed, display.update)
    display.end()
    write_json(course, asdict(found))
    save_checkpoint(path, generator, config)
    return generator, found


def _players(learned: Rasters, seed: int) -> tuple[RasterGenerator, RasterCritic]:
    neurons, bins = learned.raster.shape[1:]
    weights = torch.Generator().manual_seed(seed)
    generator = RasterGenerator(neurons, bins, len(CONDITIONS), generator=weights)
    return generator, RasterCritic(neurons, bins, len(CONDITIONS), generator=weights)
