"""A trained attention network as a Brian2 network of integrate-and-fire populations that performs its task.

Three stages work at the same time on three successive steps, each in one counting window W (a step):

    A   queries, keys and values of a step: ON/OFF pairs of populations for each feature
    B   one population a head and remembered step s competes with the others for the present query:
            rate r_s = r_1 exp(e_s - m),   e_s = q . k_s / sqrt(d),   m = ln(sum_s exp(beta e_s)) / beta
        m is subtractive inhibition by a pool that all of a head share; beta = 4 makes it follow the leader,
        so that the leader fires near r_1 whatever the scores
    C   p_s = n_s / sum_s n_s: the spike counts, divided by those of the whole pool (shunting inhibition),
    gate
        the values: y = sum_s p_s v_s. Added to the stream, normalised, through populations whose f-I curve is
        the GELU, and back to the stream, which the head reads

so that p = softmax(e) exactly in the limit of many spikes: an exact normalisation, subtractive and divisive,
and not the competition of conductance-based neurons, which comes to a softmax at low rates alone. Keys and
values of the last steps stay in synaptic memory, one slot a step, the oldest overwritten. Layer norms are
divisive normalisation by the pooled activity of the stream. Stages cost three steps of delay
(`LATENCY_STEPS`).

The neurons are those of `bridges.maps.spiking_populations`; competitors are silent at p = 0. Everything is an
object of the Brian2 network, evaluated at window boundaries. Streams side by side do not touch.
Fails where hundreds of small weights matter together, as each of them rests on few spikes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.special import erf

from ann.positions import SLOWEST
from bridges.maps.attention_weights import GELU_LEAST, AttentionWeights
from bridges.maps.lstm_spiking import half_step
from bridges.maps.side_by_side import SideBySide, wire
from bridges.maps.spiking_populations import (
    PopulationCode,
    PopulationLayer,
    connect,
    drive_of,
    interpreted,
    order_sums,
    population_layer,
)

__all__ = ["LATENCY_STEPS", "SpikingAttentionRun", "run_spiking_attention"]

LATENCY_STEPS = 3
SHARPNESS = 4.0
"""beta of the subtractive inhibition."""

FEWEST = 1e-9
"""Keeps divisions and logarithms finite before the first spike."""


@dataclass(frozen=True, eq=False)
class SpikingAttentionRun:
    """What a run gives, aligned with the input: the latency is taken out.

    Parameters
    ----------
    logits
        Shape (batch, time, output).
    stream
        What the head reads, shape (batch, time, feature).
    weights
        Share of every slot in the activity of its head, shape (batch, time, head, slot); step s is in slot
        s modulo the window.
    mean_rate_hz
        Mean rate of all neurons.
    """

    logits: np.ndarray
    stream: np.ndarray
    weights: np.ndarray
    mean_rate_hz: float


def run_spiking_attention(
    weights: AttentionWeights | Sequence[AttentionWeights],
    x: np.ndarray,
    code: PopulationCode | None = None,
    step_s: float = 0.05,
    seeds: Sequence[int] | None = None,
    progress: Any = None,
    keep_weights: bool = True,
) -> SpikingAttentionRun:
    """Run streams through the spiking form of an attention network.

    Parameters
    ----------
    weights
        The network, or one for each stream (all of one size).
    x
        Input, shape (batch, time, channel).
    code
        The neurons; defaults if None.
    step_s
        Length of a step (s), a multiple of two ticks.
    seeds
        One for each stream, of the voltages to start from; 0, 1, ... if None.
    progress
        Called with the fraction done, or None.
    keep_weights
        Whether to return the attention weights; long runs need much memory for them.

    Returns
    -------
    SpikingAttentionRun
        Logits and what is behind them.

    Raises
    ------
    ValueError
        If shapes, numbers or the step do not fit.
    """
    code = code or PopulationCode()
    each = [weights] * len(x) if isinstance(weights, AttentionWeights) else list(weights)
    seeds = range(len(x)) if seeds is None else seeds
    if len(each) != len(x) or len(seeds) != len(x) or not each:
        raise ValueError(f"{len(x)} streams, {len(each)} networks, {len(seeds)} seeds; give one of each")
    if len({one.shape for one in each}) > 1:
        raise ValueError("networks in one run must all have the same shape")
    if x.ndim != 3 or x.shape[2] != each[0].n_channels or not np.isfinite(x).all():
        raise ValueError(f"x has shape {x.shape}; must be finite, (batch, time, {each[0].n_channels})")
    step_s = 2 * half_step(step_s, code)
    with interpreted() as b2:
        built = _Builder(b2, each, x, code, step_s, seeds).build(keep_weights)
        total_s = step_s * (x.shape[1] + LATENCY_STEPS) + code.tick_s
        report = None if progress is None else (lambda _e, done, _s, _d: progress(float(done)))
        built.network.run(total_s * b2.second, namespace={}, report=report, report_period=1 * b2.second)
        return _read(built, each, x, total_s)


@dataclass(frozen=True, eq=False)
class _Built:
    network: Any
    layers: tuple[PopulationLayer, ...]
    stream: Any
    competitors: Any


class _Builder:
    """Builds the Brian2 network; one method a stage."""

    def __init__(self, b2, each, x, code, step_s, seeds) -> None:
        self.b2, self.each, self.x, self.code, self.step_s = b2, each, x, code, step_s
        first = each[0]
        self.n, self.d, self.heads, self.slots = len(x), first.width, first.n_heads, first.window
        self.features = self.d // self.heads
        self.rng = SideBySide([np.random.default_rng(np.random.SeedSequence([int(s), 12])) for s in seeds])
        self.objects: list[Any] = []
        steps = x.shape[1]
        item = np.arange(-1, steps + LATENCY_STEPS + 1)
        self.namespace = {
            "position": b2.TimedArray(item.astype(float), dt=step_s * b2.second),
            # the slot of the step whose key has just been read; -1 before the first
            "slot_now": b2.TimedArray(np.where(item < 0, -1.0, item % self.slots), dt=step_s * b2.second),
            "samples": self._samples(0),
            "samples_late": self._samples(2),
            "number_drive": self._curve(np.linspace(0.0, 1.0, 1001), lambda a: a, code),
            "fraction_drive": self._curve(
                np.linspace(0.0, 1.0, 1001), lambda a: a, replace(code, low_hz=0.0)
            ),
            "gelu": b2.Function(_gelu, arg_units=[1], return_unit=1),
            "epsilon": first.epsilon,
            "least": GELU_LEAST,
            "beta": SHARPNESS,
            "fewest": FEWEST,
            "width": float(self.d),
        }

    def _samples(self, late: int) -> Any:
        n, steps, channels = self.x.shape
        padded = np.zeros((steps + LATENCY_STEPS + 2, n, channels))
        padded[late : late + steps] = self.x.transpose(1, 0, 2)
        return self.b2.TimedArray(padded.reshape(len(padded), -1), dt=self.step_s * self.b2.second)

    def _curve(self, at, value, code) -> Any:
        drive = drive_of(value(at), code)
        return self.b2.Function(lambda z: np.interp(z, at, drive), arg_units=[1], return_unit=1)

    def group(self, name: str, size: int, model: str) -> Any:
        """Units without neurons: what dendrites and synapses hold and compute."""
        made = self.b2.NeuronGroup(
            size, model, dt=self.step_s * self.b2.second, name=name, namespace=self.namespace
        )
        self.objects.append(made)
        return made

    def layer(self, name: str, size: int, model: str, code: PopulationCode | None = None) -> PopulationLayer:
        """Units with neurons."""
        made = population_layer(name, size, code or self.code, self.step_s, model, self.rng)
        mine = {k: v for k, v in self.namespace.items() if k not in made.units.namespace}
        made.units.namespace.update(mine)
        self.objects += made.objects
        return made

    def at(self, group: Any, order: int, code: str) -> None:
        """Run code at every window boundary, at a place in the order."""
        group.run_regularly(code, dt=self.step_s * self.b2.second, when="start", order=order)

    def sums(self, name, source, target, variable, expression, order, matrices=None, pairs=None) -> None:
        """A sum over synapses: dense within each stream with weights, or between given pairs."""
        weight = "" if matrices is None else "w : 1 (constant)\n"
        link = connect(name, source, target, f"{weight}{variable}_post = {expression} : 1 (summed)")
        if matrices is not None:
            wire(link, matrices)
        else:
            link.connect(i=pairs[0], j=pairs[1])
        order_sums(link, order)
        self.objects.append(link)

    def link(self, group: Any, name: str, source: Any, variable: str, index: np.ndarray) -> None:
        setattr(group, name, self.b2.linked_var(source, variable, index=np.asarray(index).ravel()))

    def stacked(self, name: str) -> np.ndarray:
        return np.concatenate([getattr(one, name) for one in self.each])

    def normalised(self, name: str, group: Any, variable: str, order: int) -> None:
        """Mean and mean square of each stream's features, pooled and handed back to them."""
        pool = self.group(f"{name}_pool", self.n, "mean : 1\nsquare : 1")
        every = np.arange(self.n * self.d)
        pairs = (every, every // self.d)
        self.sums(f"{name}_mean", group, pool, "mean", f"{variable}_pre / width", order, pairs=pairs)
        self.sums(f"{name}_square", group, pool, "square", f"{variable}_pre**2 / width", order, pairs=pairs)
        self.link(group, "mean", pool, "mean", pairs[1])
        self.link(group, "square", pool, "square", pairs[1])
        self.at(group, order + 1, f"normal = ({variable} - mean) / sqrt(square - mean**2 + epsilon)")

    def build(self, keep_weights: bool) -> _Built:
        projected = self.stage_a()
        memory, competitors, pool = self.stage_b(projected)
        stream, hidden = self.stage_c(memory, competitors, pool)
        b2, step = self.b2, self.step_s * self.b2.second
        watch = [b2.StateMonitor(stream, "out", record=True, dt=step, when="start", order=20)]
        if keep_weights:
            watch += [
                b2.StateMonitor(competitors.units, "activity", record=True, dt=step, when="start", order=20)
            ]
        layers = (projected, competitors, hidden)
        network = b2.Network(*self.objects, *watch)
        return _Built(network, layers, watch[0], watch[-1] if keep_weights else None)

    def senses(self, name: str, samples: str) -> Any:
        made = self.group(name, self.n * self.x.shape[2], "x : 1")
        self.at(made, 2, f"x = {samples}(t, i)")
        return made

    def stage_a(self) -> PopulationLayer:
        """Queries, keys and values as ON/OFF pairs of populations."""
        early = self.group(
            "early", self.n * self.d,
            "from_senses : 1\nbias : 1 (constant)\nembedded : 1\nnormal : 1\n"
            "mean : 1 (linked)\nsquare : 1 (linked)",
        )  # fmt: skip
        early.bias = self.stacked("embed_bias")
        self.sums("embed", self.senses("senses", "samples"), early, "from_senses", "w * x_pre", 3,
                  [one.embed for one in self.each])  # fmt: skip
        self.at(early, 4, "embedded = from_senses + bias")
        self.normalised("attention_norm", early, "embedded", 5)
        projected = self.layer(
            "projected", self.n * 6 * self.d, "z : 1\nbias : 1 (constant)\nreach : 1 (constant)"
        )
        both = [np.concatenate([one.project, -one.project]) for one in self.each]
        projected.units.bias = np.concatenate([np.r_[o.project_bias, -o.project_bias] for o in self.each])
        projected.units.reach = np.concatenate([np.tile(one.project_range, 2) for one in self.each])
        self.sums("project", early, projected.units, "z", "w * normal_pre", 7, both)
        self.at(projected.units, 8, "drive = number_drive((z + bias) / reach)")
        return projected

    def stage_b(self, projected: PopulationLayer) -> tuple[Any, PopulationLayer, Any]:
        """Memory of keys and values, and the competition for the present query."""
        n, d, slots, heads = self.n, self.d, self.slots, self.heads
        model = "\n".join(f"{name}_{side} : 1 (linked)" for name in "qkv" for side in ("on", "off"))
        turned = self.group(
            "turned", n * d,
            model + "\nq : 1\nk : 1\nv : 1\nq_other : 1 (linked)\nk_other : 1 (linked)\n"
            "reach_q : 1 (constant)\nreach_k : 1 (constant)\nreach_v : 1 (constant)\n"
            "frequency : 1 (constant)\nside : 1 (constant)\nq_turned : 1\nk_turned : 1",
        )  # fmt: skip
        feature = np.arange(d)
        at = np.arange(n)[:, None]
        ranges = np.stack([one.project_range for one in self.each]).reshape(n, 3, d)
        for part, name in enumerate("qkv"):
            for side, word in enumerate(("on", "off")):
                index = at * 6 * d + side * 3 * d + part * d + feature
                self.link(turned, f"{name}_{word}", projected.units, "activity", index)
            setattr(turned, f"reach_{name}", ranges[:, part].ravel())
        half = self.features // 2
        within = feature % self.features
        other = np.where(within < half, feature + half, feature - half)
        for name in "qk":
            self.link(turned, f"{name}_other", turned, name, at * d + other)
        turned.frequency = np.tile(SLOWEST ** (-(within % half) / max(half - 1, 1)), n)
        turned.side = np.tile(np.where(within < half, -1.0, 1.0), n)
        values = "\n".join(f"{name} = reach_{name} * ({name}_on - {name}_off)" for name in "qkv")
        self.at(turned, 2, values)
        turn = "angle = frequency * position(t)\n" + "\n".join(
            f"{name}_turned = {name} * cos(angle) + side * {name}_other * sin(angle)" for name in "qk"
        )
        self.at(turned, 3, turn)
        memory = self.group(
            "memory", n * slots * d,
            "k : 1\nv : 1\nq : 1\nshare : 1\nk_new : 1 (linked)\nv_new : 1 (linked)\nq_new : 1 (linked)\n"
            "share_new : 1 (linked)\n"
            "slot : 1 (constant)",
        )  # fmt: skip
        stream, slot, entry = (part.ravel() for part in np.indices((n, slots, d)))
        memory.slot = slot
        for name, variable in (("k_new", "k_turned"), ("v_new", "v"), ("q_new", "q_turned")):
            self.link(memory, name, turned, variable, stream * d + entry)
        self.at(memory, 10, "now = int(slot == slot_now(t))\nk = now * k_new + (1 - now) * k\n"
                            "v = now * v_new + (1 - now) * v\nq = q_new")  # fmt: skip
        competitors = self.layer(
            "competitors", n * heads * slots,
            "score : 1\nseen : 1\nslot : 1 (constant)\ninhibition : 1 (linked)",
            replace(self.code, low_hz=0.0),
        )  # fmt: skip
        competitors.units.slot = np.tile(np.arange(slots), n * heads)
        head = entry // self.features
        competitor = (stream * heads + head) * slots + slot
        self.link(memory, "share_new", competitors.units, "activity", competitor)
        self.at(memory, 3, "share = share_new")
        scale = self.features**-0.5
        self.at(competitors.units, 10, "seen = clip(seen + int(slot == slot_now(t)), 0, 1)")
        pairs = (np.arange(competitor.size), competitor)
        self.sums("scores", memory, competitors.units, "score", f"{scale!r} * q_pre * k_pre", 11, pairs=pairs)
        pool = self.group("inhibition", n * heads, "total : 1\npooled : 1\nlevel : 1")
        every = np.arange(n * heads * slots)
        pairs = (every, every // slots)
        units = competitors.units
        self.sums("gathered", units, pool, "total", "seen_pre * exp(beta * score_pre)", 12, pairs=pairs)
        self.sums("shunted", units, pool, "pooled", "activity_pre", 2, pairs=pairs)
        self.at(pool, 13, "level = log(total + fewest) / beta")
        self.link(units, "inhibition", pool, "level", pairs[1])
        self.at(units, 14, "drive = fraction_drive(seen * exp(clip(score - inhibition, -50, 0)))")
        return memory, competitors, pool

    def stage_c(self, memory: Any, competitors: PopulationLayer, pool: Any) -> tuple[Any, PopulationLayer]:
        """Values gated by the counts, the perceptron, and the stream that the head reads."""
        n, d, slots = self.n, self.d, self.slots
        mixed = self.group("mixed", n * d, "gated : 1\npooled : 1 (linked)\ny : 1")
        stream, _, entry = (part.ravel() for part in np.indices((n, slots, d)))
        pairs = (np.arange(stream.size), stream * d + entry)
        self.sums("gating", memory, mixed, "gated", "share_pre * v_pre", 4, pairs=pairs)
        own = np.arange(n)[:, None] * self.heads + np.arange(d) // self.features
        self.link(mixed, "pooled", pool, "pooled", own)
        self.at(mixed, 5, "y = gated / clip(pooled, fewest, inf)")
        main = self.group(
            "stream", n * d,
            "from_senses : 1\nattended : 1\nfrom_hidden : 1\nbias : 1 (constant)\nback : 1 (constant)\n"
            "now : 1\nout : 1\nnormal : 1\nmean : 1 (linked)\nsquare : 1 (linked)",
        )  # fmt: skip
        main.bias = self.stacked("embed_bias") + self.stacked("out_bias")
        main.back = self.stacked("back_bias")
        late = self.senses("senses_late", "samples_late")
        self.sums("embed_late", late, main, "from_senses", "w * x_pre", 3, [one.embed for one in self.each])
        self.sums("attend", mixed, main, "attended", "w * y_pre", 6, [one.out for one in self.each])
        hidden = self.layer(
            "hidden", n * 2 * d, "z : 1\nbias : 1 (constant)\nreach : 1 (constant)\nvalue : 1"
        )
        self.at(hidden.units, 2, "value = activity * (reach - least) + least")
        self.sums("back", hidden.units, main, "from_hidden", "w * value_pre", 3, [o.back for o in self.each])
        # the perceptron has just answered for the stream of the step before
        self.at(main, 5, "out = now + from_hidden + back")
        self.at(main, 7, "now = from_senses + attended + bias")
        self.normalised("hidden_norm", main, "now", 8)
        hidden.units.bias = self.stacked("hidden_bias")
        hidden.units.reach = self.stacked("hidden_range")
        self.sums("into_hidden", main, hidden.units, "z", "w * normal_pre", 10, [o.hidden for o in self.each])
        self.at(hidden.units, 11, "drive = number_drive((gelu(z + bias) - least) / (reach - least))")
        return main, hidden


def _read(built: _Built, each, x, total_s) -> SpikingAttentionRun:
    n, steps, _ = x.shape
    # what is read at boundary k + 3 belongs to step k
    out = np.asarray(built.stream.out).reshape(n, each[0].width, -1).transpose(0, 2, 1)
    out = out[:, LATENCY_STEPS : LATENCY_STEPS + steps]
    logits = np.stack([one.read(part) for one, part in zip(each, out, strict=True)])
    shares = np.zeros((n, 0, each[0].n_heads, each[0].window))
    if built.competitors is not None:
        found = np.asarray(built.competitors.activity).reshape(n, each[0].n_heads, each[0].window, -1)
        found = found.transpose(0, 3, 1, 2)[:, 2 : 2 + steps]
        shares = found / np.maximum(found.sum(axis=3, keepdims=True), FEWEST)
    spikes = sum(one.spikes for one in built.layers)
    neurons = sum(len(one.neurons) for one in built.layers)
    return SpikingAttentionRun(logits, out, shares, spikes / neurons / total_s)


def _gelu(z: np.ndarray) -> np.ndarray:
    return 0.5 * z * (1.0 + erf(z / np.sqrt(2.0)))
