"""Real people: the readers and measures give the numbers that were published for open data sets."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bridges.human.measured import read_measured
from bridges.human.readers import read_human, read_trials
from bridges.human.reference import effect
from bridges.human.scores import read_cpt_scores
from bridges.measures import measure
from bridges.measures.effects import effects
from bridges.participants.human import RecordedParticipant


def human_data(name):
    root = os.environ.get("NEUROSIM_HUMAN_DATA")
    folder = Path(root) if root else Path(__file__).resolve().parents[2] / "shared" / "human_data"
    if not (folder / name).is_dir():
        pytest.skip(f"no human data at {folder / name}; set NEUROSIM_HUMAN_DATA")
    return folder / name


def test_pvt_of_the_stockholm_sleepy_brain():
    data = read_human(human_data("ds000201_pvt"))
    assert len(data.trials) == 47
    assert data.notes == [
        "kept 47 of 171 records: age_group = Young, sleep = full; pass groups={} to keep all"
    ]
    people = RecordedParticipant(data.trials)
    performances = people.perform(people.sessions, [0] * 47)
    scores = pd.DataFrame(
        [measure(s, p.responses) for s, p in zip(people.sessions, performances, strict=True)]
    )
    mean, sd = scores.mean(), scores.std(ddof=1)
    assert mean["rt_mean_ms"] == pytest.approx(effect("pvt", "rt_mean_ms").value, abs=0.05)
    assert sd["rt_mean_ms"] == pytest.approx(29.8, abs=0.1)
    assert mean["rt_median_ms"] == pytest.approx(effect("pvt", "rt_median_ms").value, abs=0.05)
    assert sd["rt_median_ms"] == pytest.approx(28.3, abs=0.05)
    assert mean["speed_per_s"] == pytest.approx(effect("pvt", "speed_per_s").value, abs=0.005)
    assert mean["lapses"] == pytest.approx(effect("pvt", "lapses").value, abs=0.005)
    assert mean["rt_cv"] == pytest.approx(effect("pvt", "rt_cv").value, abs=0.0005)
    slope = effect("pvt", "rt_slope_ms_per_min")
    assert mean["rt_slope_ms_per_min"] == pytest.approx(slope.value, abs=0.05)
    assert sd["rt_slope_ms_per_min"] == pytest.approx(slope.spread_sd, abs=0.05)
    half = 1.96 * sd["rt_slope_ms_per_min"] / np.sqrt(47)
    assert mean["rt_slope_ms_per_min"] - half == pytest.approx(slope.low, abs=0.05)
    assert mean["rt_slope_ms_per_min"] + half == pytest.approx(slope.high, abs=0.06)
    # false starts are in the responses, and left out of the times by the measures
    assert scores["false_starts"].sum() > 0
    assert mean["rt_skew"] > 0


def test_pvt_of_everybody_keeps_every_row():
    folder = human_data("ds000201_pvt")
    plain = pd.read_csv(folder / "trials.csv.gz")
    everybody = read_human(folder, groups={}).trials
    assert sum(record.session.n_trials for record in everybody) == len(plain) == 8329
    assert len(everybody) == 171
    old = read_human(folder, groups={"age_group": "Old", "sleep": "full"}).trials
    scores = pd.DataFrame([measure(r.session, r.responses) for r in old])
    assert len(old) == 39
    assert scores["rt_mean_ms"].mean() == pytest.approx(effect("pvt", "rt_mean_ms", "old").value, abs=0.05)
    assert scores["lapses"].mean() == pytest.approx(effect("pvt", "lapses", "old").value, abs=0.005)


def test_cpt_of_the_phenomics_consortium():
    data = read_human(human_data("ds000030_cpt_ant_scap"))
    scores = data.scores
    assert scores is not None
    assert len(scores) == 130
    assert data.trials == []
    aside = [note.split(":")[0] for note in data.notes if "left aside" in note]
    assert aside == ["scap_fmri_trials.csv.gz"]
    for name, digits in (
        ("commission_rate", 0.0005),
        ("omission_rate", 0.00005),
        ("rt_mean_ms", 0.5),
        ("rt_sd_ms", 0.5),
        ("rt_cv", 0.0005),
        ("criterion", 0.005),
        ("rt_isi_slope_ms_per_s", 0.05),
        # published as 3.08; the log-linear formula gives 3.075
        ("d_prime", 0.006),
    ):
        reference = effect("cpt_x", name)
        assert scores[name].mean() == pytest.approx(reference.value, abs=digits), name
        assert scores[name].std(ddof=1) == pytest.approx(reference.spread_sd, rel=0.03), name
    for isi, rt in ((1, 343), (2, 366), (4, 400)):
        assert scores[f"rt_mean_ms_isi_{isi}"].mean() == pytest.approx(rt, abs=0.5)


def test_cpt_scores_by_diagnosis():
    path = human_data("ds000030_cpt_ant_scap") / "cpt_subject_scores.csv"
    everybody = read_cpt_scores(path, diagnosis=None)
    assert everybody["diagnosis"].value_counts().to_dict() == {
        "CONTROL": 130,
        "SCHZ": 50,
        "BIPOLAR": 49,
        "ADHD": 43,
    }
    for group in ("ADHD", "SCHZ"):
        found = read_cpt_scores(path, diagnosis=group)["d_prime"]
        assert found.mean() == pytest.approx(effect("cpt_x", "d_prime", group).value, abs=0.006)
    with pytest.raises(ValueError, match=r"diagnosis = 'HEALTHY'.*CONTROL"):
        read_cpt_scores(path, diagnosis="HEALTHY")


def test_flanker_of_kelly_and_colleagues(tmp_path):
    folder = human_data("ds000102_flanker")
    records = read_human(folder).trials
    assert len(records) == 26 * 2
    scored = pd.concat(record.scored().assign(who=record.participant_id) for record in records)
    right = scored[scored["correct"]]
    by_type = right.groupby(["who", "trial_type"])["response_time_s"].mean().unstack()
    conflict_ms = 1e3 * (by_type["incongruent"] - by_type["congruent"])
    reference = effect("flanker", "conflict_ms", "slow event-related")
    assert conflict_ms.mean() == pytest.approx(reference.value, abs=2.0)
    assert conflict_ms.std(ddof=1) == pytest.approx(reference.spread_sd, rel=0.05)
    # under another name, nothing says which task it is
    (tmp_path / "unnamed").mkdir()
    elsewhere = tmp_path / "unnamed" / "trials.csv"
    elsewhere.write_bytes((folder / "trials.csv").read_bytes())
    with pytest.raises(ValueError, match=r"does not say which task it is of; pass task=.*flanker"):
        read_human(elsewhere)
    assert len(read_human(elsewhere, "flanker").trials) == 52


def test_ax_cpt_of_the_dual_mechanisms_project():
    records = read_human(human_data("ds003465_axcpt")).trials
    scored = pd.concat(record.scored().assign(who=record.participant_id) for record in records)
    error = 1 - scored.groupby(["who", "trial_type"])["correct"].mean().unstack()
    assert len(error) == 55
    for kind in ("AX", "AY", "BX", "BY"):
        assert error[kind].mean() == pytest.approx(effect("ax_cpt", "error_rate", kind).value, abs=0.0006)


def test_attentional_blink_of_reteig_and_colleagues():
    blink = read_human(human_data("ds001810_attentional_blink")).measured["attentional_blink"]
    assert len(blink.scores) == 47
    magnitude, reference = (
        blink.scores["blink_magnitude_pp"],
        effect("attentional_blink", "blink_magnitude_pp"),
    )
    assert magnitude.mean() == pytest.approx(reference.value, abs=0.05)
    assert magnitude.std(ddof=1) == pytest.approx(reference.spread_sd, abs=0.05)
    by_lag = blink.curves[blink.curves["measure"] == "t2_given_t1"].groupby("x")["value"].agg(["mean", "std"])
    for lag in (3, 8):
        known = effect("attentional_blink", "t2_given_t1", f"lag {lag}")
        assert by_lag.loc[lag, "mean"] == pytest.approx(known.value, abs=0.0006)
        assert by_lag.loc[lag, "std"] == pytest.approx(known.spread_sd, abs=0.0006)


def test_capacity_and_conflict_of_the_phenomics_consortium():
    measured = read_human(human_data("ds000030_cpt_ant_scap")).measured
    k = measured["change_detection"]
    # the effect code finds the published capacities again, from published rates of hits and false alarms
    assert k.curves["participant_id"].nunique() == 130
    by_load = k.curves.groupby("x")["value"].agg(["mean", "std"])
    for load in (1, 3, 5, 7):
        known = effect("change_detection", "cowan_k", f"SCAP, N = {load}")
        assert by_load.loc[load, "mean"] == pytest.approx(known.value, abs=0.006), load
        assert by_load.loc[load, "std"] == pytest.approx(known.spread_sd, abs=0.006), load
    assert (k.scores["k_rise_small"] > k.scores["k_rise_large"]).mean() > 0.9
    conflict, known = measured["ant"].scores["conflict_ms"], effect("ant", "conflict_ms", "CNP controls")
    assert len(conflict) == known.n
    assert conflict.mean() == pytest.approx(known.value, abs=0.05)
    assert conflict.std(ddof=1) == pytest.approx(known.spread_sd, abs=0.05)


def test_flanker_of_the_erp_core():
    path = human_data("ds005863_flanker_oddball") / "flanker_trials.csv.gz"
    records = read_trials(path, "flanker", longest_response_time_s=1.5)
    fit = [record for record in records if record.scored()["correct"].mean() >= 0.6]
    assert (len(records), len(fit)) == (73, 71)
    found = pd.DataFrame([effects(record.session, record.responses) for record in fit])
    conflict, known = found["conflict_ms"], effect("flanker", "conflict_ms")
    assert conflict.mean() == pytest.approx(known.value, abs=0.1)
    assert conflict.std(ddof=1) == pytest.approx(known.spread_sd, abs=0.1)
    # published without the trials that were not answered; here no answer is an error
    known = effect("flanker", "conflict_accuracy_pp")
    assert found["conflict_accuracy_pp"].mean() == pytest.approx(known.value, abs=0.6)
    # fast incongruent answers are those that flankers take
    assert found["caf_dip_pp"].mean() > 20.0
    assert found["gratton_ms"].mean() > 0.0


def test_flanker_of_kelly_has_the_published_conflict_by_person():
    records = read_human(human_data("ds000102_flanker")).trials
    rows = [{"who": r.participant_id, **effects(r.session, r.responses)} for r in records]
    by_person = pd.DataFrame(rows).groupby("who").mean()
    assert len(by_person) == 26
    known = effect("flanker", "conflict_ms", "slow event-related")
    assert by_person["conflict_ms"].mean() == pytest.approx(known.value, abs=2.0)
    known = effect("flanker", "conflict_accuracy_pp", "slow event-related")
    assert by_person["conflict_accuracy_pp"].mean() == pytest.approx(known.value, abs=0.1)


def test_measured_tables_refuse_what_they_cannot_read(tmp_path):
    path = tmp_path / "trials.csv"
    path.write_text("participant_id,lag,t1_correct,t2_correct\nsub-1,3,1,x\n")
    with pytest.raises(ValueError, match=r"row 2.*t2_correct"):
        read_measured(path)
    path.write_text("participant_id,lag\nsub-1,3\n")
    with pytest.raises(ValueError, match="no table of attentional_blink"):
        read_measured(path)
