"""Studies that compare agents: people-like participants show every effect, ideal ones none; scorecard."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from fake_people import Model, table_of_flanker

from bridges.measures import Interval
from studies.agents import AGENTS, in_order
from studies.comparison.ablation_figure import ablation_table, draw_ablations
from studies.comparison.claims import Ablation, Sign, ablation_checks, band_checks, sign_checks
from studies.comparison.curves_figure import draw_panels, mean_curve
from studies.comparison.design import Material
from studies.comparison.options import Options, plan_of
from studies.divided.causes import ABLATIONS
from studies.divided.design import design as divided
from studies.divided.findings import FINDINGS, PANELS, SIGNS
from studies.figures import LOOKS, house_style
from studies.people import read_people
from studies.report_tables import status_table
from studies.scorecard import MEASURES, scorecard
from studies.scorecards import gather
from studies.scores import score
from studies.selective.causes import ABLATIONS as SELECTIVE_ABLATIONS
from studies.selective.design import design as selective
from studies.selective.findings import PANELS as SELECTIVE_PANELS
from studies.selective.findings import SIGNS as SELECTIVE_SIGNS
from studies.selective_attention import SelectiveAttention, main
from studies.sustained.design import design as sustained

HERE = Path(__file__).parent
DESIGNS = {
    "divided": divided("divided_attention", "?"),
    "selective": selective("selective_attention", "?"),
    "sustained": sustained("sustained_attention", "?"),
}
N = 5


def performed(design, agents):
    cells = {}
    for task in design.quick_tasks.values():
        sessions = [task.session(seed) for seed in range(N)]
        for name, effect in agents.items():
            answers = Model(name, effect).perform(sessions, range(N))
            cells[task.name, name] = [(s, p.responses) for s, p in zip(sessions, answers, strict=True)]
    return cells


@pytest.fixture(scope="module")
def scores():
    return score(
        performed(DESIGNS["divided"], {"spiking": 1.0, "spiking-no-central-competition": 0.0})
        | performed(DESIGNS["selective"], {"spiking": 1.0, "spiking-no-top-down": 0.0})
    )


# --- designs --------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DESIGNS)
def test_every_design_is_complete(name):
    design = DESIGNS[name]
    assert set(design.tasks) == set(design.quick_tasks)
    for task in (*design.tasks.values(), *design.quick_tasks.values()):
        assert task.name in design.titles
        assert MEASURES[task.name]
    assert set(design.agents) | set(design.quick_agents) <= {"human", *AGENTS}
    assert {(task, measure) for task, measure in design.calibration.tuned} <= {
        (task, measure) for task in design.titles for measure in MEASURES[task]
    }
    assert design.calibration.by_hand and design.calibration.fitted and design.calibration.predicted


def test_every_agent_has_a_look_of_its_own():
    assert {"human", *AGENTS} <= set(LOOKS)
    assert len({(one.colour, one.marker) for one in LOOKS.values()}) == len(LOOKS)
    assert len({one.label for one in LOOKS.values()}) == len(LOOKS)


def test_variants_borrow_the_calibration_of_what_they_vary():
    for name in {name for design in DESIGNS.values() for name in design.agents} - {"human"}:
        assert AGENTS[name].calibrated_as == (name.split("-")[0] if "-" in name else "")


def test_plan_lists_every_fault_at_once():
    options = Options(tasks=("pvt",), agents=("nobody",), participants=0, seed=-1, workers=-1)
    with pytest.raises(ValueError) as error:
        plan_of(DESIGNS["divided"], options)
    for words in ("'nobody'", "'pvt'", "known are prp", "participants = 0", "seed = -1", "workers = -1"):
        assert words in str(error.value)


def test_ablations_perform_where_theory_says_what_they_do():
    plan = plan_of(DESIGNS["divided"], Options(tasks=("prp", "mot"), ablations=True))
    names = [one.name for one in plan.agents]
    assert names[0] == "spiking" and "spiking-no-central-competition" in names
    pairs = {(agent, task.name) for agent in names for task in plan.tasks} - plan.left_out
    claimed = {(one.ablated, one.task) for one in ABLATIONS if one.task in ("prp", "mot")}
    assert pairs == claimed | {("spiking", "prp"), ("spiking", "mot")}
    assert ("spiking-no-arousal", "mot") in plan.left_out
    # a control that has no claim in the chosen tasks does not take part at all
    few = plan_of(DESIGNS["divided"], Options(tasks=("change_detection",), ablations=True))
    controls = {"spiking-no-self-excitation", "spiking-no-memory-competition"}
    assert {one.name for one in few.agents} == {"spiking", *controls} and not few.left_out
    with pytest.raises(ValueError, match="name no agents"):
        plan_of(DESIGNS["divided"], Options(agents=("lstm",), ablations=True))
    with pytest.raises(ValueError, match="sustained_attention names its controls as agents"):
        plan_of(DESIGNS["sustained"], Options(ablations=True))


def test_plan_is_the_same_baseline_for_all_studies():
    for quick in (True, False):
        plans = [plan_of(design, Options(quick=quick, agents=("lstm",))) for design in DESIGNS.values()]
        assert len({plan.calibration_task for plan in plans}) == 1
        assert {plan.participants for plan in plans} == {4 if quick else 20}


# --- claims ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("signs", [SIGNS, SELECTIVE_SIGNS])
def test_signs_hold_for_people_like_participants(scores, signs):
    checks = sign_checks(scores, signs, ["spiking"])
    assert len(checks) == len(signs)
    failed = {check.name.split(".")[2] for check in checks if not check.passed}
    # a few trials a condition tell times, but not errors of a few per cent
    assert failed <= {"caf_dip_pp", "conflict_accuracy_pp", "target_cost_pp", "aoc_tradeoff_pp", "dual_cost"}


def test_signs_do_not_hold_without_effects(scores):
    absent = sign_checks(scores, SIGNS, ["spiking-no-central-competition"])
    passed = {check.name.split(".")[2] for check in absent if check.passed}
    # who remembers all has a capacity, as large as the sets
    assert passed == {"cowan_k"}


def test_a_negative_effect_can_be_claimed(scores):
    falling = Sign("prp", "rt2_soa_slope", "falls", times=-1)
    assert sign_checks(scores, [falling], ["spiking"])[0].passed
    assert not sign_checks(scores, [Sign("prp", "rt2_soa_slope", "rises")], ["spiking"])[0].passed


def test_bands_of_people_like_participants(scores):
    checks = {c.name: c for c in band_checks(scores, "prp", ["spiking", "spiking-no-central-competition"])}
    assert checks["prp.prp_effect_ms.spiking"].passed
    assert checks["prp.rt2_soa_slope.spiking"].passed
    assert not checks["prp.prp_effect_ms.spiking-no-central-competition"].passed


def test_shape_of_the_blink_is_that_of_the_mean_curve(scores, tmp_path):
    material = Material(scores, (), (), ["attentional_blink"], (), pd.DataFrame(), tmp_path)
    checks = {c.name: c for c in FINDINGS.checks(material)}
    # lags 1, 3 and 8 of the quick form: .85, .5, .9
    assert checks["attentional_blink.minimum_lag.spiking"].value == 3.0
    assert checks["attentional_blink.minimum_lag.spiking"].passed
    assert checks["attentional_blink.half_recovery_lag.spiking"].value == pytest.approx(5.5)


def test_curves_of_lesions_are_drawn_with_the_intact_circuit(scores, tmp_path):
    both = ("spiking", "spiking-no-central-competition")
    for names, drawn in ((both, [set(both)]), (both[:1], [])):
        material = Material(scores, (), names, ["attentional_blink"], (), pd.DataFrame(), tmp_path)
        with house_style():
            figures = [figure for figure in FINDINGS.figures(material) if figure is not None]
        curves = [one.path("csv") for one in figures if one.path("csv").match("*ablation_curves_*")]
        assert [set(pd.read_csv(path)["agent"]) for path in curves] == drawn


def test_ablations_that_take_effects_away_match_the_theory(scores):
    checks = {c.name: c for c in ablation_checks(scores, ABLATIONS)}
    assert checks["prp.ablation.prp_effect_ms.spiking-no-central-competition"].passed
    assert checks["attentional_blink.ablation.blink_magnitude_pp.spiking-no-central-competition"].passed
    # agents that did not perform are not claimed about
    assert not any("no-arousal" in name for name in checks)
    selective_checks = {c.name: c for c in ablation_checks(scores, SELECTIVE_ABLATIONS)}
    assert selective_checks["posner.ablation.validity_ms.spiking-no-top-down"].passed


def test_the_wrong_direction_is_said(scores):
    wrong = Ablation("prp", "prp_effect_ms", "spiking-no-central-competition", "grows", falls=False)
    assert not ablation_checks(scores, [wrong])[0].passed
    table = ablation_table(scores, [wrong], DESIGNS["divided"].titles)
    assert table.rows[0][-1] == "no, the other way"
    nothing = Ablation("prp", "prp_effect_ms", "spiking-no-arousal", "?")
    assert ablation_table(scores, [nothing], DESIGNS["divided"].titles) is None
    assert isinstance(wrong.difference(scores), Interval)


# --- figures --------------------------------------------------------------------------------------


def test_curves_are_means_over_participants(scores):
    curve = mean_curve(scores, "visual_search", "spiking", "search_rt_ms", "present")
    values = scores.curves.query(
        "task == 'visual_search' and agent == 'spiking' and measure == 'search_rt_ms' and series == 'present'"
    )
    assert curve["x"].tolist() == [2, 4, 8]
    assert curve["estimate"].to_numpy() == pytest.approx(values.groupby("x")["value"].mean().to_numpy())
    assert (curve["low"] <= curve["estimate"]).all() and (curve["n"] == N).all()
    assert mean_curve(scores, "prp", "nobody", "rt2_ms", "").empty


def test_figures_have_every_panel_and_people_from_the_table(scores, tmp_path):
    with house_style():
        one = draw_panels(scores, PANELS, ["human", "spiking"], tmp_path, "figure1_divided", "x.")
        two = draw_panels(scores, SELECTIVE_PANELS[2:4], ["spiking"], tmp_path, "figure1_selective", "x.")
        three = draw_ablations(
            scores, [("prp", "prp_effect_ms")], DESIGNS["divided"].titles, tmp_path, "figure3"
        )
        none = draw_panels(scores, PANELS, ["nobody"], tmp_path, "figure9", "x.")
    data = pd.read_csv(one.path("csv"))
    assert set(data["measure"]) == {panel.measure for panel in PANELS}
    cited = data[data["agent"] == "human (cited)"]
    assert cited.loc[cited["measure"] == "rt2_rise_ms", "x"].tolist() == [50, 150, 300]
    assert cited.loc[cited["measure"] == "t2_given_t1", "estimate"].tolist() == [0.423, 0.822]
    assert set(pd.read_csv(two.path("csv"))["series"].dropna()) >= {"congruent", "incongruent", "present"}
    assert set(pd.read_csv(three.path("csv"))["agent"]) == {"spiking", "spiking-no-central-competition"}
    assert none is None


def test_report_says_for_each_effect_whether_it_is_a_prediction(scores):
    card = scorecard(scores, ["prp"], resamples=200, calibrated={("prp", "spiking", "rt1_soa_effect_ms")})
    table = status_table(card, DESIGNS["divided"].titles, DESIGNS["divided"].calibration)
    status = {row[1].split(" (")[0]: row[2] for row in table.rows}
    assert status["RT2, shortest - longest SOA"] == "seen while strengths were chosen by hand"
    assert status["Slope of RT2 on SOA, from 300 ms"] == "predicted"
    assert status["RT1, shortest - longest SOA"] == "calibrated (spiking)"


# --- people ---------------------------------------------------------------------------------------


def test_runs_of_one_person_are_one_person(tmp_path):
    path = table_of_flanker(tmp_path / "flanker_trials.csv")
    table = pd.read_csv(path)
    twice = pd.concat([table.assign(run=run) for run in (1, 2)])
    twice.to_csv(path, index=False)
    people = read_people(path, ["flanker"])
    assert people.numbers["flanker", "human"] == (0, 1, 2, 0, 1, 2)
    scores = score(people.performed, people.published, people.numbers, people.curves)
    assert len(scores.values("flanker", "human", "conflict_ms")) == 3
    assert scores.values("flanker", "human", "conflict_ms").mean() == pytest.approx(60.0, abs=15.0)


# --- runs -----------------------------------------------------------------------------------------


@pytest.mark.study
def test_selective_study_runs_resumes_and_shows_people_beside_agents(tmp_path, capsys):
    human = table_of_flanker(tmp_path / "flanker_trials.csv")
    config = SelectiveAttention(
        quick=True,
        participants=3,
        tasks=("flanker",),
        agents=("human", "fake_people:human_like", "fake_people:ideal"),
        human=(human,),
        out=tmp_path / "out",
        workers=0,
        quiet=True,
        signatures=False,
    )
    assert main(config) == 0
    folder = Path(capsys.readouterr().out.splitlines()[-1])
    before = (folder / "checks.json").read_bytes()
    assert main(config) == 0
    assert Path(capsys.readouterr().out.splitlines()[-1]) == folder
    assert (folder / "checks.json").read_bytes() == before
    checks = {one["name"]: one for one in json.loads(before)}
    assert checks["flanker.conflict_ms.human"]["passed"]
    assert checks["flanker.conflict_ms.human_like"]["passed"]
    assert not checks["flanker.conflict_ms.ideal"]["passed"]
    curves = pd.read_csv(folder / "curves.csv")
    assert set(curves["agent"]) == {"human", "human_like", "ideal"}
    card = pd.read_csv(folder / "scorecard.csv")
    assert np.isfinite(card.loc[card["measure"] == "conflict_ms", "value"]).all()
    text = (folder / "report.html").read_text()
    for words in (
        "Calibrated, predicted, result",
        "seen while strengths were chosen by hand",
        "nothing is fitted",
    ):
        assert words in text


@pytest.mark.study
def test_divided_study_and_the_scorecard_of_both_from_the_command_line(tmp_path):
    paths = os.pathsep.join([str(HERE), str(HERE.parent)])
    environment = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", "COLUMNS": "100"}

    def command(*arguments):
        return subprocess.run(
            [sys.executable, "-W", "error", "-m", *map(str, arguments)],
            capture_output=True, text=True, timeout=300, env=environment, cwd=HERE,
        )  # fmt: skip

    out = tmp_path / "out"
    agents = ("--agents", "human", "fake_people:human_like", "fake_people:ideal")
    common = ("--quick", "--participants", 3, "--out", out, "--workers", 0, "--quiet", *agents)
    for name, more in (("divided", ()), ("selective", ("--no-signatures",))):
        done = command(f"studies.{name}_attention", *common, *more)
        assert done.returncode == 0, done.stderr
    done = command("studies", "scorecard", "--out", out)
    assert done.returncode == 0, done.stderr
    folder = Path(done.stdout.splitlines()[-1])
    card = pd.read_csv(folder / "scorecard.csv")
    assert set(card["study"]) == {"divided_attention", "selective_attention"}
    counts = {}
    for one in json.loads((folder / "checks.json").read_text()):
        counts.setdefault(one["name"].rsplit(".", 1)[1], []).append(one["passed"])
    assert np.mean(counts["human_like"]) > 0.7 and np.mean(counts["ideal"]) < 0.2
    assert (folder / "figures" / "figure5_scorecard.png").stat().st_size > 0
    assert command("studies", "scorecard", "--out", tmp_path / "none").returncode == 2


def test_scorecard_has_people_first_whatever_the_order_of_the_runs():
    names = ["mine", "spiking-twin", "lstm", "spiking", "mine", "human"]
    assert in_order(names) == ["human", "spiking", "lstm", "spiking-twin", "mine"]


def test_scorecard_refuses_folders_that_are_none(tmp_path):
    with pytest.raises(ValueError, match=r"no scorecard\.csv in"):
        gather([tmp_path])
    with pytest.raises(ValueError, match="no runs to gather"):
        gather([])


@pytest.mark.study
def test_longer_sustained_tasks_separate_sensitivity_from_criterion(tmp_path, capsys):
    from studies.sustained_attention import SustainedAttention
    from studies.sustained_attention import main as run

    config = SustainedAttention(
        quick=True,
        participants=3,
        tasks=("mackworth", "grad_cpt", "ax_cpt"),
        agents=("fake_people:human_like", "human"),
        out=tmp_path,
        workers=0,
        quiet=True,
    )
    assert run(config) == 0
    folder = Path(capsys.readouterr().out.splitlines()[-1])
    text = (folder / "report.html").read_text()
    for words in (
        "Sensitivity and criterion over time on task",
        "each step against the one before",
        "fast (75/min)",
    ):
        assert words in text
    checks = {one["name"] for one in json.loads((folder / "checks.json").read_text())}
    assert {"grad_cpt.commissions_minus_omissions.human_like", "ax_cpt.context_cost.human_like"} <= checks
