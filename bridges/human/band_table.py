"""Acceptance bands for group means of 20 or more participants; judged from the data of `effect_table`."""

from __future__ import annotations

from bridges.human.effect import Band

__all__ = ["BANDS"]

_SART = "SRO go/no-go 10 % no-go, N = 521; student SART samples up to 50 % commissions"
_CPT = "ds000030, N = 130"
_PVT = "ds000201 N = 47; ds004902 N = 30"
_MACKWORTH = "Mackworth 1948, doi:10.1080/17470214808416738; half-hour rates remembered, not read"
_PRP = "SRO, N = 504"
_ANT = "SRO N = 520; ds000030 N = 130; ds005863 N = 71; ds000102 N = 26; Hedge 2018"

BANDS: tuple[Band, ...] = (
    Band("sart", "commission_rate", 0.15, 0.45, "fraction", "commissions far above omissions", _SART),
    Band("sart", "commission_change_pp", 4.0, 13.0, "pp", "commissions rise over the task", _SART),
    Band(
        "cpt_x",
        "rt_isi_slope_ms_per_s",
        8.0,
        30.0,
        "ms/s",
        "RT slows as the interval grows from 1 to 4 s",
        _CPT,
    ),
    Band("cpt_x", "d_prime", 2.4, 3.8, "z", "go and no-go letters are told apart", _CPT),
    Band("pvt", "rt_mean_ms", 230.0, 300.0, "ms", "RT distribution is right-skewed", _PVT),
    Band("pvt", "rt_slope_ms_per_min", 2.0, 6.0, "ms/min", "RT slows with time on task", _PVT),
    Band("pvt", "rt_median_change_ms", 30.0, 52.0, "ms", "a night without sleep slows", _PVT),
    Band(
        "ax_cpt", "d_prime_context", 2.5, 3.5, "z", "AY and BX are the worst trial types", "ds003465, N = 55"
    ),
    # misses rise from 16 to 28 %; 12 pp with the same relative tolerance as the SART rise
    Band(
        "mackworth",
        "omission_change_pp",
        6.0,
        18.0,
        "pp",
        "misses rise from 16 % in the first half hour to 28 % in the last",
        _MACKWORTH,
        verified=False,
    ),
    Band("prp", "rt2_soa_slope", -1.0, -0.7, "ms/ms", "RT2 falls with SOA from 50 to 300 ms", _PRP),
    Band("prp", "prp_effect_ms", 300.0, 500.0, "ms", "RT2 at 50 ms SOA above RT2 at 800 ms", _PRP),
    Band(
        "attentional_blink",
        "blink_magnitude_pp",
        25.0,
        55.0,
        "pp",
        "minimum at lag 2-4, recovered by lag 6-8",
        "ds001810, N = 47",
    ),
    Band(
        "change_detection", "cowan_k", 2.5, 4.0, "items", "K flattens by 5 to 8 items", "Rouder 2008, N = 23"
    ),
    Band(
        "mot",
        "speed_ratio_2_to_1",
        0.55,
        0.75,
        "ratio",
        "speed threshold falls smoothly with targets, about 1 : .65 : .45",
        "Roudaia & Faubert, N = 18",
    ),
    Band(
        "mot",
        "speed_ratio_3_to_1",
        0.35,
        0.55,
        "ratio",
        "speed threshold falls smoothly with targets, about 1 : .65 : .45",
        "Roudaia & Faubert, N = 18",
    ),
    Band("flanker", "conflict_ms", 36.0, 153.0, "ms", "RT and errors worse when incongruent", _ANT),
    Band(
        "flanker", "conflict_accuracy_pp", 3.0, 19.0, "pp", "errors worse when incongruent, under speed", _ANT
    ),
    Band("ant", "conflict_ms", 36.0, 153.0, "ms", "RT and errors worse when incongruent", _ANT),
    Band("ant", "orienting_ms", 25.0, 75.0, "ms", "a spatial cue helps", "SRO, N = 520; Fan 2002"),
    Band("ant", "alerting_ms", 25.0, 50.0, "ms", "a warning helps", "SRO, N = 520; Fan 2002"),
    Band(
        "posner",
        "validity_ms",
        20.0,
        58.0,
        "ms",
        "positive, shrinks slowly over SOA 300-600",
        "Hedge 2018; N = 40",
    ),
    Band(
        "visual_search",
        "slope_present_ms_per_item",
        20.0,
        45.0,
        "ms/item",
        "target-present slope of inefficient search",
        "msenselab experiments 1-3, N = 11-12 each",
    ),
    Band(
        "visual_search",
        "slope_ratio_absent_present",
        2.0,
        3.6,
        "ratio",
        "absent slope 2 to 3.6 times the present slope",
        "msenselab experiments 1-5 and faces, N = 11-19 each",
    ),
)
"""Every acceptance band, in the order of the tasks."""
