"""What single neurons receive: spikes through ring kernels, and inputs of their own.

A spike adds its kernel, rotated to its neuron, to the conductance of every neuron of the target ring:
exact, and one stretch of memory that the compiler adds eight numbers at a time. At the rates of
cortex a ring of 2,000 neurons fires about one spike a step, so this costs each neuron about one addition
a step, less than rebuilding its conductance from the Fourier modes of the kernel.

The C++ side is made for one network, for it names its arrays.
"""

from __future__ import annotations

import numpy as np

from neurosim.circuit import RECEPTORS, Circuit
from neurosim.engine import exchange
from neurosim.engine.brian import b2
from neurosim.engine.functions import HEADERS

__all__ = ["RINGS", "functions", "own_variables", "receptors_by_group"]


def receptors_by_group(circuit: Circuit) -> dict[int, tuple[str, ...]]:
    """Group of neurons (from 1) -> receptors through which a ring projects to it."""
    return _by_group(
        circuit, {(p.target, p.receptor) for p in circuit.projections if p.kernel is not None}, RECEPTORS
    )


def own_variables(circuit: Circuit) -> dict[int, tuple[str, ...]]:
    """Group of neurons (from 1) -> variables that carry inputs to single neurons."""
    pairs = {(i.target, v) for i in circuit.inputs for kind in i.per_neuron for v in exchange.OWN[kind]}
    return _by_group(circuit, pairs, [v for names in exchange.OWN.values() for v in names])


def _by_group(circuit: Circuit, pairs: set[tuple[str, str]], order) -> dict[int, tuple[str, ...]]:
    groups = {}
    for k, members in enumerate(exchange.by_neuron(circuit).values(), start=1):
        names = {circuit.names[m] for m in members}
        mine = {what for target, what in pairs if target in names}
        groups[k] = tuple(what for what in order if what in mine)
    return groups


_READ_CPP = """
struct NeurosimRings {
    struct Link {
        int64_t group, start, size, target_size, phases;
        double* target; double weight, follows;
        bool nmda;
        std::vector<double> rows;
    };
    struct Course {
        double* target;
        int64_t size, now;
        std::vector<double> times, rows; std::vector<int64_t> which;
        size_t change;
    };
    std::vector<Link> links;
    std::vector<Course> courses;
    std::vector<std::vector<std::vector<int> > > of;  // [group][neuron] -> its links
    FILE* f;
    void stop() { std::fprintf(stderr, "the drive of the simulation is truncated\\n"); std::exit(4); }
    void read(void* to, size_t n) { if (std::fread(to, 8, n, f) != n) stop(); }
    int64_t whole() { int64_t x; read(&x, 1); return x; }
    double real() { double x; read(&x, 1); return x; }
    NeurosimRings() {
        const char* path = std::getenv("NEUROSIM_DRIVE");
        f = path ? std::fopen(path, "rb") : NULL;
        if (!f) stop();
        const int64_t participants = whole(), columns = whole();
        real();
        for (int64_t p = 0; p < participants; p++) {
            const int64_t n = whole();
            std::fseek(f, 8 * n * (1 + columns), SEEK_CUR);
        }
        double* const rings[][3] = {%RINGS%};
        double* const own[][3] = {%OWN%};
        of.resize(sizeof(rings) / sizeof(rings[0]));
        links.resize(whole());
        for (size_t k = 0; k < links.size(); k++) {
            Link& x = links[k];
            x.group = whole(); x.start = whole(); x.size = whole();
            const int64_t group = whole(), start = whole();
            x.target_size = whole();
            const int64_t receptor = whole();
            x.phases = whole(); x.nmda = receptor == %NMDA%;
            x.target = rings[group - 1][receptor] + start;
            x.weight = real(); x.follows = real();
            x.rows.resize(x.phases * 2 * x.target_size);
            read(x.rows.data(), x.rows.size());
            std::vector<std::vector<int> >& mine = of[x.group - 1];
            if ((int64_t)mine.size() < x.start + x.size) mine.resize(x.start + x.size);
            for (int64_t i = x.start; i < x.start + x.size; i++) mine[i].push_back((int)k);
        }
        courses.resize(whole());
        for (Course& c : courses) {
            const int64_t group = whole(), start = whole(), variable = whole();
            const int64_t changes = whole(), n = whole();
            c.size = whole(); c.target = own[group - 1][variable] + start;
            c.times.resize(changes); c.which.resize(changes); c.rows.resize(n * c.size);
            read(c.times.data(), changes); read(c.which.data(), changes); read(c.rows.data(), n * c.size);
            c.change = 0; c.now = -1;
        }
        std::fclose(f);
    }
    void spread(int64_t group, int64_t neuron, double jump, double arousal) {
        const std::vector<std::vector<int> >& mine = of[group];
        if (neuron >= (int64_t)mine.size()) return;
        for (int k : mine[neuron]) {
            const Link& x = links[k];
            const int64_t turns = (neuron - x.start) * x.target_size;
            const int64_t turn = turns / x.size, phase = (turns % x.size) / (x.size / x.phases);
            const double* __restrict row = x.rows.data() + phase * 2 * x.target_size
                + (x.target_size - turn) % x.target_size;
            double* __restrict to = x.target;
            const double much = (x.nmda ? jump : 1.0) * x.weight * (1.0 + x.follows * (arousal - 1.0));
            const int64_t n = x.target_size;
            for (int64_t i = 0; i < n; i++) to[i] += much * row[i];
        }
    }
    void refresh(double t) {
        for (Course& c : courses) {
            while (c.change + 1 < c.times.size() && c.times[c.change + 1] <= t + 1e-9) c.change++;
            const int64_t row = c.which[c.change];
            if (row == c.now) continue;
            std::memcpy(c.target, c.rows.data() + row * c.size, 8 * c.size);
            c.now = row;
        }
    }
};
static NeurosimRings& neurosim_rings() { static NeurosimRings rings; return rings; }
static double ring_spread(
    const int32_t group, const int32_t neuron, const double jump, const double arousal
) {
    neurosim_rings().spread(group, neuron, jump, arousal);
    return 0.0;
}
static double refresh_inputs(const double t) { neurosim_rings().refresh(t); return t; }
"""


