"""Functions that the simulation calls, each in C++ and in NumPy with the same meaning.

`poisson_count` draws Poisson counts without state: a hash of (stream of the neuron, time step)
gives a uniform number, and the count is how many cumulative probabilities it exceeds. The draw is
exact to the 32-bit resolution of the hash for a mean of up to one event a step, does not
depend on which neurons are simulated beside it, and vectorises.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from neurosim.engine.brian import b2

__all__ = ["TABLE", "drive_value", "poisson_count", "report_progress", "watch"]

TERMS = 10
"""Largest count; P(count > 10) is 1e-8 at a mean of one event a step, 1e-14 at the usual 0.25."""

DIVERGED = "diverged"

HEADERS = ["<cmath>", "<cstdint>", "<cstdio>", "<cstdlib>", "<cstring>", "<vector>", '"network.h"']

_HASH_CPP = """
static inline uint32_t neurosim_mix(uint32_t x) {
    x ^= x >> 16; x *= 0x7feb352dU; x ^= x >> 15; x *= 0x846ca68bU; x ^= x >> 16;
    return x;
}
// u > limit(c) says the same as (hash + 1/2) / 2^32 > c, in integers: sixteen comparisons at a time
static inline int32_t neurosim_limit(const double cumulative) {
    const double limit = std::floor(cumulative * 4294967296.0 - 2147483648.5);
    return (int32_t)(limit < 2147483647.0 ? limit : 2147483647.0);
}
static inline double poisson_count(
    const int32_t stream, const int32_t step, const double mean, const double p0
) {
    const uint32_t lane = (uint32_t)stream;
    uint32_t x = neurosim_mix(lane + 0x9E3779B9U * (uint32_t)step);
    x = neurosim_mix(x ^ (lane * 0x85EBCA6BU + 0xC2B2AE35U));
    const int32_t u = (int32_t)(x ^ 0x80000000U);
    double p = p0, cumulative = p0;
    int32_t count = 0;
    %TERMS%
    return (double)count;
}
"""


def _mix(x: np.ndarray) -> np.ndarray:
    x = x ^ (x >> np.uint32(16))
    x = x * np.uint32(0x7FEB352D)
    x = x ^ (x >> np.uint32(15))
    x = x * np.uint32(0x846CA68B)
    return x ^ (x >> np.uint32(16))


def _poisson_count(stream, step, mean, p0):
    lane = np.asarray(stream).astype(np.int32).view(np.uint32)
    with np.errstate(over="ignore"):
        x = _mix(lane + np.uint32(0x9E3779B9) * np.asarray(step).astype(np.uint32))
        x = _mix(x ^ (lane * np.uint32(0x85EBCA6B) + np.uint32(0xC2B2AE35)))
    u = (x.astype(float) + 0.5) / 2.0**32
    p = cumulative = np.asarray(p0, dtype=float)
    count = np.zeros(np.broadcast(u, p).shape)
    for k in range(1, TERMS + 1):
        count += u > cumulative
        p = p * mean / k
        cumulative = cumulative + p
    return count


def _terms() -> str:
    lines = []
    for k in range(1, TERMS + 1):
        lines.append(f"count += (u > neurosim_limit(cumulative)); p *= mean * {1.0 / k!r}; cumulative += p;")
    return "\n    ".join(lines)


poisson_count = b2.Function(
    _poisson_count, arg_units=[1, 1, 1, 1], arg_types=["integer", "integer", "float", "float"], return_unit=1
)
poisson_count.implementations.add_implementation(
    "cpp",
    code=_HASH_CPP.replace("%TERMS%", _terms()),
    name="poisson_count",
    compiler_kwds={"headers": HEADERS},
)


_DRIVE_CPP = """
struct NeurosimDrives {
    struct One { std::vector<double> times, values; size_t row; };
    std::vector<One> all;
    int64_t columns;
    double stop;
    NeurosimDrives() {
        const char* path = std::getenv("NEUROSIM_DRIVE");
        FILE* f = path ? std::fopen(path, "rb") : NULL;
        int64_t head[2];
        if (!f || std::fread(head, 8, 2, f) != 2 || std::fread(&stop, 8, 1, f) != 1) {
            std::fprintf(stderr, "cannot read the drive of the simulation\\n"); std::exit(4);
        }
        columns = head[1];
        all.resize(head[0]);
        for (auto& one : all) {
            int64_t n = 0;
            bool good = std::fread(&n, 8, 1, f) == 1;
            one.times.resize(n); one.values.resize(n * columns); one.row = 0;
            good = good && std::fread(one.times.data(), 8, n, f) == (size_t)n;
            good = good && std::fread(one.values.data(), 8, n * columns, f) == (size_t)(n * columns);
            if (!good) { std::fprintf(stderr, "the drive of the simulation is truncated\\n"); std::exit(4); }
        }
        std::fclose(f);
    }
    double value(int32_t participant, int32_t column, double t) {
        One& one = all[participant];
        while (one.row + 1 < one.times.size() && one.times[one.row + 1] <= t + 1e-9) one.row++;
        return one.values[one.row * columns + column];
    }
};
static NeurosimDrives& neurosim_drives() { static NeurosimDrives drives; return drives; }
static double drive_value(const int32_t participant, const int32_t column, const double t) {
    return column < 0 ? 0.0 : neurosim_drives().value(participant, column, t);
}
static double report_progress(const double t) {
    std::printf("%.4f\\n", t); std::fflush(stdout);
    if (t >= neurosim_drives().stop - 1e-9) Network::_globally_stopped = true;
    return t;
}
"""

_WATCH_CPP = """
// reads the bits: -ffast-math lets the compiler assume that no number is NaN or infinite
static double watch(const double x, const int32_t pool, const double t) {
    uint64_t bits; std::memcpy(&bits, &x, 8);
    const bool broken = ((bits >> 52) & 0x7ff) == 0x7ff;
    if (broken || x > 1.0 || x < -1.0) {
        std::fprintf(stderr, "%MARK% %d %.4f\\n", pool, t); std::exit(5);
    }
    return 1.0;
}
""".replace("%MARK%", DIVERGED)


class _DriveTable:
    """The NumPy side of the drives: what the C++ side reads from a file."""

    def __init__(self) -> None:
        self.drives: list[tuple[np.ndarray, np.ndarray]] = []
        self.stop_s = 0.0
        self.on_progress: Callable[[float], None] = lambda t: None

    def value(self, participant, column, t):
        participant, column = np.broadcast_arrays(np.atleast_1d(participant), np.atleast_1d(column))
        out = np.zeros(participant.shape)
        for p, (times, values) in enumerate(self.drives):
            row = np.searchsorted(times, float(t) + 1e-9, side="right") - 1
            mine = (participant == p) & (column >= 0)
            out[mine] = values[row, column[mine]]
        return out

    def progress(self, t):
        self.on_progress(float(t))
        if float(t) >= self.stop_s - 1e-9:
            b2.stop()
        return t


def _watch(x, pool, t):
    """1, as long as -1 <= x <= 1; else the simulation ends."""
    broken = ~np.isfinite(x) | (np.abs(x) > 1.0)
    if np.any(broken):
        first = int(np.broadcast_to(pool, np.shape(x))[broken][0])
        raise RuntimeError(f"{DIVERGED} {first} {float(t):.4f}")
    return 1.0


TABLE = _DriveTable()

drive_value = b2.Function(
    TABLE.value,
    arg_units=[1, 1, 1],
    arg_types=["integer", "integer", "float"],
    return_unit=1,
    stateless=False,
)
drive_value.implementations.add_implementation(
    "cpp", code=_DRIVE_CPP, name="drive_value", compiler_kwds={"headers": HEADERS}
)

report_progress = b2.Function(
    TABLE.progress, arg_units=[1], arg_types=["float"], return_unit=1, stateless=False
)
report_progress.implementations.add_implementation(
    "cpp", code="", name="report_progress", dependencies={"drive_value": drive_value}
)

watch = b2.Function(
    _watch,
    arg_units=[1, 1, 1],
    arg_types=["float", "integer", "float"],
    return_unit=1,
    stateless=False,
)
watch.implementations.add_implementation(
    "cpp", code=_WATCH_CPP, name="watch", compiler_kwds={"headers": HEADERS}
)
