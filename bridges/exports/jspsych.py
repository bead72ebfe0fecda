"""Sessions as timelines for jsPsych 8: plain JSON for the plugin ``html-keyboard-response``.

A timeline is a list of trial objects, first the instruction, then one object a trial. Each lasts until the
next begins, never ends at a key, and shows its stimuli by CSS animations that start and stop by themselves,
in step with the screen. jsPsych itself takes some milliseconds from one object to the next, so a session
becomes that much longer; times within an object are not touched. In the page, replace the name of the
plugin by the plugin:

    timeline.forEach(t => t.type = jsPsychHtmlKeyboardResponse);
    jsPsych.run(timeline);

Times in ``_ms`` count from the start of the object, as does the ``rt`` that jsPsych writes; response times
count from ``data.onset_ms`` (``data.onset_t2_ms`` for the second component): response time = rt - onset_ms.
jsPsych keeps the first key of a trial; for trials with two responses let the page listen to all keys by
``jsPsych.pluginAPI.getKeyboardResponse({persist: true, ...})``. ``data.keys`` says which key is which.

de Leeuw, Gilbert & Luchterhandt (2023) J Open Source Softw 8:5351, doi:10.21105/joss.05351
"""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from bridges.encoding import CUE_PREFIX
from bridges.session import NO_RESPONSE, Session
from bridges.session_checks import FIRST, SECOND

__all__ = ["PLUGIN", "default_keys", "timeline", "timeline_faults"]

PLUGIN = "html-keyboard-response"

KEYS_OF_ONE = (" ",)
KEYS_OF_TWO = ("f", "j")
KEYS_OF_MANY = tuple("dfghjkl")
KEYS_OF_SECOND = tuple("uiopzxcvbnm")
NAMED_KEYS: Mapping[str, str] = {
    "left": "arrowleft",
    "right": "arrowright",
    "up": "arrowup",
    "down": "arrowdown",
}

STYLE = (
    "<style>.ns-event{visibility:hidden}@keyframes ns-show{from,to{visibility:visible}}"
    ".ns-box{position:relative;min-height:4em;font-size:3em}</style>"
)

TIMES: Mapping[str, str] = {
    "window_start_s": "window_start_ms",
    "window_stop_s": "window_stop_ms",
    "onset_t2_s": "onset_t2_ms",
    "window_start_t2_s": "window_start_t2_ms",
    "window_stop_t2_s": "window_stop_t2_ms",
}
"""Columns that become times from the start of their object (ms)."""

OWN_NAMES: Mapping[str, str] = {"trial_type": "condition", "stimulus": "stim"}
"""Columns whose names jsPsych itself writes, and what they are called instead."""


def default_keys(session: Session) -> dict[str, str]:
    """Key of each response, as jsPsych calls keys.

    Directions have the arrow keys; a lone response has the space bar, two have f and j, more the middle row
    from d on. Responses to the second component have keys of their own, from u on.

    Raises
    ------
    ValueError
        If there are more responses than keys.
    """
    keys: dict[str, str] = {}
    for names, second in ((session.components["T1"], False), (session.components.get("T2", ()), True)):
        if set(names) <= set(NAMED_KEYS) and not set(NAMED_KEYS[n] for n in names) & set(keys.values()):
            keys |= {name: NAMED_KEYS[name] for name in names}
            continue
        own = KEYS_OF_SECOND if second else {1: KEYS_OF_ONE, 2: KEYS_OF_TWO}.get(len(names), KEYS_OF_MANY)
        if len(names) > len(own):
            raise ValueError(f"{len(names)} responses {names}, but keys are known for {len(own)}; pass keys=")
        keys |= dict(zip(names, own, strict=False))
    return keys


