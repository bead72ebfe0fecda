"""A short form of every task: a few trials of the same kind, for tests in which they are performed."""

from __future__ import annotations

from typing import Any

from bridges.tasks import (
    ANT,
    AXCPT,
    CPTX,
    MOT,
    PRP,
    PVT,
    SART,
    AttentionalBlink,
    ChangeDetection,
    DualDetection,
    Flanker,
    GradCPT,
    Mackworth,
    Monitoring,
    Posner,
    VisualSearch,
)

__all__ = ["SHORT"]

SHORT: dict[str, Any] = {
    "sart": SART(trials_per_digit=1, n_blocks=1),
    "cpt_x": CPTX(n_blocks=1, trials_per_block=8, no_go_per_block=1, isi_s=(1.0,)),
    "pvt": PVT(duration_s=12.0, foreperiod_min_s=1.0, foreperiod_max_s=2.0),
    "ax_cpt": AXCPT(
        ax=2, ay=1, bx=1, by=1, n_blocks=1, cue_s=0.3, delay_s=0.7, response_s=1.0, intertrial_s=(0.5,)
    ),
    "grad_cpt": GradCPT(n_trials=12, no_go_share=0.25, n_blocks=1),
    "mackworth": Mackworth(n_periods=1, period_s=40.0, gaps_s=(10.0, 15.0), first_signal_s=5.0),
    "prp": PRP(soa_s=(0.1, 0.6), trials_per_soa=2, blocks=("dual", "single_2"), fixation_s=0.3, window_s=1.2),
    "attentional_blink": AttentionalBlink(
        lags=(2, 6), trials_per_lag=(2, 2), blocks=("dual",), t1_targets=("A", "B"),
        before_min=3, before_max=5, after=6, report_s=1.0,
    ),
    "mot": MOT(
        n_objects=4, n_targets=(1, 2), speed=(5.0,), trials_per_cell=2, n_blocks=1,
        cue_s=0.5, motion_s=1.0, fixation_s=0.3, window_s=1.2,
    ),
    "dual_detection": DualDetection(
        blocks=(0.5, 1.0), trials_per_block=4, outer_digits=("2", "5"), inner_digits=("3", "4"),
        before_min=2, before_max=4, after=2, window_s=1.2,
    ),
    "change_detection": ChangeDetection(
        set_sizes=(1, 3), trials_per_size=2, change_probability=(0.5,), n_blocks=1,
        colours=("red", "green", "blue", "yellow"), n_places=6, fixation_s=0.3, window_s=1.2, test_s=1.0,
    ),
    "monitoring": Monitoring(n_displays=10, visual_targets=2, auditory_targets=2),
    "posner": Posner(valid=2, invalid=1, soa_s=(0.3,), n_blocks=1, fixation_min_s=0.3, fixation_max_s=0.5),
    "flanker": Flanker(congruent=2, incongruent=2, n_blocks=1),
    "visual_search": VisualSearch(
        kind="feature", distractor_level=0.0, set_sizes=(2, 4), trials_per_cell=2, n_blocks=1,
        n_locations=4, window_s=1.2, fixation_min_s=0.3, fixation_max_s=0.5,
    ),
    "ant": ANT(
        trials_per_cell=1, n_blocks=1, window_s=1.2, trial_s=2.2, fixation_min_s=0.1, fixation_max_s=0.4
    ),
}  # fmt: skip
