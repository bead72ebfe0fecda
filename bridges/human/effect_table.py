"""Human reference effects, each with its source; rates are fractions, *_pp are percentage points.

Rows marked D were computed from the open data named in them, V were read in a document, U are from
memory of the literature and carry ``verified = False``.
"""

from __future__ import annotations

from bridges.human.effect import Effect

__all__ = ["EFFECTS"]

SRO = ("Self-Regulation Ontology online battery (Eisenberg et al. 2019)", "10.1038/s41467-019-10301-1")
CNP = ("UCLA Consortium for Neuropsychiatric Phenomics, CPT-X (Poldrack et al. 2016)", "ds000030")
SLEEPY = ("Stockholm Sleepy Brain, PVT-192 (Nilsonne et al.)", "ds000201")
DEPRIVED = ("Total sleep deprivation (Xiang et al. 2024)", "ds004902")
DMCC = ("Dual Mechanisms of Cognitive Control, baseline (Braver, Etzel et al.)", "ds003465")
BLINK = ("Attentional blink baseline (Reteig, Newman, Ridderinkhof, Slagter)", "ds001810")
ERPCORE = ("ERP CORE flanker (Isbell et al.)", "ds005863")
KELLY = ("Flanker, event-related (Kelly, Uddin, Biswal, Castellanos, Milham)", "ds000102")
ROBERTSON = ("Robertson, Manly, Andrade, Baddeley, Yiend 1997", "10.1016/S0028-3932(97)00015-8")
MACKWORTH = ("Mackworth 1948", "10.1080/17470214808416738")
FAN = ("Fan, McCandliss, Sommer, Raz, Posner 2002", "10.1162/089892902317361886")
HEDGE = ("Hedge, Powell, Sumner 2018", "10.3758/s13428-017-0935-1")
ROUDER = ("Rouder et al. 2008", "10.1073/pnas.0711295105")
SCAP = ("UCLA Consortium for Neuropsychiatric Phenomics, spatial capacity (Poldrack et al. 2016)", "ds000030")
SEARCH = ("Inefficient search among static items, experiments 1 to 3", "open data of msenselab")
FACES = ("Search for upright faces", "open data set visual_search_fam")
WOODS = ("Woods, Wyma, Yund, Herron, Reed 2015", "10.3389/fnhum.2015.00131")
BELENKY = ("Belenky et al. 2003", "10.1046/j.1365-2869.2003.00337.x")
ROUDAIA = ("Roudaia & Faubert, circular multiple object tracking", "")


def _effect(
    task: str,
    measure: str,
    value: float,
    unit: str,
    source: tuple[str, str],
    *,
    sd: float | None = None,
    n: int | None = None,
    ci: tuple[float, float] | None = None,
    mark: str = "D",
    condition: str = "",
) -> Effect:
    low, high = ci if ci else (None, None)
    return Effect(task, measure, value, low, high, sd, n, unit, *source, mark, condition)


_GO_NO_GO = (
    _effect("sart", "commission_rate", 0.214, "fraction", SRO, sd=0.125, n=521),
    _effect("sart", "omission_rate", 0.006, "fraction", SRO, sd=0.019, n=521),
    _effect("sart", "hit_rate", 0.994, "fraction", SRO, sd=0.019, n=521),
    _effect("sart", "commission_rate", 0.171, "fraction", SRO, n=522, condition="first third"),
    _effect("sart", "commission_rate", 0.232, "fraction", SRO, n=522, condition="second third"),
    _effect("sart", "commission_rate", 0.258, "fraction", SRO, n=522, condition="last third"),
    # dz = mean / SD of the within-person difference = 0.45, so SD = 8.7 / 0.45
    _effect("sart", "commission_change_pp", 8.7, "pp", SRO, sd=8.7 / 0.45, n=522, ci=(7.0, 10.3)),
    _effect(
        "sart",
        "commission_rate",
        0.18,
        "fraction",
        ROBERTSON,
        ci=(0.16, 0.20),
        mark="U",
        condition="controls",
    ),
    _effect(
        "sart",
        "commission_rate",
        0.40,
        "fraction",
        ("Student samples, several laboratories", ""),
        ci=(0.30, 0.50),
        mark="U",
        condition="students",
    ),
    _effect(
        "sart",
        "rt_mean_ms",
        365.0,
        "ms",
        ("Student samples, several laboratories", ""),
        ci=(330.0, 400.0),
        mark="U",
        condition="students",
    ),
    _effect(
        "sart",
        "rt_cv",
        0.25,
        "fraction",
        ("Student samples, several laboratories", ""),
        ci=(0.20, 0.30),
        mark="U",
        condition="students",
    ),
)

