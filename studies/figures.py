"""Figures: the house style, one fixed look for every agent, and saving with numbers and caption.

Colours are from the palette of Okabe & Ito, which people with any of the common colour-vision
deficiencies can tell apart; variants of an agent keep its hue and differ in line and marker, so that
nothing rests on colour alone.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import matplotlib as mpl
import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.colors import to_hex, to_rgb

from studies.run_folder import write_atomically

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["HOUSE_STYLE", "Look", "SavedFigure", "house_style", "look", "save_figure"]

HOUSE_STYLE: dict[str, Any] = {
    "figure.constrained_layout.use": True,
    "figure.dpi": 100,
    "savefig.dpi": 300,
    "savefig.facecolor": "white",
    "font.family": "sans-serif",
    "font.sans-serif": ["DejaVu Sans"],
    "font.size": 8,
    "axes.titlesize": 9,
    "axes.titlelocation": "left",
    "axes.titleweight": "bold",
    "axes.labelsize": 8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "axes.axisbelow": True,
    "xtick.major.width": 0.7,
    "ytick.major.width": 0.7,
    "legend.frameon": False,
    "legend.fontsize": 8,
    "lines.linewidth": 1.5,
    "lines.markersize": 4.5,
    # text stays text, for editing and searching
    "pdf.fonttype": 42,
    "ps.fonttype": 42,
    "svg.fonttype": "none",
    # the same figure gives the same bytes
    "svg.hashsalt": "neurosim",
}
"""Matplotlib settings of every figure."""

HUMAN, SPIKING, LSTM, ATTENTION, TWIN = "#000000", "#D55E00", "#0072B2", "#009E73", "#CC79A7"
OTHERS = ("#56B4E9", "#E69F00", "#7F7F7F")
DETERMINISTIC: dict[str, dict[str, object]] = {
    "pdf": {"CreationDate": None, "Producer": None, "Creator": None},
    "svg": {"Date": None, "Creator": None},
    "png": {"Software": None},
}


@dataclass(frozen=True)
class Look:
    """How an agent is drawn.

    Parameters
    ----------
    colour
        Of lines and areas (hex).
    marker, line
        Matplotlib marker and line style.
    label
        Name in legends.
    ink
        Of text: the full hue, which stays readable where `colour` is light.
    """

    colour: str
    marker: str
    line: str
    label: str
    ink: str = "#000000"


def _lighter(colour: str, share: float = 0.45) -> str:
    red, green, blue = (channel + (1.0 - channel) * share for channel in to_rgb(colour))
    return to_hex((red, green, blue))


LOOKS: dict[str, Look] = {
    "human": Look(HUMAN, "s", "-", "human", HUMAN),
    "spiking": Look(SPIKING, "o", "-", "spiking", SPIKING),
    "spiking-no-arousal": Look(_lighter(SPIKING), "v", "--", "spiking, no arousal", SPIKING),
    "spiking-no-self-excitation": Look(
        _lighter(SPIKING, 0.6), "X", ":", "spiking, no self-excitation", SPIKING
    ),
    "spiking-no-top-down": Look(_lighter(SPIKING, 0.3), "*", "-.", "spiking, no top-down gain", SPIKING),
    "spiking-no-shared-inhibition": Look(
        _lighter(SPIKING, 0.75), "p", ":", "spiking, no shared inhibition", SPIKING
    ),
    "spiking-no-central-competition": Look(
        _lighter(SPIKING, 0.45), "8", "--", "spiking, no central competition", SPIKING
    ),
    "spiking-no-central-self-excitation": Look(
        _lighter(SPIKING, 0.6), ">", ":", "spiking, no central self-excitation", SPIKING
    ),
    "spiking-no-memory-competition": Look(
        _lighter(SPIKING, 0.3), "P", "-.", "spiking, no memory competition", SPIKING
    ),
    "lstm": Look(LSTM, "^", "-", "LSTM", LSTM),
    "lstm-arousal": Look(_lighter(LSTM), "<", "--", "LSTM + arousal", LSTM),
    "attention": Look(ATTENTION, "D", "-", "attention", ATTENTION),
    "lstm-limited": Look(_lighter(LSTM, 0.3), ">", "-.", "LSTM, limited channel", LSTM),
    "lstm-shared-head": Look(_lighter(LSTM, 0.6), "v", ":", "LSTM, shared head", LSTM),
    "attention-limited": Look(_lighter(ATTENTION, 0.3), "h", "-.", "attention, limited channel", ATTENTION),
    "attention-shared-head": Look(_lighter(ATTENTION, 0.6), "H", ":", "attention, shared head", ATTENTION),
    "attention-arousal": Look(_lighter(ATTENTION), "d", "--", "attention + arousal", ATTENTION),
    "lstm-memory": Look(_lighter(LSTM), "s", "-.", "LSTM, long memory", LSTM),
    "attention-memory": Look(_lighter(ATTENTION), "s", ":", "attention, long window", ATTENTION),
    "lstm-spiking": Look(_lighter(LSTM, 0.3), "o", "--", "LSTM as spikes", LSTM),
    "attention-spiking": Look(_lighter(ATTENTION, 0.3), "o", ":", "attention as spikes", ATTENTION),
    "spiking-twin": Look(TWIN, "P", "-", "twin of spiking"),
}
"""The agents of this package."""


def look(agent: str) -> Look:
    """The fixed look of an agent; one that is not ours gets a colour by its name."""
    if agent in LOOKS:
        return LOOKS[agent]
    return Look(OTHERS[sum(agent.encode()) % len(OTHERS)], "P", "-.", agent)


@contextmanager
def house_style() -> Iterator[None]:
    """Draw in the house style, whatever the user's own settings, and without a screen."""
    backend = mpl.get_backend()
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(cast(Any, HOUSE_STYLE))
        plt.switch_backend("agg")
        try:
            yield
        finally:
            plt.switch_backend(backend)


