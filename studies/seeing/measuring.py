"""What is measured of the network of vision: accuracy, sensitivity of an ideal reader, fades, streams."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from ann.vision import VisionNetwork, see
from bridges.encoding import levels
from bridges.stimuli.rendering import (
    FLANKER_CLASSES,
    STIMULI,
    TASK_SCENES,
    Rendering,
    stimulus_set,
)
from bridges.stimuli.streams import cross_fade, image_stream
from bridges.tasks import TASKS
from bridges.vision_channels import channel_map, scene_channels, seen_session, vision_levels
from studies.seeing.reader import GaussianReader, sensitivity

__all__ = [
    "NOISE_SD",
    "accuracy",
    "confusions",
    "embedding",
    "fades",
    "flanker_accuracy",
    "reader_sensitivity",
    "streams",
]

NOISE_SD = (0.0, 0.1, 0.2, 0.3, 0.4, 0.6, 0.8, 1.2, 1.6)
"""Noise levels at which things are measured."""

STREAM_DT_S = 0.05
FADE_S = 0.8
"""Time of a transition of the gradual-onset task (Esterman et al. 2013)."""


def accuracy(network: VisionNetwork, images: int, repeats: int, seed: int) -> pd.DataFrame:
    """Share of fresh renderings that are recognised: one row a set, variants, noise level and repeat."""
    rows = []
    for name in STIMULI:
        for variants in ("learned", "unseen") if name != "flankers" else ("learned",):
            stimuli = stimulus_set(name, variants == "unseen")
            for repeat in range(repeats):
                rng = _generator(seed, "accuracy", name, variants, repeat)
                rendered = stimuli.render(images, Rendering().plain(), rng)
                for noise_sd in NOISE_SD:
                    image = replace(Rendering(), noise_sd=noise_sd).noisy(rendered.image, rng)
                    posterior, _ = see(network, image, name)
                    share = float((posterior.argmax(axis=1) == rendered.label).mean())
                    rows.append((name, variants, noise_sd, repeat, share))
    return pd.DataFrame(rows, columns=["set", "variants", "noise_sd", "repeat", "accuracy"])


def confusions(network: VisionNetwork, images: int, noise_sd: float, seed: int) -> pd.DataFrame:
    """How often each class is taken for which: one row a set and pair of classes."""
    rows = []
    for name in STIMULI:
        stimuli = stimulus_set(name)
        rendered = stimuli.render(images, Rendering(noise_sd=noise_sd), _generator(seed, "confusion", name))
        answer = see(network, rendered.image, name)[0].argmax(axis=1)
        counts = np.zeros((len(stimuli.classes),) * 2)
        np.add.at(counts, (rendered.label, answer), 1)
        shares = counts / counts.sum(axis=1, keepdims=True)
        rows += [
            (name, true, given, shares[i, j])
            for i, true in enumerate(stimuli.classes)
            for j, given in enumerate(stimuli.classes)
        ]
    return pd.DataFrame(rows, columns=["set", "true", "answered", "share"])


def reader_sensitivity(network: VisionNetwork, images: int, repeats: int, seed: int) -> pd.DataFrame:
    """d_a of an ideal reader of features, told which stimuli can come: digit 3, letter X, mountains."""
    groups = {
        "digits": ([str(d) for d in range(1, 10)], ["3"], "SART: 3 among 1 to 9"),
        "letters": (list("ABCDFILOTX"), ["X"], "CPT-X: X among ten letters"),
        "scenes": (["city", "mountain"], ["mountain"], "gradCPT: mountains among cities"),
    }
    rows = []
    for name, (shown, signal, title) in groups.items():
        stimuli = stimulus_set(name)
        known = [stimuli.classes.index(one) for one in shown]
        target = [stimuli.classes.index(one) for one in signal]
        for repeat in range(repeats):
            rng = _generator(seed, "reader", name, repeat)
            variant = rng.choice(np.flatnonzero(np.isin(stimuli.label, known)), size=2 * images)
            size = rng.uniform(*stimuli.heights_px, variant.size)
            rendered = stimuli.render_variants(variant, size, Rendering().plain(), rng)
            learn = np.arange(variant.size) % 2 == 0
            for noise_sd in NOISE_SD:
                image = replace(Rendering(), noise_sd=noise_sd).noisy(rendered.image, rng)
                _, features = see(network, image, name)
                reader = GaussianReader.fit(features[learn], rendered.label[learn])
                label = rendered.label[~learn]
                evidence = reader.evidence(features[~learn], np.array(target))
                is_signal = np.isin(label, target)
                d = sensitivity(evidence[is_signal], evidence[~is_signal])
                right = float((reader.answer(features[~learn]) == label).mean())
                rows.append((title, noise_sd, repeat, d, right))
    return pd.DataFrame(rows, columns=["task", "noise_sd", "repeat", "d_a", "accuracy"])


def flanker_accuracy(network: VisionNetwork, images: int, repeats: int, seed: int) -> pd.DataFrame:
    """Share of rows whose middle arrow is read right, by what stands beside it."""
    stimuli = stimulus_set("flankers")
    rows = [one.split("/") for one in FLANKER_CLASSES]
    kind = np.array(
        ["neutral" if f == "neutral" else ("congruent" if f == t else "incongruent") for t, f in rows]
    )
    left = np.array([t == "left" for t, _ in rows])
    found = []
    for repeat in range(repeats):
        rng = _generator(seed, "flankers", repeat)
        variant = rng.integers(len(rows), size=images)
        size = np.full(images, stimuli.heights_px[0])
        rendered = stimuli.render_variants(variant, size, Rendering().plain(), rng)
        for noise_sd in NOISE_SD:
            image = replace(Rendering(), noise_sd=noise_sd).noisy(rendered.image, rng)
            posterior = see(network, image, "flankers")[0][:, : len(rows)]
            reads_left = posterior[:, left].sum(axis=1) > posterior[:, ~left].sum(axis=1)
            right = reads_left == left[variant]
            found += [
                (one, noise_sd, repeat, float(right[kind[variant] == one].mean())) for one in np.unique(kind)
            ]
    return pd.DataFrame(found, columns=["flankers", "noise_sd", "repeat", "accuracy"])


def fades(network: VisionNetwork, transitions: int, repeats: int, seed: int) -> pd.DataFrame:
    """Levels of channels while cities and mountains fade into one another: one row a noise and share."""
    rows = []
    for noise_sd in (0.1, 0.2, 0.4):
        for repeat in range(repeats):
            rng = _generator(seed, "fade", repeat)
            numbers = rng.integers(TASK_SCENES, size=transitions + 1)
            kinds = [("city", "mountain")[k % 2] for k in range(transitions + 1)]
            stream, coherence = cross_fade(
                list(zip(kinds, numbers.tolist(), strict=True)),
                FADE_S, Rendering(noise_sd=noise_sd), rng, STREAM_DT_S,
            )  # fmt: skip
            level = vision_levels(network, stream.image, scene_channels())
            # trials with even numbers fade from city to mountain, the others back
            mountain = np.where(stream.trial % 2 == 0, coherence, 1.0 - coherence).round(4)
            table = pd.DataFrame({"coherence": mountain, "go": level[:, 0], "no_go": level[:, 1]})
            mean = table.groupby("coherence", as_index=False).mean()
            rows.append(mean.assign(noise_sd=noise_sd, repeat=repeat))
    return pd.concat(rows, ignore_index=True)


def streams(network: VisionNetwork, seconds: float, seed: int) -> pd.DataFrame:
    """Levels over time as tasks say them and as images show them: one row a task, channel and step."""
    rows = []
    for name in ("sart", "cpt_x", "flanker"):
        session = TASKS[name]().session(seed)
        stream = image_stream(session, Rendering(), _generator(seed, "stream", name), STREAM_DT_S)
        seen = seen_session(session, stream, network)
        said, shown = levels(session, STREAM_DT_S), levels(seen, STREAM_DT_S)
        n = min(len(said), int(seconds / STREAM_DT_S))
        for channel in channel_map(session).classes:
            k = session.channels.index(channel)
            rows.append(
                pd.DataFrame(
                    {
                        "task": name,
                        "channel": channel,
                        "time_s": STREAM_DT_S * (np.arange(n) + 0.5),
                        "task_level": said[:n, k],
                        "seen_level": shown[:n, k],
                    }
                )
            )
    return pd.concat(rows, ignore_index=True)


def embedding(network: VisionNetwork, images: int, seed: int) -> pd.DataFrame:
    """First two principal components of the features of each set, one row an image."""
    rows = []
    for name in STIMULI:
        stimuli = stimulus_set(name)
        rendered = stimuli.render(images, Rendering(), _generator(seed, "embedding", name))
        _, features = see(network, rendered.image, name)
        centred = features - features.mean(axis=0)
        _, singular, directions = np.linalg.svd(centred, full_matrices=False)
        place = centred @ directions[:2].T
        explained = singular[:2] ** 2 / (singular**2).sum()
        rows.append(
            pd.DataFrame(
                {
                    "set": name,
                    "class": np.array(stimuli.classes)[rendered.label],
                    "pc1": place[:, 0],
                    "pc2": place[:, 1],
                    "explained_1": explained[0],
                    "explained_2": explained[1],
                }
            )
        )
    return pd.concat(rows, ignore_index=True)


def _generator(seed: int, *what: object) -> np.random.Generator:
    words = "/".join(map(str, what)).encode()
    return np.random.default_rng(np.random.SeedSequence([seed, 4242, *words]))
