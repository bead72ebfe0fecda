"""Divided attention: one circuit, networks with and without limits, and people doing two things at once.

Everyone performs the same sessions of five tasks: two speeded choices in quick succession (psychological
refractory period), two targets in a rapid stream (attentional blink), two detections under instructed
priorities (dual-task cost, attention operating characteristic), change detection (capacity), and multiple
object tracking. Agents are calibrated on a vigilance test alone (non-decision time; bound of the networks)
and then frozen; the report says what was chosen by hand and what is predicted. Networks take part plain, with
a noisy channel of fixed power before their output, and with one output for both tasks; the circuit also
without each of its parts. A run that is stopped goes on where it was when the same command is given again.

For example, all of it small; some tasks and agents; people's own trials beside them; causes of effects:

    python -m studies.divided_attention --quick
    python -m studies.divided_attention --tasks prp attentional_blink --agents human spiking lstm-shared-head
    python -m studies.divided_attention --tasks attentional_blink --human FOLDER_OF_DS001810
    python -m studies.divided_attention --ablations --tasks prp change_detection

Pashler (1994), doi:10.1037/0033-2909.116.2.220; Raymond, Shapiro & Arnell (1992),
doi:10.1037/0096-1523.18.3.849; Sperling & Melchner (1978), doi:10.1126/science.694536; Luck & Vogel (1997),
doi:10.1038/36846; Pylyshyn & Storm (1988), doi:10.1163/156856888X00122.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from studies.comparison.options import Options
from studies.comparison.study import run_comparison
from studies.divided.design import design

QUESTION = (
    "What does doing two things at once cost, and does the cost come out of shared inhibition or limits?"
)
RUN_TIME = "on 2 cores some minutes with --quick (the first time it compiles), hours with 20 participants"

NAME = "divided_attention"


@dataclass(frozen=True)
class DividedAttention(Options):
    """What to run. The same values find the same run folder and go on there."""


def main(config: DividedAttention) -> int:
    """Run the study; the exit code says whether it ran."""
    return run_comparison(design(NAME, QUESTION), config)


if __name__ == "__main__":
    import tyro

    sys.exit(main(tyro.cli(DividedAttention, prog=f"python -m studies.{NAME}", description=__doc__)))
