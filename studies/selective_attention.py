"""Selective attention: one circuit, networks and people attending to one thing among others.

Everyone performs the same sessions of four tasks: spatial cueing (validity effect over delays), flankers
(congruency in response time and errors, delta plots, conditional accuracy), visual search (slopes), and the
attention network test (alerting, orienting, conflict). Agents are calibrated on a vigilance test alone
(non-decision time; bound of the networks) and then frozen; the report says what was chosen by hand and what
is predicted. Networks take part plain and with a noisy channel of fixed power before their output, the
circuit also without each of its parts. Beside the tasks stand the signatures of attention: in circuits
multiplicative gain, feature similarity, biased competition, variability and timescales; in networks gain of
the logit, attention weights and time constants. A run that is stopped goes on where it was when the same
command is given again.

For example, all of it small; some tasks and agents; people's own trials beside them; causes of effects:

    python -m studies.selective_attention --quick
    python -m studies.selective_attention --tasks flanker ant --agents human spiking lstm
    python -m studies.selective_attention --tasks flanker --human FOLDER_OF_DS005863
    python -m studies.selective_attention --ablations --tasks posner flanker

Posner (1980), doi:10.1080/00335558008248231; Eriksen & Eriksen (1974), doi:10.3758/BF03203267; Treisman &
Gelade (1980), doi:10.1016/0010-0285(80)90005-5; Fan et al. (2002), doi:10.1162/089892902317361886.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

from studies.comparison.options import Options
from studies.comparison.study import run_comparison
from studies.exhibits.base import Exhibit
from studies.published import published_circuit
from studies.selective.design import design
from studies.selective.network_exhibit import NETWORKS

QUESTION = (
    "Does a goal that biases a competition give the effects of cueing, conflict and search that people show?"
)
RUN_TIME = "on 2 cores some minutes with --quick (the first time it compiles), hours with 20 participants"

NAME = "selective_attention"
CIRCUITS = ("selective_attention", "attention_signatures")
"""Circuits whose signatures of attention are shown beside the tasks."""


@dataclass(frozen=True)
class SelectiveAttention(Options):
    """What to run. The same values find the same run folder and go on there."""

    signatures: bool = True
    """Also what attention does inside: gain, feature similarity, competition, variability and timescales of
    circuits; logit gain, attention weights and time constants of networks."""


def main(config: SelectiveAttention) -> int:
    """Run the study; the exit code says whether it ran."""
    return run_comparison(design(NAME, QUESTION), config, _signatures() if config.signatures else ())


def _signatures() -> tuple[Exhibit, ...]:
    return (*(published_circuit(name) for name in CIRCUITS), NETWORKS)


if __name__ == "__main__":
    import tyro

    sys.exit(main(tyro.cli(SelectiveAttention, prog=f"python -m studies.{NAME}", description=__doc__)))
