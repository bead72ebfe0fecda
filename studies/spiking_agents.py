"""The spiking circuit as studies build it: intact, without arousal, without self-excitation of control."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from bridges.participants.spiking import SpikingParticipant
from neurosim.neuromodulation import Arousal

__all__ = ["spiking"]


def spiking(
    quick: bool = False,
    calibration: Mapping[str, Any] | None = None,
    arousal: bool = True,
    self_excitation: bool = True,
) -> SpikingParticipant:
    """Spiking participants.

    Parameters
    ----------
    quick
        Makes no difference: the circuit has no training to shorten.
    calibration
        Record of a `bridges.participants.calibration.Calibration`; its non-decision time is used.
    arousal
        Whether the gain g(t) sinks over time on task.
    self_excitation
        Whether a control pool excites itself more strongly than its neighbours do.
    """
    participant = SpikingParticipant()
    if not arousal:
        participant = replace(participant, name="spiking-no-arousal", arousal=Arousal.off())
    if not self_excitation:
        # w+ = 1: all weights within the stage are alike, total input is as before
        plain = replace(participant.parameters, w_plus_control=1.0)
        participant = replace(participant, name="spiking-no-self-excitation", parameters=plain)
    if calibration is not None:
        participant = replace(participant, non_decision_s=float(calibration["non_decision_s"]))
    return participant
