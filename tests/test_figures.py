from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from fake_agents import Scripted
from matplotlib.colors import to_rgb

from bridges.measures import block_curve, measure
from bridges.tasks import CPTX, PVT, SART
from studies.agents import AGENTS
from studies.figures import LOOKS, house_style, look, save_figure
from studies.scorecard import IN_BAND, NOT_MEASURED, OUTSIDE, rows_of, scorecard
from studies.scorecard_figure import draw_scorecard, number
from studies.scores import as_tree, save_results, score
from studies.sustained.ablation import ABLATIONS, draw_ablation
from studies.sustained.claims import sustained_checks
from studies.sustained.distributions import draw_distributions
from studies.sustained.time_on_task import TASK_TITLES, draw_time_on_task

N = 3
TASKS = {
    "sart": SART(trials_per_digit=12, n_blocks=3),
    "pvt": PVT(duration_s=180.0),
    "cpt_x": CPTX(n_blocks=3),
}


def performed(*agents, tasks=("sart", "pvt"), **parameters):
    cells = {}
    for task in tasks:
        sessions = [TASKS[task].session(seed) for seed in range(N)]
        for agent in agents:
            performances = Scripted(name=agent, **parameters).perform(sessions, range(N))
            cells[task, agent] = [(s, p.responses) for s, p in zip(sessions, performances, strict=True)]
    return cells


@pytest.fixture(scope="module")
def scores():
    return score(performed(*ABLATIONS, "lstm"))