@dataclass(frozen=True)
class SavedFigure:
    """A figure as it lies in the run folder.

    Parameters
    ----------
    name
        File name without ending.
    folder
        Folder of the files.
    caption
        What is shown, how many participants, what the error bars are.
    """

    name: str
    folder: Path
    caption: str

    @property
    def number(self) -> int | None:
        """Number in the file name, which the report uses too; None where it has none."""
        found = re.match(r"figure(\d+)", self.name)
        return int(found[1]) if found else None

    def path(self, ending: str) -> Path:
        """One of its files: ``"pdf"``, ``"svg"``, ``"png"``, ``"csv"``, ``"txt"``."""
        suffix = {"csv": "_data.csv", "txt": ".caption.txt"}.get(ending, f".{ending}")
        return self.folder / f"{self.name}{suffix}"


def save_figure(fig: Figure, folder: Path, name: str, data: pd.DataFrame, caption: str) -> SavedFigure:
    """Write a figure as PDF, SVG and PNG, with its numbers and its caption; the figure is then closed.

    Parameters
    ----------
    fig
        The figure.
    folder
        Where to; made if needed.
    name
        File name without ending.
    data
        Every number that is drawn.
    caption
        Says n and what the error bars are.

    Returns
    -------
    SavedFigure
        Where the files are. The same figure gives the same bytes: there are no dates in them.

    Raises
    ------
    ValueError
        If there are no numbers or no caption.
    """
    if data.empty or not caption.strip():
        raise ValueError(
            f"figure {name!r}: give the plotted numbers (data) and a caption; one of them is empty"
        )
    saved = SavedFigure(name, folder, " ".join(caption.split()))
    for ending, metadata in DETERMINISTIC.items():
        buffer = io.BytesIO()
        fig.savefig(buffer, format=ending, metadata=metadata)
        write_atomically(saved.path(ending), buffer.getvalue())
    plt.close(fig)
    write_atomically(saved.path("csv"), data.to_csv(index=False, lineterminator="\n"))
    write_atomically(saved.path("txt"), saved.caption + "\n")
    return saved
