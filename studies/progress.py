"""Progress: one bar for the whole study on a terminal, one plain line a stage anywhere else."""

from __future__ import annotations

import sys
import time
from typing import TextIO

from tqdm import tqdm

__all__ = ["Display"]

BAR = "{percentage:3.0f}%|{bar:20}| {elapsed}<{remaining}  {desc}"


class Display:
    """Shows how far a study is and what it does now.

    Parameters
    ----------
    quiet
        Show nothing but warnings.
    stream
        Where to write; standard error, so that standard output carries the result alone.
    """

    def __init__(self, quiet: bool = False, stream: TextIO | None = None) -> None:
        self._stream = stream if stream is not None else sys.stderr
        self._quiet = quiet
        self._bar: tqdm | None = None
        self._start = time.monotonic()

    @property
    def live(self) -> bool:
        """Whether a bar that redraws itself makes sense here."""
        return not self._quiet and self._stream.isatty()

    def begin(self) -> None:
        """Start the bar of a stage whose fraction is known."""
        self._start = time.monotonic()
        if self.live:
            self._bar = tqdm(
                total=1.0, bar_format=BAR, file=self._stream, leave=False, dynamic_ncols=True, mininterval=0.2
            )

    def update(self, fraction: float, doing: str) -> None:
        """Move the bar; without a terminal nothing is written here."""
        if self._bar is not None:
            self._bar.set_description_str(doing, refresh=False)
            self._bar.n = min(max(fraction, self._bar.n), 1.0)
            self._bar.refresh()

    def line(self, text: str) -> None:
        """Say something that stays: a stage, a finished batch."""
        if not self._quiet:
            self._write(text)

    def milestone(self, fraction: float, text: str) -> None:
        """Say how far things are where no bar does; on a terminal the bar already does."""
        if not self._quiet and not self.live:
            left = self._time_left(fraction)
            self._write(f"{fraction:4.0%}  {text}{left}")

    def warn(self, text: str) -> None:
        """Say what must not be missed, quiet or not."""
        self._write(f"warning: {text}")

    def end(self) -> None:
        """Take the bar away."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None

    def _time_left(self, fraction: float) -> str:
        elapsed = time.monotonic() - self._start
        if not 0.05 <= fraction < 1.0:
            return ""
        return f" (about {tqdm.format_interval(elapsed * (1 - fraction) / fraction)} left)"

    def _write(self, text: str) -> None:
        if self._bar is not None:
            tqdm.write(text, file=self._stream)
        else:
            print(text, file=self._stream, flush=True)
