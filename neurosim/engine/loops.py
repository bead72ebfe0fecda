"""Faster loops in the C++ that Brian2 writes, with the same arithmetic.

Neurons of one population lie side by side and read the same values of their pool. Brian2 fetches those
values again for every neuron, through an index: the loop over neurons is cut here into stretches of one
pool, before which they are fetched once. What is left is arithmetic on neighbouring numbers, which
the compiler does eight at a time; thresholds of the Poisson draw become constants of a stretch.

Because a stretch always starts at the first neuron of a population of one participant, each neuron
takes the same path through the vectorised loop whoever is simulated beside it: results do not depend on
the batch.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np

__all__ = ["cut_into_stretches", "quicken"]

INDEX = re.compile(r"^ *const int64_t _(\w+)_indices = (_ptr_array_\w+)\[_idx\];\n", re.MULTILINE)
LINKED = re.compile(r"^ *const double (\w+) = (_ptr_array_\w+)\[_\w+_indices\];\n", re.MULTILINE)
NOT_A_STEP = ("watch(", "tally(")
"""Calls of the other regular operations of neurons, which are rare."""

LOOP = "for(int _idx=0; _idx<_N; _idx++)"

HEAD = """static std::vector<int> _ends;  // where the pool changes
    if (_ends.empty())
        for (int _k = 1; _k <= _N; _k++)
            if (_k == _N || %INDICES%[_k] != %INDICES%[_k - 1]) _ends.push_back(_k);
    int _first = 0;
    for (size_t _stretch = 0; _stretch < _ends.size(); _first = _ends[_stretch++])
    {
%VALUES%
    const int _last = _ends[_stretch];
    #pragma GCC ivdep
    for (int _idx=_first; _idx<_last; _idx++)"""


def quicken(work: Path) -> None:
    """Rewrite the sources of a standalone simulation in folder `work`.

    Raises
    ------
    RuntimeError
        If they do not look as Brian2 is known to write them.
    """
    # by what they do, not by their numbers: Brian2 counts on from networks that were built before
    sources = (work / "code_objects").glob("neurons_*_run_regularly*_codeobject*.cpp")
    steps = [source for source in sources if not any(call in source.read_text() for call in NOT_A_STEP)]
    if not steps:
        raise RuntimeError("no step of a neuron group was found in the C++; is this a new Brian2?")
    for source in steps:
        source.write_text(cut_into_stretches(source.read_text()))
    network = work / "network.cpp"
    # a system call every step, for a run time that nobody reads
    network.write_text(
        re.sub(r"current = std::clock\(\);\s*elapsed_realtime = [^;]*;", "", network.read_text())
    )


def cut_into_stretches(code: str) -> str:
    """The step of a group of neurons, with its loop cut where the pool changes.

    Raises
    ------
    RuntimeError
        If the code does not look as Brian2 is known to write it.
    """
    indices, linked = INDEX.findall(code), LINKED.findall(code)
    if not indices and "_indices" not in code and code.count(LOOP) == 1:
        return code.replace(LOOP, f"#pragma GCC ivdep\n    {LOOP}")  # nothing is fetched
    if code.count(LOOP) != 1 or not indices or len(indices) != len(linked):
        raise RuntimeError("the C++ of a neuron group is not of the known form; is this a new Brian2?")
    array = indices[0][1]
    values = "\n".join(f"    const double {name} = {pools}[{array}[_first]];" for name, pools in linked)
    code = LINKED.sub("", INDEX.sub("", code))
    head, body = code.split(LOOP)
    # the stretches open one block more than the loop did
    depth = np.cumsum([(letter == "{") - (letter == "}") for letter in body])
    end = int(np.flatnonzero((depth == 0) & (np.array(list(body)) == "}"))[0])
    start = HEAD.replace("%INDICES%", array).replace("%VALUES%", values)
    return head + start + body[: end + 1] + "\n    }" + body[end + 1 :]
