"""Memory of a causal transformer over sessions of any length: a window of keys and values is all it keeps.

Run as a module, it is the process that is measured.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path

import pandas as pd

from studies.benchmark.base import child_cpu_s

__all__ = ["memory_over_sessions"]

DT_S, WINDOW, CHUNK, CHANNELS = 0.02, 64, 512, 4
HOURS, QUICK_HOURS = (0.1, 0.3, 1.0, 3.0), (0.1, 0.3, 1.0)


def memory_over_sessions(quick: bool) -> pd.DataFrame:
    """Peak memory (MB) and CPU time of a fresh process for each length of session."""
    rows = []
    for hours in QUICK_HOURS if quick else HOURS:
        said = child_cpu_s([sys.executable, "-m", "studies.benchmark.stream_memory", str(hours)])[2]
        rows.append({"session_h": hours, **json.loads(said.strip().splitlines()[-1])})
    return pd.DataFrame(rows)


def _measure(hours: float) -> dict[str, float]:
    import torch

    from ann.streaming import stream
    from ann.transformer import AttentionNetwork

    generator = torch.Generator().manual_seed(1)
    network = AttentionNetwork(CHANNELS, 3, n_layers=2, window=WINDOW, generator=generator)
    steps = int(hours * 3600 / DT_S)
    sizes = [min(CHUNK, steps - start) for start in range(0, steps, CHUNK)]
    # drawn as it is heard: a session kept in memory would grow by itself
    heard = (torch.randn(1, size, CHANNELS, generator=generator) for size in sizes)
    total = sum(logits.shape[1] for logits in stream(network, heard))
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return {"steps": total, "peak_mb": _peak_mb(), "cpu_s": usage.ru_utime + usage.ru_stime}


def _peak_mb() -> float:
    status = Path("/proc/self/status")
    if status.exists():
        # of this program alone; the resource usage of a child starts with the memory of its parent
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return float(line.split()[1]) / 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 2**20 if sys.platform == "darwin" else peak / 1024


if __name__ == "__main__":
    print(json.dumps(_measure(float(sys.argv[1]))))