_CPT = (
    _effect("cpt_x", "commission_rate", 0.354, "fraction", CNP, sd=0.187, n=130),
    _effect("cpt_x", "omission_rate", 0.0055, "fraction", CNP, sd=0.015, n=130),
    _effect("cpt_x", "hit_rate", 0.9945, "fraction", CNP, sd=0.015, n=130),
    _effect("cpt_x", "rt_mean_ms", 370.0, "ms", CNP, sd=50.0, n=130),
    _effect("cpt_x", "rt_sd_ms", 86.0, "ms", CNP, sd=33.0, n=130),
    _effect("cpt_x", "rt_cv", 0.230, "fraction", CNP, sd=0.076, n=130),
    _effect("cpt_x", "d_prime", 3.08, "z", CNP, sd=0.72, n=130),
    _effect("cpt_x", "criterion", -1.13, "z", CNP, sd=0.28, n=130),
    _effect("cpt_x", "rt_mean_ms", 343.0, "ms", CNP, n=130, condition="ISI 1 s"),
    _effect("cpt_x", "rt_mean_ms", 366.0, "ms", CNP, n=130, condition="ISI 2 s"),
    _effect("cpt_x", "rt_mean_ms", 400.0, "ms", CNP, n=130, condition="ISI 4 s"),
    _effect("cpt_x", "rt_isi_slope_ms_per_s", 19.1, "ms/s", CNP, sd=12.8, n=130),
    _effect("cpt_x", "commission_rate", 0.394, "fraction", CNP, n=43, condition="ADHD"),
    _effect("cpt_x", "rt_cv", 0.268, "fraction", CNP, sd=0.127, n=43, condition="ADHD"),
    _effect("cpt_x", "d_prime", 2.89, "z", CNP, sd=0.88, n=43, condition="ADHD"),
    _effect("cpt_x", "d_prime", 2.65, "z", CNP, sd=0.92, n=50, condition="SCHZ"),
    _effect("cpt_x", "rt_cv", 0.306, "fraction", CNP, n=50, condition="SCHZ"),
    _effect("cpt_x", "omission_rate", 0.020, "fraction", CNP, n=50, condition="SCHZ"),
)

_PVT = (
    _effect("pvt", "rt_mean_ms", 259.5, "ms", SLEEPY, sd=29.8, n=47),
    _effect("pvt", "rt_median_ms", 248.9, "ms", SLEEPY, sd=28.3, n=47),
    _effect("pvt", "speed_per_s", 4.03, "1/s", SLEEPY, sd=0.45, n=47),
    _effect("pvt", "lapses", 0.28, "count", SLEEPY, sd=0.62, n=47),
    _effect("pvt", "rt_slowest_tenth_ms", 378.0, "ms", SLEEPY, sd=64.0, n=47),
    _effect("pvt", "rt_cv", 0.193, "fraction", SLEEPY, n=47),
    _effect("pvt", "rt_slope_ms_per_min", 3.9, "ms/min", SLEEPY, sd=7.3, n=47, ci=(1.8, 6.0)),
    _effect("pvt", "rt_mean_ms", 271.5, "ms", SLEEPY, sd=39.6, n=39, condition="old"),
    _effect("pvt", "lapses", 0.90, "count", SLEEPY, sd=1.02, n=39, condition="old"),
    _effect("pvt", "speed_per_s", 3.98, "1/s", SLEEPY, n=39, condition="old"),
    _effect(
        "pvt",
        "rt_mean_change_ms",
        1.1,
        "ms",
        SLEEPY,
        sd=35.5,
        n=85,
        ci=(-6.5, 8.6),
        condition="restricted minus full sleep",
    ),
    _effect(
        "pvt",
        "rt_median_change_ms",
        41.2,
        "ms",
        DEPRIVED,
        sd=30.9,
        n=30,
        ci=(30.2, 52.3),
        condition="no sleep minus sleep",
    ),
    _effect(
        "pvt",
        "rt_sd_change_ms",
        22.5,
        "ms",
        DEPRIVED,
        n=30,
        ci=(13.0, 32.0),
        condition="no sleep minus sleep",
    ),
    _effect("pvt", "rt_mean_ms", 251.0, "ms", BELENKY, n=18, mark="U", condition="10 min form"),
    _effect(
        "pvt",
        "rt_mean_change_ms",
        10.5,
        "ms/day",
        BELENKY,
        sd=6.0,
        n=18,
        mark="U",
        condition="per day of 3 h sleep",
    ),
)