def timeline(session: Session, keys: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """A session as a jsPsych timeline.

    Parameters
    ----------
    session
        The session.
    keys
        Key of each response; None: `default_keys`.

    Returns
    -------
    list of dict
        Trial objects that ``json.dump`` can write: ``type``, ``stimulus`` (HTML), ``choices``,
        ``trial_duration`` (ms), ``response_ends_trial``, and ``data`` with what is shown (``events``),
        ``keys``, the condition columns (``trial_type`` and ``stimulus`` as ``condition`` and ``stim``;
        jsPsych has columns of those names), ``correct_response``, ``correct_key`` and the window (ms).

    Raises
    ------
    ValueError
        If a response has no key, or two have the same.

    Examples
    --------
    >>> from bridges.tasks import SART
    >>> first = timeline(SART().session(seed=1))[1]
    >>> first["choices"], first["trial_duration"], first["data"]["correct_key"]
    ([' '], 1150.0, ' ')
    """
    keys = dict(keys or default_keys(session))
    lacking = [name for name in session.responses if name not in keys]
    if lacking or len(set(keys.values())) < len(keys):
        raise ValueError(f"keys = {keys}: every response needs a key of its own; without one: {lacking}")
    starts = _starts(session)
    edges_ms = 1e3 * np.append(starts, session.duration_s)
    own = dict(iter(session.events.groupby("trial", sort=False)))
    objects = [_instruction(session, edges_ms[0])] if edges_ms[0] > 0 else []
    between = session.events[session.events["trial"] == -1]
    between = between[between["onset_s"] >= starts[0]]
    rows = session.trials.to_dict("records")
    for k, row in enumerate(rows):
        shown = own.get(row["trial"], session.events.iloc[:0])
        cued = (between["onset_s"] >= starts[k]) & (between["onset_s"] < edges_ms[k + 1] / 1e3)
        shown = pd.concat([shown, between[cued]]).sort_values("onset_s", kind="stable")
        objects.append(_trial(session, row, shown, edges_ms[k], edges_ms[k + 1], keys))
    return objects


def timeline_faults(objects: Sequence[Mapping[str, Any]]) -> list[str]:
    """What keeps a timeline from running or from being scored; empty where nothing does."""
    kinds: dict[str, type | tuple[type, ...]] = {
        "type": str,
        "stimulus": str,
        "choices": (list, str),
        "trial_duration": (int, float),
        "response_ends_trial": bool,
        "data": dict,
    }
    faults = []
    for number, one in enumerate(objects):
        wrong = [name for name, kind in kinds.items() if not isinstance(one.get(name), kind)]
        faults += [f"object {number}: {name} = {one.get(name)!r}, must be {kinds[name]}" for name in wrong]
        if wrong:
            continue
        if one["type"] != PLUGIN:
            faults.append(f"object {number}: type = {one['type']!r}, must be {PLUGIN!r}")
        if isinstance(one["choices"], str) and one["choices"] != "NO_KEYS":
            faults.append(f"object {number}: choices = {one['choices']!r}, must be a list or 'NO_KEYS'")
        if not 0 < one["trial_duration"] < float("inf"):
            faults.append(f"object {number}: trial_duration = {one['trial_duration']}, must be above 0 ms")
        faults += [f"object {number}: {text}" for text in _data_faults(one)]
    return faults


def _data_faults(one: Mapping[str, Any]) -> list[str]:
    data = one["data"]
    faults = [
        f"event {event}: must start at 0 ms or later"
        for event in data.get("events", [])
        if not (event["onset_ms"] >= 0 and event["duration_ms"] >= 0 and 0 <= event["level"] <= 1)
    ]
    if data.get("kind") != "trial":
        return faults
    for name in ("correct_key", "correct_key_t2"):
        if data.get(name) is not None and data[name] not in one["choices"]:
            faults.append(f"{name} = {data[name]!r} is not among the choices {one['choices']}")
    return faults


def _starts(session: Session) -> np.ndarray:
    """Start of each trial object (s): its first event, onset or window, whichever comes first."""
    trials = session.trials
    first_event = session.events.groupby("trial")["onset_s"].min().reindex(trials["trial"]).to_numpy()
    names = [FIRST.onset, FIRST.start, *((SECOND.onset, SECOND.start) if session.second else ())]
    starts = np.fmin.reduce([first_event, *(trials[name].to_numpy(dtype=float) for name in names)])
    # an object begins only when the one before has begun
    return np.maximum.accumulate(starts)


def _instruction(session: Session, end_ms: float) -> dict[str, Any]:
    events = session.events
    shown = events[(events["trial"] == -1) & (events["onset_s"] * 1e3 < end_ms)]
    data = {"kind": "instruction", "task": session.task, "session_hash": session.content_hash}
    return _object(shown, {}, 0.0, end_ms, "NO_KEYS", data)


def _trial(
    session: Session,
    row: Mapping[Any, Any],
    shown: pd.DataFrame,
    start_ms: float,
    stop_ms: float,
    keys: Mapping[str, str],
) -> dict[str, Any]:
    # a seed may have more digits than a number has in JavaScript, so it is a text
    data: dict[str, Any] = {
        "kind": "trial",
        "task": session.task,
        "seed": str(session.parameters.get("seed", "")),
    }
    for name, value in row.items():
        plain = _plain(value)
        if name in TIMES:
            data[TIMES[str(name)]] = None if plain is None else _ms(1e3 * plain - start_ms)
        else:
            data[OWN_NAMES.get(str(name), str(name))] = plain
    data["onset_ms"] = _ms(1e3 * row["onset_s"] - start_ms)
    for name, key in (("correct_response", "correct_key"), ("correct_response_t2", "correct_key_t2")):
        if name in row:
            answer = data[name]
            data[key] = None if answer in (None, NO_RESPONSE) else keys[answer]
    data["keys"] = dict(keys)
    choices = [keys[name] for name in session.responses]
    return _object(shown, row, start_ms, stop_ms, choices, data)


def _object(
    shown: pd.DataFrame,
    row: Mapping[Any, Any],
    start_ms: float,
    stop_ms: float,
    choices: list[str] | str,
    data: dict[str, Any],
) -> dict[str, Any]:
    events = [
        {
            "channel": str(event["channel"]),
            "onset_ms": _ms(1e3 * event["onset_s"] - start_ms),
            "duration_ms": _ms(1e3 * event["duration_s"]),
            "level": float(event["level"]),
        }
        for event in shown.to_dict("records")
    ]
    return {
        "type": PLUGIN,
        "stimulus": STYLE + f'<div class="ns-box">{"".join(_markup(event, row) for event in events)}</div>',
        "choices": choices,
        "trial_duration": _ms(stop_ms - start_ms),
        "response_ends_trial": False,
        "data": {**data, "events": events},
    }


def _markup(event: Mapping[str, Any], row: Mapping[Any, Any]) -> str:
    """One stimulus: hidden, but for its time."""
    channel = event["channel"]
    text = channel.replace("_", " ")
    if not channel.startswith(CUE_PREFIX) and _plain(row.get("stimulus")) is not None:
        # a channel may stand for several stimuli; the column says which one it is
        text = str(row["stimulus"])
    style = f"opacity:{event['level']:g};animation:ns-show {event['duration_ms']:g}ms {event['onset_ms']:g}ms"
    kind = f'class="ns-event" data-channel="{html.escape(channel)}"'
    return f'<div {kind} style="{style}">{html.escape(text)}</div>'


def _ms(value: float) -> float:
    return round(float(value), 6)


def _plain(value: Any) -> Any:
    """A value that JSON knows; nothing for what is missing."""
    if value is None or (isinstance(value, float) and np.isnan(value)) or value is pd.NA:
        return None
    return value.item() if isinstance(value, np.generic) else value
