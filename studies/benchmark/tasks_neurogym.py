"""Trials of neurogym's GoNogo: run by the Python of an environment that has neurogym.

    python tasks_neurogym.py <trials> <seed>

Prints, as JSON, CPU seconds of making that many trials and the version. Needs nothing of this package, which
that environment does not have.
"""

from __future__ import annotations

import json
import sys
import time
import warnings


def main(n: int, seed: int) -> None:
    """Make trials, print."""
    warnings.simplefilter("ignore")
    import neurogym  # type: ignore[import-not-found]
    from neurogym.envs.native.gonogo import GoNogo  # type: ignore[import-not-found]

    env = GoNogo()
    env.seed(seed)
    env.new_trial()
    before = time.process_time()
    for _ in range(n):
        env.new_trial()
    print(json.dumps({"cpu_s": time.process_time() - before, "version": neurogym.__version__}))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
