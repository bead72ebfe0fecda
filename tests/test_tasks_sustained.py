"""AX-CPT, gradCPT and Mackworth clock: published counts, proportions and timings; ideal observers; faults."""

from __future__ import annotations

import doctest
import importlib
import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chisquare
from task_checks import (
    assert_batch_holds_sessions,
    assert_is_task,
    assert_rules_suffice,
    assert_share,
    counts,
    spread,
)

from bridges.encoding import RateCode, levels
from bridges.human.vocabulary import TASKS as WORDS
from bridges.tasks.ax_cpt import AXCPT, TRIAL_TYPES
from bridges.tasks.draws import balanced, counted, participant_number, without_repeats
from bridges.tasks.grad_cpt import GradCPT
from bridges.tasks.mackworth import Mackworth
from bridges.tasks.observers import mean_count

quick = settings(max_examples=12, deadline=None)
seeds = st.integers(0, 2**64)

FORMS = {
    "ax_classic": AXCPT.classic(),
    "ax_no_go": AXCPT.no_go(),
    "ax_dpx": AXCPT.dpx(),
    "grad_laboratory": GradCPT.laboratory(),
    "grad_web": GradCPT.web(),
    "mackworth_short": Mackworth.short(),
}


def human_trials(name: str) -> pd.DataFrame:
    root = os.environ.get("NEUROSIM_HUMAN_DATA")
    folder = Path(root) if root else Path(__file__).resolve().parents[2] / "shared" / "human_data"
    if not (folder / name).is_dir():
        pytest.skip(f"no human data at {folder / name}; set NEUROSIM_HUMAN_DATA")
    return pd.read_csv(folder / name / "trials.csv.gz")


# --- what holds for every form --------------------------------------------------------------------


@pytest.mark.parametrize("task", FORMS.values(), ids=FORMS)
def test_every_form_is_a_task(task):
    assert_is_task(task)
    assert task.counterbalanced(0).practice().session(1).n_trials < task.n_trials / 2


@pytest.mark.parametrize("task", FORMS.values(), ids=FORMS)
def test_rules_and_events_suffice_to_be_right(task):
    assert_rules_suffice(task.practice().session(6))


@pytest.mark.parametrize("task", FORMS.values(), ids=FORMS)
def test_batches_hold_the_same_sessions(task):
    assert_batch_holds_sessions(task.practice())


@pytest.mark.parametrize("task", FORMS.values(), ids=FORMS)
def test_human_readers_know_the_trial_types(task):
    words = WORDS[task.name]
    trials = task.practice().session(2).trials
    assert words.responses == task.responses
    for trial_type, correct in zip(trials["trial_type"], trials["correct_response"], strict=True):
        assert words.correct[trial_type] == correct


@pytest.mark.parametrize("name", ["ax_cpt", "grad_cpt", "mackworth", "draws"])
def test_examples_run(name):
    assert doctest.testmod(importlib.import_module(f"bridges.tasks.{name}")).failed == 0


# --- AX-CPT ---------------------------------------------------------------------------------------


def test_ax_cpt_classic_proportions():
    trials = AXCPT.classic().session(4).trials
    share = trials["trial_type"].value_counts(normalize=True)
    assert share.to_dict() == {"AX": 0.7, "AY": 0.1, "BX": 0.1, "BY": 0.1}
    assert (trials.groupby(["block", "trial_type"]).size().unstack() == [28, 4, 4, 4]).all(axis=None)