_SIMPLE_RT = (
    _effect("simple_rt", "rt_mean_ms", 357.0, "ms", SRO, sd=70.0, n=522),
    _effect("simple_rt", "lapse_rate", 0.077, "fraction", SRO, sd=0.115, n=522),
    _effect("simple_rt", "rt_change_ms", 25.9, "ms", SRO, sd=47.6, n=522),
    _effect(
        "simple_rt", "rt_mean_ms", 231.0, "ms", WOODS, n=1469, mark="V", condition="calibrated laboratory"
    ),
)

_MACKWORTH = tuple(
    _effect("mackworth", "omission_rate", rate, "fraction", MACKWORTH, mark="U", condition=f"half hour {k}")
    for k, rate in enumerate((0.157, 0.258, 0.268, 0.280), start=1)
)

_AX_CPT = tuple(
    _effect("ax_cpt", "error_rate", rate, "fraction", DMCC, sd=sd, n=55, condition=condition)
    for condition, rate, sd in (
        ("AX", 0.048, 0.063),
        ("AY", 0.048, 0.089),
        ("BX", 0.162, 0.156),
        ("BY", 0.028, 0.045),
    )
)

_DIVIDED = (
    _effect("prp", "prp_effect_ms", 397.0, "ms", SRO, sd=106.0, n=504, ci=(388.0, 407.0)),
    _effect("prp", "rt2_soa_slope", -0.89, "ms/ms", SRO, sd=0.58, n=504, condition="SOA 50-150"),
    _effect("prp", "rt2_soa_slope", -0.82, "ms/ms", SRO, sd=0.27, n=504),
    _effect("prp", "rt2_soa_slope_long", -0.39, "ms/ms", SRO, sd=0.17, n=504),
    # RT2 above that at 800 ms, from the effect and the slopes above: 397 - 0.89 x 100; 0.39 x 500
    _effect("prp", "rt2_rise_ms", 397.0, "ms", SRO, sd=106.0, n=504, condition="SOA 50"),
    _effect("prp", "rt2_rise_ms", 308.0, "ms", SRO, n=504, condition="SOA 150"),
    _effect("prp", "rt2_rise_ms", 195.0, "ms", SRO, n=504, condition="SOA 300"),
    _effect("attentional_blink", "t2_given_t1", 0.423, "fraction", BLINK, sd=0.178, n=47, condition="lag 3"),
    _effect("attentional_blink", "t2_given_t1", 0.822, "fraction", BLINK, sd=0.157, n=47, condition="lag 8"),
    _effect("attentional_blink", "blink_magnitude_pp", 39.9, "pp", BLINK, sd=15.8, n=47, ci=(35.4, 44.4)),
    _effect("change_detection", "cowan_k", 3.24, "items", ROUDER, n=23),
    _effect("change_detection", "cowan_k", 1.78, "items", ROUDER, sd=0.22, n=23, condition="N = 2"),
    _effect("change_detection", "cowan_k", 3.14, "items", ROUDER, sd=0.84, n=23, condition="N = 5"),
    _effect("change_detection", "cowan_k", 3.34, "items", ROUDER, sd=1.26, n=23, condition="N = 8"),
    *(
        _effect("change_detection", "cowan_k", k, "items", SCAP, sd=sd, n=130, condition=f"SCAP, N = {load}")
        for load, k, sd in ((1, 0.94, 0.10), (3, 2.45, 0.57), (5, 3.75, 1.04), (7, 2.83, 1.43))
    ),
    _effect("mot", "speed_threshold", 1.05, "rev/s", ROUDAIA, sd=0.26, n=18, condition="1 target"),
    _effect("mot", "speed_threshold", 0.70, "rev/s", ROUDAIA, sd=0.20, n=18, condition="2 targets"),
    _effect("mot", "speed_threshold", 0.46, "rev/s", ROUDAIA, sd=0.21, n=18, condition="3 targets"),
    # ratios of the means above
    _effect("mot", "speed_ratio_2_to_1", 0.67, "ratio", ROUDAIA, n=18),
    _effect("mot", "speed_ratio_3_to_1", 0.44, "ratio", ROUDAIA, n=18),
)