class _Rings:
    """The NumPy side: the same sums, and the same inputs, in the arrays of a run-time network."""

    def __init__(self) -> None:
        self.links: list[tuple[exchange.Link, np.ndarray]] = []
        self.courses: list[tuple[exchange.Course, np.ndarray]] = []

    def connect(self, links, courses, groups) -> None:
        """Look up the arrays of the network that `links` and `courses` write to."""

        def array(group: int, variable: str, start: int, size: int) -> np.ndarray:
            return groups[f"neurons_{group}"].variables[variable].get_value()[start : start + size]

        self.links = [
            (x, array(x.target_group, f"ring_{RECEPTORS[x.receptor]}", x.target_start, x.target_size))
            for x in links
        ]
        self.courses = [(c, array(c.group, c.variable, c.start, c.rows.shape[1])) for c in courses]

    def spread(self, group, neuron, jump, arousal):
        """Add the kernels of spikes to the conductances of the rings they project to."""
        for one, much, gain in zip(*np.broadcast_arrays(np.atleast_1d(neuron), jump, arousal), strict=True):
            for x, to in self.links:
                local = one - x.source_start
                if x.source_group == group + 1 and 0 <= local < x.source_size:
                    row, column = x.row(int(local))
                    scale = (much if RECEPTORS[x.receptor] == "nmda" else 1.0) * x.weight
                    to += (
                        scale
                        * (1.0 + x.follows * (gain - 1.0))
                        * x.rows[row, column : column + x.target_size]
                    )
        return np.zeros(np.shape(neuron))

    def refresh(self, t):
        """Set the inputs of single neurons to what holds at time t (s)."""
        for c, to in self.courses:
            to[:] = c.rows[c.which[np.searchsorted(c.times_s, float(t) + 1e-9, side="right") - 1]]
        return t


RINGS = _Rings()


def functions(circuit: Circuit) -> tuple[b2.Function, b2.Function]:
    """``ring_spread(group, neuron, jump, arousal)`` and ``refresh_inputs(t)`` for one circuit."""
    rings = _table(receptors_by_group(circuit), RECEPTORS, "ring_")
    own = _table(own_variables(circuit), [v for names in exchange.OWN.values() for v in names], "")
    code = _READ_CPP.replace("%RINGS%", rings).replace("%OWN%", own)
    code = code.replace("%NMDA%", str(RECEPTORS.index("nmda")))
    spread = b2.Function(
        RINGS.spread,
        arg_units=[1, 1, 1, 1],
        arg_types=["integer", "integer", "float", "float"],
        return_unit=1,
        stateless=False,
    )
    spread.implementations.add_implementation(
        "cpp", code=code, name="ring_spread", compiler_kwds={"headers": HEADERS}
    )
    refresh = b2.Function(RINGS.refresh, arg_units=[1], arg_types=["float"], return_unit=1, stateless=False)
    refresh.implementations.add_implementation(
        "cpp", code=code, name="refresh_inputs", compiler_kwds={"headers": HEADERS}
    )
    return spread, refresh


def _table(by_group: dict[int, tuple[str, ...]], order, prefix: str) -> str:
    rows = []
    for k, present in by_group.items():
        cells = [f"brian::_array_neurons_{k}_{prefix}{name}" if name in present else "NULL" for name in order]
        rows.append("{" + ", ".join(cells) + "}")
    return ", ".join(rows)