def test_ax_cpt_no_go_form_is_that_of_the_data():
    data = human_trials("ds003465_axcpt").sort_values(["participant_id", "run", "onset"])
    session = AXCPT.no_go().session(11)
    ours = session.trials
    names = {"Ang": "A_no_go", "Bng": "B_no_go"}
    for _, person in data.groupby("participant_id"):
        theirs = person["trial_type"].replace(names).value_counts()
        assert theirs.to_dict() == ours["trial_type"].value_counts().to_dict()
    number = data.groupby(["participant_id", "run"]).cumcount()
    theirs = data.groupby([data["participant_id"], data["run"], number // 24])["trial_type"].value_counts()
    assert set(theirs.unstack().replace(np.nan, 0).drop_duplicates().iloc[0]) == {8, 2}
    assert len(theirs.unstack().drop_duplicates()) == 1
    # from cue to cue 7.2, 8.4 or 9.6 s, a third of the trials each
    gaps = data.groupby(["participant_id", "run"])["onset"].diff()
    theirs = gaps[gaps < 12].round(1).value_counts(normalize=True)
    own = ours.groupby("block")["cue_onset_s"].diff().dropna().round(6).value_counts(normalize=True)
    assert set(own.index) == {7.2, 8.4, 9.6}
    assert (theirs[[7.2, 8.4, 9.6]] - 1 / 3).abs().max() < 0.01
    assert (own - 1 / 3).abs().max() < 0.03


def test_ax_cpt_dpx_form():
    task = AXCPT.dpx()
    trials = task.session(1).trials
    assert trials["trial_type"].value_counts().to_dict() == {"AX": 88, "AY": 16, "BX": 16, "BY": 8}
    assert set(trials["cue"]) <= {f"cue_{k}" for k in range(1, 7)}
    valid = {
        (pair.a_cue, pair.x_probe)
        for pair in (task.counterbalanced(participant) for participant in range(36))
    }
    assert len(valid) == 36
    assert all(len(set((t.a_cue, *t.b_cues))) == 6 for t in (task.counterbalanced(k) for k in range(36)))


@quick
@given(
    seed=seeds,
    per_type=st.tuples(*[st.integers(0, 6)] * 6).filter(any),
    blocks=st.integers(1, 5),
    delay=st.sampled_from([1.0, 4.5]),
    gaps=st.sampled_from([(1.0,), (1.9, 3.1, 4.3)]),
)
def test_ax_cpt_properties(seed, per_type, blocks, delay, gaps):
    ax, ay, bx, by, a_no_go, b_no_go = per_type
    task = AXCPT(
        ax=ax, ay=ay, bx=bx, by=by, a_no_go=a_no_go, b_no_go=b_no_go,
        n_blocks=blocks, delay_s=delay, intertrial_s=gaps, block_rest_s=5.0,
    )  # fmt: skip
    session = task.session(seed)
    trials = session.trials
    for block in range(blocks):
        counts_here = trials.loc[trials["block"] == block, "trial_type"].value_counts()
        assert counts_here.to_dict() == {k: n for k, n in zip(TRIAL_TYPES, per_type, strict=True) if n}
    is_a = trials["trial_type"].str.startswith("A")
    assert ((trials["cue"] == "A") == is_a).all()
    assert ((trials["probe"] == "X") == trials["trial_type"].str.endswith("X")).all()
    assert (trials["probe"].str.isdigit() == trials["trial_type"].str.contains("no_go")).all()
    expected = np.where(trials["trial_type"] == "AX", "target", "nontarget")
    expected[trials["trial_type"].str.contains("no_go")] = "none"
    assert (trials["correct_response"] == expected).all()
    assert np.allclose(trials["onset_s"] - trials["cue_onset_s"], task.cue_s + delay)
    events = session.events.pivot(index="trial", columns="channel", values="onset_s")
    cues = events.reindex(columns=["cue_a", "cue_b"])
    assert (cues.notna().sum(axis=1) == 1).all()
    assert np.allclose(cues.max(axis=1), trials["cue_onset_s"])
    assert (cues["cue_a"].notna() == is_a.to_numpy()).all()
    # within a block the gaps are as equal in number as possible
    gap = trials.groupby("block")["cue_onset_s"].diff().dropna() - task.cue_s - delay - task.response_s
    assert set(gap.round(6)) <= set(gaps)
    between = trials.groupby("block")["cue_onset_s"].agg(["first", "last"])
    rest = between["first"].to_numpy()[1:] - between["last"].to_numpy()[:-1] - task.cue_s - delay - 1.3 - 5.0
    assert all(np.min(np.abs(np.array(gaps) - r)) < 1e-6 for r in rest)


def test_ax_cpt_items_are_spread_evenly():
    trials = AXCPT(ax=0, ay=0, bx=0, by=40).session(0).trials
    assert spread(trials["cue"].value_counts()) <= 1
    assert spread(trials["probe"].value_counts()) <= 1
    assert not set(trials["cue"]) & set("AKXY")


@pytest.mark.parametrize("with_no_go", [False, True])
def test_ax_cpt_ideal_observer(with_no_go):
    n_no_go = 20 if with_no_go else 0
    task = AXCPT(
        ax=70, ay=30, bx=50, by=20, a_no_go=n_no_go, b_no_go=n_no_go, n_blocks=8,
        cue_s=0.2, delay_s=0.5, probe_s=0.2, contrast=0.02,
    )  # fmt: skip
    session = task.session(3)
    trials = session.trials
    rng = np.random.default_rng(5)
    cue = counts(session, trials["cue_onset_s"], trials["cue_onset_s"] + 0.2, 0.1, rng)
    probe = counts(session, trials["onset_s"], trials["onset_s"] + 0.2, 0.1, rng)
    step = np.log(mean_count(0.02, 0.2) / mean_count(0.0, 0.2))
    column = {name: k for k, name in enumerate(session.channels)}
    channels_of = {
        kind: (f"cue_{kind[0].lower()}", "probe_digit" if "no_go" in kind else f"probe_{kind[1].lower()}")
        for kind, n in zip(TRIAL_TYPES, task.counts, strict=True)
        if n
    }
    posterior = pd.DataFrame(0.0, index=trials.index, columns=["target", "nontarget", "none"])
    for kind, (cue_channel, probe_channel) in channels_of.items():
        n = task.counts[TRIAL_TYPES.index(kind)]
        answer = "target" if kind == "AX" else "none" if "no_go" in kind else "nontarget"
        evidence = cue[:, column[cue_channel]] + probe[:, column[probe_channel]]
        posterior[answer] += n * np.exp(step * evidence)
    right = posterior.idxmax(axis=1) == trials["correct_response"]
    expected = task.ideal_accuracy()
    assert 0.5 < expected < 0.95
    assert_share(right.to_numpy(), expected)


def test_ax_cpt_ideal_observer_has_the_right_limits():
    assert AXCPT().ideal_accuracy() == 1.0
    # nothing to see: the most frequent answer
    assert AXCPT(contrast=0.0).ideal_accuracy() == pytest.approx(0.7)
    assert AXCPT(contrast=1e-9).ideal_accuracy() == pytest.approx(0.7, abs=1e-6)


# --- gradCPT --------------------------------------------------------------------------------------


@pytest.mark.parametrize(("task", "minutes", "mountains"), [(GradCPT(), 8, 60), (GradCPT.web(), 4, 30)])
def test_grad_cpt_published_forms(task, minutes, mountains):
    trials = task.session(7).trials
    assert np.allclose(np.diff(trials["onset_s"]), 0.8)
    assert len(trials) * 0.8 == pytest.approx(60 * minutes)
    assert (trials["trial_type"] == "no_go").sum() == mountains == len(trials) / 10
    assert trials["block"].nunique() == minutes
    assert (trials.groupby("block").size() == 75).all()


@quick
@given(
    seed=seeds,
    n=st.integers(1, 12),
    share=st.sampled_from([0.0, 0.1, 0.2, 0.5]),
    pictures=st.integers(2, 10),
    steps=st.sampled_from([2, 4, 8]),
)
def test_grad_cpt_properties(seed, n, share, pictures, steps):
    task = GradCPT(
        n_trials=10 * n,
        no_go_share=share,
        n_cities=pictures,
        n_mountains=pictures,
        fade_steps=steps,
        n_blocks=1,
    )
    session = task.session(seed)
    trials = session.trials
    no_go = trials["trial_type"] == "no_go"
    assert no_go.sum() == round(10 * n * share)
    assert not no_go.iloc[:2].any()
    assert (trials["stimulus"].str.startswith("mountain") == no_go).all()
    assert (trials["stimulus"].to_numpy()[1:] != trials["stimulus"].to_numpy()[:-1]).all()
    # levels are those of a linear fade of 0.8 s, seen at the middle of each step
    step_s = 0.8 / steps
    level = levels(session, step_s / 2)
    begin = round(task.lead_in_s / (step_s / 2))
    weight = (np.arange(steps) + 0.5) / steps
    shown = level[begin : begin + 2 * steps * (10 * n + 1) : 2, :2].reshape(10 * n + 1, steps, 2)
    for k in range(10 * n + 1):
        entering = None if k == 10 * n else int(no_go.iloc[k])
        leaving = None if k == 0 else int(no_go.iloc[k - 1])
        expected = np.zeros((steps, 2))
        if leaving is not None:
            expected[:, leaving] = 1 - weight
        if entering is not None:
            expected[:, entering] = np.maximum(expected[:, entering], weight)
        assert np.allclose(shown[k], expected, atol=1e-6)


def test_grad_cpt_window_splits_the_ambiguous_part():
    trials = GradCPT.web().session(1).trials
    assert np.allclose(trials["window_start_s"] - trials["onset_s"], 0.55 * 0.8)
    assert np.allclose(trials["window_stop_s"].iloc[:-1], trials["window_start_s"].iloc[1:])


def test_grad_cpt_mountains_fall_evenly():
    task = GradCPT(n_trials=20, n_blocks=1)
    trials = task.sessions(500, seed=0).trials
    hits = (trials["trial_type"] == "no_go").to_numpy().reshape(500, 20).sum(axis=0)
    assert (hits[:2] == 0).all()
    assert chisquare(hits[2:]).pvalue > 1e-3


def test_grad_cpt_pictures_come_equally_often():
    pictures = pd.concat([GradCPT().session(seed).trials["stimulus"] for seed in range(10)])
    cities = pictures[pictures.str.startswith("city")].value_counts()
    assert len(cities) == 10
    assert chisquare(cities).pvalue > 1e-3


def test_grad_cpt_ideal_observer():
    task = GradCPT(n_trials=3000, no_go_share=0.3, contrast=0.03, n_blocks=1)
    session = task.session(1)
    trials = session.trials
    full = trials["onset_s"] + 0.8
    spikes = counts(session, full - 0.2, full, 0.2, np.random.default_rng(2))
    # likelihoods by the image before, whose rest is still there
    clear, rest, none = (mean_count(0.03 * level, 0.2) for level in (0.875, 0.125, 0.0))

    def likelihood(first: float, second: float) -> np.ndarray:
        return np.exp(
            spikes[:, 0] * np.log(first / clear) - first + spikes[:, 1] * np.log(second / clear) - second
        )

    go = 0.7 * likelihood(clear, none) + 0.3 * likelihood(clear, rest)
    no_go = 0.3 * likelihood(none, clear) + 0.7 * likelihood(rest, clear)
    right = (0.7 * go > 0.3 * no_go) == (trials["trial_type"] == "go")
    assert 0.75 < task.ideal_accuracy() < 0.99
    assert_share(right.to_numpy(), task.ideal_accuracy())


def test_grad_cpt_ideal_observer_has_the_right_limits():
    assert GradCPT().ideal_accuracy() == 1.0
    assert GradCPT(contrast=0.0).ideal_accuracy() == pytest.approx(0.9)


# --- Mackworth clock ------------------------------------------------------------------------------


def test_mackworth_published_form():
    task = Mackworth.original()
    session = task.session(2)
    signals = session.trials[session.trials["trial_type"] == "go"]
    assert len(signals) == 48
    assert (signals.groupby("block").size() == 12).all()
    for _, period in signals.groupby("block"):
        # 12 signals that span 20 minutes
        assert period["onset_s"].iloc[-1] - period["onset_s"].iloc[0] == pytest.approx(1200.0)
    gaps = np.diff(signals["onset_s"])
    assert gaps.min() == 45.0 and gaps.max() == 600.0
    steps = session.events[session.events["trial"] >= 0]
    assert len(steps) == 7200
    assert np.allclose(np.diff(steps["onset_s"]), 1.0)
    assert (steps["channel"] == "go").sum() == 48


@quick
@given(
    seed=seeds,
    periods=st.integers(1, 3),
    gaps=st.lists(st.integers(8, 60), min_size=0, max_size=6),
    window=st.integers(1, 8),
)
def test_mackworth_properties(seed, periods, gaps, window):
    task = Mackworth(
        n_periods=periods,
        gaps_s=tuple(float(gap) for gap in gaps),
        period_s=float(20 + sum(gaps) + window),
        first_signal_s=10.0,
        window_s=float(window),
    )
    session = task.session(seed)
    trials = session.trials
    signals = trials[trials["trial_type"] == "go"]
    assert len(signals) == task.n_signals == periods * (len(gaps) + 1)
    for _, period in signals.groupby("block"):
        assert sorted(np.rint(np.diff(period["onset_s"]))) == sorted(gaps)
    lengths = trials["window_stop_s"] - trials["window_start_s"]
    assert np.allclose(lengths, np.where(trials["trial_type"] == "go", window, 1.0))
    # windows cover the watch without a hole: every press belongs to a trial
    assert np.allclose(trials["window_stop_s"].iloc[:-1], trials["window_start_s"].iloc[1:])
    assert trials["window_stop_s"].iloc[-1] == pytest.approx(task.lead_in_s + periods * task.period_s)


def test_mackworth_gaps_come_in_random_order():
    orders = set()
    for seed in range(20):
        trials = Mackworth.short().session(seed).trials
        onsets = trials.loc[trials["trial_type"] == "go", "onset_s"]
        orders.add(tuple(np.diff(onsets)))
    assert len(orders) == 20


def test_mackworth_ideal_observer():
    task = Mackworth(
        n_periods=1, period_s=4000.0, gaps_s=(2.0,) * 1200, window_s=1.0, first_signal_s=20.0, contrast=0.02
    )
    session = task.session(0)
    trials = session.trials
    spikes = counts(session, trials["onset_s"], trials["onset_s"] + 0.2, 0.1, np.random.default_rng(1))
    ratio = np.log(mean_count(0.02, 0.2) / mean_count(0.0, 0.2))
    prior = np.log(task.signal_share / (1 - task.signal_share))
    says_signal = (spikes[:, 0] - spikes[:, 1]) * ratio + prior > 0
    right = says_signal == (trials["trial_type"] == "go")
    assert 0.75 < task.ideal_accuracy() < 0.99
    assert_share(right.to_numpy(), task.ideal_accuracy())


# --- draws ----------------------------------------------------------------------------------------


@quick
@given(
    seed=seeds,
    kinds=st.lists(st.integers(0, 1), min_size=1, max_size=60),
    n_items=st.tuples(st.integers(2, 5), st.integers(2, 5)),
)
def test_items_never_repeat_at_once(seed, kinds, n_items):
    kind = np.array(kinds)
    item = without_repeats(np.random.default_rng(seed), kind, n_items)
    assert (item < np.array(n_items)[kind]).all() and (item >= 0).all()
    same = (kind[1:] == kind[:-1]) & (item[1:] == item[:-1])
    assert not same.any()


def test_items_without_repeats_are_uniform():
    rng = np.random.default_rng(0)
    items = np.concatenate([without_repeats(rng, np.zeros(50, dtype=int), (5,)) for _ in range(200)])
    assert chisquare(np.bincount(items)).pvalue > 1e-3


def test_counted_and_balanced_are_exact():
    rng = np.random.default_rng(0)
    assert all(np.bincount(block).tolist() == [3, 0, 2] for block in counted(rng, (3, 0, 2), 4))
    assert spread(np.bincount(balanced(rng, 17, 5))) == 1


@pytest.mark.parametrize("participant", [-1, 1.5, True, "2"])
def test_participant_must_be_a_number(participant):
    with pytest.raises(ValueError, match="participant"):
        participant_number(participant)


# --- faults ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: AXCPT(ax=-1), ["ax = -1", ">= 0"]),
        (lambda: AXCPT(ax=0, ay=0, bx=0, by=0), ["ax = 0", "at least one trial"]),
        (lambda: AXCPT(probe_s=2.0), ["probe_s = 2.0", "response_s = 1.3"]),
        (lambda: AXCPT(b_cues=("A", "B")), ["a_cue = 'A'", "b_cues"]),
        (lambda: AXCPT(y_probes=("X", "B")), ["x_probe = 'X'", "y_probes"]),
        (lambda: AXCPT(intertrial_s=()), ["intertrial_s = ()"]),
        (lambda: AXCPT(contrast=1.5), ["contrast = 1.5", "from 0 to 1"]),
        (lambda: GradCPT(n_trials=25, no_go_share=0.1), ["n_trials = 25", "whole"]),
        (lambda: GradCPT(n_trials=10, no_go_share=0.9), ["no_go_share = 0.9", "first two"]),
        (lambda: GradCPT(n_cities=1), ["n_cities = 1", "2 at least"]),
        (lambda: GradCPT(fade_steps=3), ["fade_steps = 3", "even"]),
        (lambda: GradCPT(n_blocks=1000), ["n_blocks = 1000", "n_trials = 600"]),
        (lambda: GradCPT(lead_in_s=0.5), ["lead_in_s = 0.5", "instruction cue"]),
        (lambda: Mackworth(gaps_s=(4.0,)), ["gaps_s = (4.0,)", "window_s = 8.0", "overlap"]),
        (lambda: Mackworth(gaps_s=(45.5,)), ["gaps_s = (45.5,)", "step_s = 1.0"]),
        (lambda: Mackworth(period_s=1000.0), ["period_s = 1000.0", "end within the period"]),
        (lambda: Mackworth(step_shown_s=2.0), ["step_shown_s = 2.0"]),
        (lambda: Mackworth(gaps_s=[45.0]), ["gaps_s = [45.0]", "tuple"]),
    ],
)
def test_parameters_that_cannot_be_met_are_named(make, said):
    with pytest.raises(ValueError) as fault:
        make()
    assert all(text in str(fault.value) for text in said)


def test_every_fault_is_listed_at_once():
    with pytest.raises(ValueError) as fault:
        AXCPT(ax=-1, cue_s=0, contrast="high", b_cues=(), lead_out_s=-1)
    assert len(str(fault.value).splitlines()) == 6


def test_the_noise_of_another_code_lowers_the_ceiling():
    weak = RateCode(low_hz=5.0, high_hz=15.0, n_neurons=4)
    for task in (AXCPT(), GradCPT(), Mackworth()):
        assert task.ideal_accuracy(weak) < task.ideal_accuracy()
    assert replace(GradCPT(), contrast=0.02).ideal_accuracy() < 1.0