_SELECTIVE = (
    _effect("ant", "conflict_ms", 70.1, "ms", SRO, sd=51.9, n=520, ci=(65.7, 74.6)),
    _effect("ant", "orienting_ms", 51.6, "ms", SRO, sd=44.6, n=520, ci=(47.8, 55.4)),
    _effect("ant", "alerting_ms", 31.9, "ms", SRO, sd=35.3, n=520, ci=(28.9, 35.0)),
    _effect("ant", "conflict_accuracy_pp", 5.9, "pp", SRO, sd=12.3, n=520),
    _effect("ant", "conflict_ms", 80.0, "ms", CNP, sd=39.0, n=130, ci=(73.3, 86.7), condition="CNP controls"),
    _effect("ant", "conflict_ms", 84.0, "ms", FAN, sd=25.0, n=40, mark="U", condition="original"),
    _effect("ant", "orienting_ms", 51.0, "ms", FAN, sd=21.0, n=40, mark="U", condition="original"),
    _effect("ant", "alerting_ms", 47.0, "ms", FAN, sd=18.0, n=40, mark="U", condition="original"),
    _effect("flanker", "conflict_ms", 66.9, "ms", ERPCORE, sd=23.2, n=71),
    _effect("flanker", "conflict_accuracy_pp", 18.6, "pp", ERPCORE, sd=12.3, n=71),
    _effect("flanker", "conflict_ms", 153.0, "ms", KELLY, sd=93.0, n=26, condition="slow event-related"),
    _effect(
        "flanker", "conflict_accuracy_pp", 2.6, "pp", KELLY, sd=3.7, n=26, condition="slow event-related"
    ),
    _effect("flanker", "conflict_ms", 40.0, "ms", HEDGE, sd=18.4, n=47, condition="study 1"),
    _effect("flanker", "conflict_ms", 42.6, "ms", HEDGE, sd=20.3, n=60, condition="study 2"),
    _effect("posner", "validity_ms", 27.0, "ms", HEDGE, sd=21.4, n=40, ci=(20.3, 33.6)),
    *(
        _effect("posner", "validity_ms", effect, "ms", HEDGE, n=40, condition=f"SOA {soa}")
        for soa, effect in ((300, 28.1), (400, 29.3), (500, 25.6), (600, 23.7))
    ),
    _effect("visual_search", "slope_present_ms_per_item", 21.8, "ms/item", SEARCH, n=11),
    _effect("visual_search", "slope_absent_ms_per_item", 76.5, "ms/item", SEARCH, n=11),
    _effect("visual_search", "slope_ratio_absent_present", 3.5, "ratio", SEARCH, n=11),
    _effect("visual_search", "slope_present_ms_per_item", 21.5, "ms/item", SEARCH, n=12, condition="2"),
    _effect("visual_search", "slope_absent_ms_per_item", 76.3, "ms/item", SEARCH, n=12, condition="2"),
    _effect("visual_search", "slope_ratio_absent_present", 3.6, "ratio", SEARCH, n=12, condition="2"),
    _effect("visual_search", "slope_present_ms_per_item", 22.4, "ms/item", SEARCH, n=12, condition="3"),
    _effect("visual_search", "slope_absent_ms_per_item", 76.8, "ms/item", SEARCH, n=12, condition="3"),
    _effect("visual_search", "slope_ratio_absent_present", 3.4, "ratio", SEARCH, n=12, condition="3"),
    _effect(
        "visual_search", "slope_present_ms_per_item", 97.5, "ms/item", FACES, sd=23.5, n=19, condition="faces"
    ),
    _effect(
        "visual_search", "slope_absent_ms_per_item", 196.3, "ms/item", FACES, sd=35.0, n=19, condition="faces"
    ),
)

EFFECTS: tuple[Effect, ...] = (
    *_GO_NO_GO,
    *_CPT,
    *_PVT,
    *_SIMPLE_RT,
    *_MACKWORTH,
    *_AX_CPT,
    *_DIVIDED,
    *_SELECTIVE,
)
"""Every human reference effect, in the order of the tasks."""
