"""Sustained attention: spiking circuit, LSTM, attention network and people over time on the same tasks.

Everyone performs the same sessions of the sustained attention to response task (press to every digit
but one) and the psychomotor vigilance test (press as soon as something appears). Agents are calibrated
on a short vigilance baseline without arousal, then frozen: non-decision times are fitted to people's mean
response time in the vigilance test, bounds of the networks also to its variability. Strengths, thresholds,
noise, spread of participants and the depletion of arousal were chosen by hand while looking at both tasks,
so levels of d' are no predictions; the course of the SART, the shapes of response-time distributions, what
is lost without arousal or self-excitation, and the spread over participants are.
Longer and other tasks can be asked for: cpt_x, grad_cpt, ax_cpt, mackworth (one hour) and mackworth_2h.
A run that is stopped goes on where it was when the same command is given again.

For example, all of it small; one task with people's own trials beside it; an agent of yours among ours:

    python -m studies.sustained_attention --quick
    python -m studies.sustained_attention --tasks pvt --human pvt_trials.csv
    python -m studies.sustained_attention --quick --agents human lstm my_lab.models:tired_lstm

Robertson et al. (1997), doi:10.1016/S0028-3932(97)00015-8; Dinges & Powell (1985), doi:10.3758/BF03200977;
Mackworth (1948), doi:10.1080/17470214808416738; Parasuraman (1979), doi:10.1126/science.472714.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from studies.comparison.options import Options
from studies.comparison.study import run_comparison
from studies.sustained.design import design

QUESTION = "Does attention last over time on task in circuits and networks as it does in people, and why not?"
RUN_TIME = "on 2 cores about 2 minutes with --quick, about half an hour with 20 participants"

NAME = "sustained_attention"


@dataclass(frozen=True)
class SustainedAttention(Options):
    """What to run. The same values find the same run folder and go on there."""


def main(config: SustainedAttention) -> int:
    """Run the study; the exit code says whether it ran."""
    return run_comparison(design(NAME, QUESTION), config)


if __name__ == "__main__":
    import tyro

    sys.exit(main(tyro.cli(SustainedAttention, prog=f"python -m studies.{NAME}", description=__doc__)))
