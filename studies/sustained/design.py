"""Design of the study of sustained attention: tasks at full and quick size, agents, what was set."""

from __future__ import annotations

from bridges.tasks import AXCPT, CPTX, PVT, SART, GradCPT, Mackworth, Task
from studies.calibrated import BY_HAND, FITTED, PREDICTED, baseline
from studies.comparison.design import CalibrationText, Design, Findings

__all__ = ["design"]

TASKS: dict[str, Task] = {
    "sart": SART(),
    "pvt": PVT(),
    "cpt_x": CPTX(),
    # one hour, half of the published two: two periods of 30 min, each with its 12 signals
    "mackworth": Mackworth(n_periods=2),
    "mackworth_2h": Mackworth(),
    "grad_cpt": GradCPT(),
    "ax_cpt": AXCPT(),
}
QUICK: dict[str, Task] = {
    "sart": SART(trials_per_digit=8, n_blocks=3),
    "pvt": PVT(duration_s=120.0),
    "cpt_x": CPTX(n_blocks=3),
    "mackworth": Mackworth(n_periods=2, period_s=60.0, gaps_s=(8.0, 12.0, 15.0, 10.0), first_signal_s=5.0),
    "mackworth_2h": Mackworth(n_periods=4, period_s=60.0, gaps_s=(8.0, 12.0, 15.0, 10.0), first_signal_s=5.0),
    "grad_cpt": GradCPT(n_trials=100, n_blocks=2),
    "ax_cpt": AXCPT(ax=7, ay=1, bx=1, by=1, n_blocks=2),
}
TITLES = {
    "sart": "SART",
    "cpt_x": "CPT-X",
    "pvt": "PVT",
    "mackworth": "Mackworth",
    "grad_cpt": "gradCPT",
    "ax_cpt": "AX-CPT",
}
AGENTS = (
    "human",
    "spiking",
    "lstm",
    "lstm-arousal",
    "attention",
    "attention-arousal",
    "spiking-no-arousal",
    "spiking-no-self-excitation",
)
TUNED = frozenset(
    {("sart", name) for name in ("commission_rate", "omission_rate", "d_prime", "rt_mean_ms")}
    | {("pvt", name) for name in ("rt_slope_ms_per_min", "lapse_rate", "speed_per_s", "rt_median_ms")}
)


def _findings() -> Findings:
    from studies.sustained.findings import FINDINGS

    return FINDINGS


def design(name: str, question: str) -> Design:
    """The study under its name and with its question."""
    return Design(
        name=name,
        title="Sustained attention over time on task",
        question=question,
        tasks=TASKS,
        quick_tasks=QUICK,
        titles=TITLES,
        agents=AGENTS,
        quick_agents=AGENTS,
        baseline=baseline,
        calibration=CalibrationText(FITTED, BY_HAND, PREDICTED, TUNED),
        findings=_findings,
        chosen_tasks=("sart", "pvt"),
    )