def files(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def draw_line(folder):
    with house_style():
        fig, axes = plt.subplots()
        axes.plot([0, 1], [2, 3])
        axes.set_xlabel("time (s)")
        return save_figure(fig, folder, "line", pd.DataFrame({"x": [0, 1], "y": [2, 3]}), "A line.\n  n = 1.")


def test_saved_figure_has_every_format_its_numbers_and_its_caption(tmp_path):
    saved = draw_line(tmp_path)
    assert set(files(tmp_path)) == {"line.pdf", "line.svg", "line.png", "line_data.csv", "line.caption.txt"}
    assert saved.path("txt").read_text() == "A line. n = 1.\n"
    assert pd.read_csv(saved.path("csv"))["y"].tolist() == [2, 3]
    assert not plt.get_fignums()


def test_same_figure_same_bytes(tmp_path):
    draw_line(tmp_path / "a")
    draw_line(tmp_path / "b")
    assert files(tmp_path / "a") == files(tmp_path / "b")


def test_text_stays_text(tmp_path):
    saved = draw_line(tmp_path)
    assert ">time (s)</text>" in saved.path("svg").read_text()
    # Type 3 would be outlines; 42 (TrueType) can be edited
    pdf = saved.path("pdf").read_bytes()
    assert b"/CIDFontType2" in pdf and b"/Type3" not in pdf


def test_figure_without_numbers_or_caption_is_refused(tmp_path):
    with house_style():
        fig, _ = plt.subplots()
        with pytest.raises(ValueError, match="caption"):
            save_figure(fig, tmp_path, "a", pd.DataFrame({"x": [1]}), " ")
        with pytest.raises(ValueError, match="numbers"):
            save_figure(fig, tmp_path, "a", pd.DataFrame(), "Caption.")
        plt.close(fig)


def test_house_style_leaves_the_users_settings_alone():
    before = plt.rcParams["font.size"]
    with house_style():
        assert plt.rcParams["font.size"] == 8 and plt.rcParams["pdf.fonttype"] == 42
    assert plt.rcParams["font.size"] == before


# linear RGB of people without green cones: Vienot, Brettel & Mollon (1999), doi:10.1002/col.5080240702
DEUTERANOPE = np.array([[0.29275, 0.70725, 0.0], [0.29275, 0.70725, 0.0], [-0.02234, 0.02234, 1.0]])


@pytest.mark.parametrize("vision", [np.eye(3), DEUTERANOPE], ids=["typical", "deuteranope"])
def test_main_agents_differ_in_colour_for_all_eyes_and_in_marker(vision):
    main = [LOOKS[name] for name in ("human", "spiking", "lstm", "attention")]
    seen = [np.clip(vision @ np.array(to_rgb(one.colour)) ** 2.2, 0, 1) ** (1 / 2.2) for one in main]
    apart = [np.abs(a - b).max() for k, a in enumerate(seen) for b in seen[:k]]
    assert min(apart) > 0.2
    assert len({(one.marker, one.line) for one in LOOKS.values()}) == len(LOOKS)


def test_unknown_agent_keeps_one_look():
    assert look("tired_lstm") == look("tired_lstm")
    assert look("tired_lstm").label == "tired_lstm"


def test_scores_are_the_measures_of_every_participant(scores):
    session, responses = performed("lstm", tasks=("sart",))["sart", "lstm"][1]
    assert scores.values("sart", "lstm", "rt_mean_ms")[1] == measure(session, responses)["rt_mean_ms"]
    mine = scores.blocks.query("task == 'sart' and agent == 'lstm' and participant == 1")
    assert mine["rt_cv"].tolist() == block_curve(session, responses)["rt_cv"].tolist()
    assert scores.agents("pvt") == [*ABLATIONS, "lstm"]


def test_isi_slope_of_the_cpt_is_recovered():
    sessions = [TASKS["cpt_x"].session(seed) for seed in range(N)]
    from bridges.session import Responses

    cells = []
    for session in sessions:
        times = session.trials["onset_s"] + 0.3 + 0.02 * session.trials["isi_s"]
        cells.append((session, Responses.from_presses(session, times, ["press"] * len(times))))
    table = score({("cpt_x", "exact"): cells})
    np.testing.assert_allclose(table.values("cpt_x", "exact", "rt_isi_slope_ms_per_s"), 20.0, atol=1e-6)
    # a block of time on task has every interval once, so an effect of interval is no effect of time
    assert table.blocks["block"].nunique() == 1


def test_results_tree_has_dimensions_units_and_every_value(scores, tmp_path):
    import xarray as xr

    save_results(scores, tmp_path / "results.nc", {"study": "test"})
    with xr.open_datatree(tmp_path / "results.nc", engine="h5netcdf") as tree:
        assert set(tree.children) == {"sart", "pvt"}
        data = tree["sart"]
        assert data["block_rt_mean_ms"].dims == ("agent", "participant", "block")
        assert data["rt_mean_ms"].attrs["units"] == data["block_rt_mean_ms"].attrs["units"] == "ms"
        np.testing.assert_array_equal(
            data["d_prime"].sel(agent="lstm").values, scores.values("sart", "lstm", "d_prime")
        )
        assert tree.attrs["study"] == "test"
    assert list(tmp_path.iterdir()) == [tmp_path / "results.nc"]
    assert as_tree(scores)["pvt"].sizes["block"] == 3


def test_nothing_performed_is_an_error():
    with pytest.raises(ValueError, match="nothing to score"):
        score({})


def test_scorecard_cell_says_whether_the_mean_lies_in_the_band(scores):
    card = scorecard(scores, ["sart", "pvt"], resamples=200)
    assert set(card["task"]) == {"sart", "pvt"}
    for row in card.to_dict("records"):
        if row["reached"] in (IN_BAND, OUTSIDE):
            assert (row["low"] <= row["value"] <= row["high"]) == (row["reached"] == IN_BAND)
    mean = card.query("task == 'pvt' and measure == 'rt_mean_ms'").iloc[0]
    assert (mean["low"], mean["high"], mean["unit"]) == (230.0, 300.0, "ms")
    assert mean["reached"] == IN_BAND and mean["n"] == N


def test_time_on_task_is_claimed_for_each_agent_and_within_individuals():
    tired = performed("spiking", "lstm-arousal", slope_ms_per_min=40.0, commission=0.3)
    rested = performed("spiking-no-arousal", "lstm", slope_ms_per_min=0.0, commission=0.1)
    table = score({**tired, **rested})
    names = ("spiking", "lstm-arousal", "spiking-no-arousal", "lstm")
    checks = {c.name: c for c in sustained_checks(table, [AGENTS[name] for name in names], ["sart", "pvt"])}
    slope = checks["pvt.rt_slope_ms_per_min.spiking-minus-spiking-no-arousal"]
    values = [table.values("pvt", name, "rt_slope_ms_per_min") for name in ("spiking", "spiking-no-arousal")]
    assert slope.passed and slope.value == pytest.approx(np.mean(values[0] - values[1]))
    assert "same individuals" in slope.source and "(n = 3)" in slope.source
    assert "pvt.rt_slope_ms_per_min.lstm-arousal-minus-lstm" in checks
    assert "sart.commission_rate.spiking-minus-spiking-no-arousal" in checks
    rise = checks["sart.commission_slope.spiking"]
    assert rise.value == pytest.approx(table.values("sart", "spiking", "commission_slope_pp_per_min").mean())
    assert rise.high is None and checks["sart.commission_slope.lstm"].high is not None
    fall = checks["sart.d_prime_fall.spiking"]
    assert fall.value == pytest.approx(-np.nanmean(table.values("sart", "spiking", "d_prime_change")))


def test_interval_of_one_participant_is_said_to_need_two():
    cells = {cell: pairs[:1] for cell, pairs in performed("spiking").items()}
    checks = sustained_checks(score(cells), [AGENTS["spiking"]], ["sart", "pvt"])
    claims = [check for check in checks if "interval" in check.source]
    assert claims and all("needs at least 2 participants (n = " in check.source for check in claims)
    assert not any("nan" in check.source for check in checks)


def test_silent_agent_is_not_measured_rather_than_outside():
    card = scorecard(score(performed("silent", tasks=("pvt",), omission=1.0)), ["pvt"], resamples=50)
    assert card.set_index("measure")["reached"]["rt_mean_ms"] == NOT_MEASURED


def test_every_scorecard_row_with_a_band_names_its_source():
    for task in TASKS:
        rows = rows_of(task)
        assert len(rows) >= 6
        assert all(row.source and row.band_kind for row in rows if not np.isnan(row.low))


@pytest.mark.parametrize(
    ("value", "text"), [(0.1234, "0.12"), (-12.34, "−12.3"), (345.6, "346"), (np.nan, "–")]
)
def test_numbers_have_three_figures(value, text):
    assert number(value) == text


def test_study_figures_say_n_and_error_bars_and_keep_their_numbers(scores, tmp_path):
    names = ["human", *ABLATIONS, "lstm"]
    studied = ["sart", "pvt"]
    with house_style():
        saved = [
            draw_time_on_task(scores, studied, names, tmp_path),
            draw_distributions(scores, studied, names, tmp_path),
            draw_ablation(scores, studied, tmp_path),
            draw_scorecard(scorecard(scores, studied, resamples=200), TASK_TITLES, names, tmp_path),
        ]
    for figure in saved:
        assert "95 % bootstrap confidence interval" in figure.caption
        assert str(N) in figure.caption
        assert all(figure.path(ending).stat().st_size > 0 for ending in ("pdf", "svg", "png", "csv", "txt"))
    data = pd.read_csv(saved[0].path("csv"))
    own = data.query("task == 'sart' and agent == 'lstm' and measure == 'rt_mean_ms'")
    per_block = (
        scores.blocks.query("task == 'sart' and agent == 'lstm'").groupby("block")["rt_mean_ms"].mean()
    )
    np.testing.assert_allclose(own["estimate"], per_block)
    assert (own["low"] <= own["estimate"]).all() and (own["n"] == N).all()
    cited = data[data["agent"] == "human (cited)"]
    ends = cited.groupby("task")["time_min"].max()
    for task in studied:
        lengths_s = [TASKS[task].session(seed).duration_s for seed in range(N)]
        assert ends[task] == pytest.approx(np.mean(lengths_s) / 60)
    thirds = cited.query("task == 'sart' and measure == 'commission_rate'")["time_min"].iloc[2:]
    np.testing.assert_allclose(thirds, ends["sart"] * np.array([1, 3, 5]) / 6)
    verified = cited.query("task == 'sart'").groupby("measure")["verified"].all()
    assert verified["commission_rate"] and not verified["rt_mean_ms"] and not verified["rt_cv"]
    assert "unverified" in saved[0].caption and "online go/no-go task" in saved[0].caption
    assert "unverified" in saved[0].path("svg").read_text()
    assert set(cited["task"]) == {"sart", "pvt"} and cited["source"].notna().all()


def test_histogram_shares_sum_to_one_for_each_participant(scores, tmp_path):
    with house_style():
        figure = draw_distributions(scores, ["pvt"], ["lstm"], tmp_path)
    ridge = pd.read_csv(figure.path("csv"))
    # the last 0.2 % of times lie beyond the drawn axis
    assert 0.97 < ridge["estimate"].sum() <= 1.0 + 1e-9


def test_ablation_needs_the_intact_circuit_and_a_variant(tmp_path):
    only = score(performed("spiking", "lstm", tasks=("pvt",)))
    with house_style():
        assert draw_ablation(only, ["pvt"], tmp_path) is None
    one = score(performed(*ABLATIONS[:2], tasks=("pvt",)))
    with house_style():
        caption = draw_ablation(one, ["pvt"], tmp_path).caption
    assert "intact and without arousal: the same" in caption
