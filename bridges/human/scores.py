"""Published subject scores of the continuous performance test (CPT-X, Conners form), ds000030.

With H hits of 324 go letters and F presses to 36 letters X, log-linear as in Hautus (1995):

    h = (H + 0.5) / 325,  f = (F + 0.5) / 37,  d' = z(h) - z(f),  c = -(z(h) + z(f)) / 2

where going is the signal. doi:10.3758/BF03203619. Data: doi:10.18112/openneuro.ds000030.v1.0.0
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pandas as pd
from scipy.stats import norm

from bridges.human.tables import TextTable, describe_faults, numbers, read_text_table

__all__ = ["N_GO", "N_NO_GO", "is_cpt_scores", "read_cpt_scores"]

N_GO, N_NO_GO = 324, 36

BLANK_TO_ISI_S = {"750": 1, "1750": 2, "3750": 4}
"""The suffix of a score is the blank after the 250 ms letter (ms); letter and blank make the interval."""

NEEDED = (
    "cpt_fa",
    "cpt_hits",
    "cpt_mn_h",
    "cpt_md_h",
    "cpt_sd_h",
    *(f"cpt_mn_h_{blank}" for blank in BLANK_TO_ISI_S),
)


def is_cpt_scores(header: Sequence[str]) -> bool:
    """Whether a table with these columns is one of CPT scores."""
    return {"participant_id", "cpt_fa", "cpt_hits"} <= set(header)


def read_cpt_scores(path: str | Path, diagnosis: str | None = "CONTROL") -> pd.DataFrame:
    """Read CPT scores, one row a person, under the names that `bridges.measures` uses.

    ``cpt_miss`` and ``cpt_inh_cnt_*`` are zero for everybody in the published table, so they are
    not used: omissions are 324 - hits.

    Parameters
    ----------
    path
        ``cpt_subject_scores.csv``: participant_id, diagnosis and the cpt_* columns; RTs in ms.
    diagnosis
        Whom to keep; None keeps everybody.

    Returns
    -------
    DataFrame
        ``participant_id``, ``diagnosis``, ``commission_rate``, ``omission_rate``, ``hit_rate``
        (fractions), ``d_prime``, ``criterion``, ``rt_mean_ms``, ``rt_median_ms``, ``rt_sd_ms``,
        ``rt_cv``, ``rt_mean_ms_isi_1``, ``_2`` and ``_4`` (by interval, s) and
        ``rt_isi_slope_ms_per_s`` (from 1 to 4 s).

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        Lists every fault with its row; or if nobody has the diagnosis.
    """
    path = Path(path)
    table, faults = read_text_table(path)
    if table is not None:
        values, faults = _checked(table)
    if table is None or faults:
        raise ValueError(describe_faults(str(path), faults))
    scores = _scores(values)
    scores.insert(0, "participant_id", table.cells["participant_id"])
    if "diagnosis" in table.cells:
        scores.insert(1, "diagnosis", table.cells["diagnosis"])
    if diagnosis is not None:
        if "diagnosis" not in scores:
            raise ValueError(f"{path.name} has no column 'diagnosis'; pass diagnosis=None to read everybody")
        kept = scores[scores["diagnosis"] == diagnosis]
        if kept.empty:
            there = sorted(set(scores["diagnosis"].dropna()))
            raise ValueError(f"diagnosis = {diagnosis!r}: nobody has it; there are {there}")
        scores = kept
    return scores.reset_index(drop=True)


def _checked(table: TextTable) -> tuple[pd.DataFrame, list[str]]:
    cells = table.cells
    missing = [column for column in ("participant_id", *NEEDED) if column not in cells]
    if missing:
        return pd.DataFrame(), [f"{table.name}: row 1: columns {missing} are missing"]
    faults = []
    values = pd.DataFrame(index=cells.index)
    for column in NEEDED:
        values[column], some = numbers(table, column)
        faults += some
        absent = cells.index[cells[column].isna()]
        faults += [f"{table.name}: row {row}: {column} is missing" for row in absent]
    for column, most in (("cpt_fa", N_NO_GO), ("cpt_hits", N_GO)):
        out = values[column].notna() & ~values[column].between(0, most)
        faults += [
            f"{table.name}: row {row}: {column} = {values.loc[row, column]:g}, must be 0 to {most}"
            for row in cells.index[out]
        ]
    looks_like_s = values["cpt_mn_h"].median() < 10.0
    if looks_like_s:
        faults.append(f"{table.name}: cpt_mn_h looks like seconds; RTs are expected in ms")
    twice = cells.index[cells["participant_id"].duplicated()]
    faults += [
        f"{table.name}: row {row}: participant_id = {cells.loc[row, 'participant_id']!r} is there twice"
        for row in twice
    ]
    return values, faults


def _scores(values: pd.DataFrame) -> pd.DataFrame:
    hits, false_alarms = values["cpt_hits"], values["cpt_fa"]
    z_hit = norm.ppf((hits + 0.5) / (N_GO + 1))
    z_false = norm.ppf((false_alarms + 0.5) / (N_NO_GO + 1))
    by_isi = {isi: values[f"cpt_mn_h_{blank}"] for blank, isi in BLANK_TO_ISI_S.items()}
    return pd.DataFrame(
        {
            "commission_rate": false_alarms / N_NO_GO,
            "omission_rate": (N_GO - hits) / N_GO,
            "hit_rate": hits / N_GO,
            "d_prime": z_hit - z_false,
            "criterion": -(z_hit + z_false) / 2,
            "rt_mean_ms": values["cpt_mn_h"],
            "rt_median_ms": values["cpt_md_h"],
            "rt_sd_ms": values["cpt_sd_h"],
            "rt_cv": values["cpt_sd_h"] / values["cpt_mn_h"],
            **{f"rt_mean_ms_isi_{isi}": mean for isi, mean in by_isi.items()},
            "rt_isi_slope_ms_per_s": (by_isi[4] - by_isi[1]) / (4 - 1),
        },
        index=values.index,
    )
