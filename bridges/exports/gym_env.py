"""A task as a Gymnasium environment: one step of time a step, one session an episode.

Towers et al. (2024) Gymnasium, arXiv:2407.17032.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from bridges.encoding import levels
from bridges.session import NO_RESPONSE, Responses, Session
from bridges.session_checks import FIRST, SECOND, ComponentColumns
from bridges.tasks import Task

try:
    import gymnasium
    from gymnasium import spaces
except ImportError as error:
    raise ImportError(
        "a task as an environment needs Gymnasium; install it with: pip install 'neurosim[gym]'"
    ) from error

__all__ = ["Reward", "TaskEnv"]


@dataclass(frozen=True)
class Reward:
    """What each outcome is worth.

    Parameters
    ----------
    correct
        The right response, given when it comes; or rightly none, given at the end of the window.
    error
        A wrong response, given when it comes; or none where one was due, at the end of the window.
    stray
        A response outside any window, or a second one within it.
    """

    correct: float = 1.0
    error: float = -1.0
    stray: float = -0.1


class TaskEnv(gymnasium.Env[np.ndarray, np.int64]):
    """A task whose events are seen step by step, and answered at any of them.

    The observation of a step is the level of every channel in it (mean over the step). The action is 0 for
    no response, or k for response k (1, 2, ...) of the session; it is given at the end of the step that was
    seen. Rewards follow the scores of `Responses.scored`: their sum over an episode is the number of right
    and wrong components and stray responses, each times its worth. ``info`` tells the truth that a score
    needs: the time, the trial, its conditions and, for each component whose window is open, the correct
    response; at the end also the `Responses`.

    Parameters
    ----------
    task
        The task.
    dt_s
        Step (s).
    reward
        What outcomes are worth.

    Raises
    ------
    ValueError
        If the step is not above zero.

    Examples
    --------
    >>> from bridges.tasks import SART
    >>> env = TaskEnv(SART(trials_per_digit=2))
    >>> observation, info = env.reset(seed=1)
    >>> observation.shape, int(env.action_space.n), info["trial"]
    ((3,), 2, -1)
    """

    metadata: dict[str, Any] = {"render_modes": []}

    def __init__(self, task: Task, dt_s: float = 0.02, reward: Reward | None = None) -> None:
        if not dt_s > 0:
            raise ValueError(f"dt_s = {dt_s}; the step must be above 0 s")
        self.task, self.dt_s, self.reward = task, dt_s, reward or Reward()
        example = task.session(0)
        self.observation_space = spaces.Box(0.0, 1.0, (len(example.channels),), dtype=np.float32)
        self.action_space = spaces.Discrete(len(example.responses) + 1)
        self._n_actions = len(example.responses) + 1
        self.session: Session | None = None

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Start a session: that of ``task.session(seed)``, or the next of the environment's own stream."""
        super().reset(seed=seed)
        chosen = int(self.np_random.integers(2**63)) if seed is None else seed
        self.session = self.task.session(chosen)
        self._levels = levels(self.session, self.dt_s).astype(np.float32)
        self._ledger = _Ledger(self.session, self.reward)
        self._conditions = self.session.trials.to_dict("records")
        self._step = 0
        return self._levels[0], self._info()

    def step(self, action: np.int64) -> tuple[np.ndarray, float, bool, bool, dict[str, Any]]:
        """See the next step, after the action at the end of this one.

        Raises
        ------
        ValueError
            If the action is none of the space, or no session was started or it is over.
        """
        if self.session is None or self._step >= len(self._levels):
            raise ValueError("no session is running; call reset() first")
        if not self.action_space.contains(action):
            raise ValueError(f"action = {action!r}, must be from 0 to {self._n_actions - 1}")
        self._step += 1
        now_s = self._step * self.dt_s
        over = self._step >= len(self._levels)
        worth = self._ledger.close(now_s)
        if action:
            worth += self._ledger.press(now_s, self.session.responses[int(action) - 1])
        if over:
            worth += self._ledger.close(np.inf)
        seen = self._levels[min(self._step, len(self._levels) - 1)]
        info = self._info()
        if over:
            info["responses"] = self._ledger.responses()
        return seen, float(worth), over, False, info

    def _info(self) -> dict[str, Any]:
        """The truth about the step that is seen."""
        time_s = self._step * self.dt_s
        row, correct = self._ledger.open_at(time_s)
        return {
            "time_s": time_s,
            "trial": -1 if row is None else int(self._conditions[row]["trial"]),
            "condition": {} if row is None else dict(self._conditions[row]),
            "correct_response": correct,
        }


class _Ledger:
    """The score of one session, kept while it runs; agrees with `Responses.from_presses`."""

    def __init__(self, session: Session, reward: Reward) -> None:
        self._session, self._reward = session, reward
        self._components = [
            _Component(session, part, reward) for part in ((FIRST, SECOND) if session.second else (FIRST,))
        ]
        self._times: list[float] = []
        self._names: list[str] = []

    def press(self, time_s: float, name: str) -> float:
        """What a response is worth."""
        self._times.append(time_s)
        self._names.append(name)
        component = next(one for one in self._components if name in one.names)
        return component.press(time_s, name)

    def close(self, time_s: float) -> float:
        """What the windows are worth that ended without response by now."""
        return sum(one.close(time_s) for one in self._components)

    def open_at(self, time_s: float) -> tuple[int | None, dict[str, str]]:
        """Row of the trial whose window is open, the first component's if both are; and what is right."""
        opened = [(one, row) for one in self._components if (row := one.row_at(time_s)) is not None]
        correct = {one.part.name: str(one.correct[row]) for one, row in opened}
        return (int(opened[0][0].trial_row[opened[0][1]]) if opened else None), correct

    def responses(self) -> Responses:
        """All that was done."""
        return Responses.from_presses(self._session, self._times, self._names)


class _Component:
    """Windows of one component, in the order of time."""

    def __init__(self, session: Session, part: ComponentColumns, reward: Reward) -> None:
        self.part, self.names, self._reward = part, session.components[part.name], reward
        present = session.trials[part.start].notna().to_numpy()
        self.trial_row = np.flatnonzero(present)
        own = session.trials[present]
        self.start, self.stop = own[part.start].to_numpy(dtype=float), own[part.stop].to_numpy(dtype=float)
        self.correct = own[part.correct].to_numpy(dtype=object)
        self._answered = np.zeros(self.start.size, dtype=bool)
        self._closed = 0

    def row_at(self, time_s: float) -> int | None:
        """Number of the window that is open."""
        row = int(np.searchsorted(self.start, time_s, side="right")) - 1
        return row if row >= 0 and time_s < self.stop[row] else None

    def press(self, time_s: float, name: str) -> float:
        row = self.row_at(time_s)
        if row is None or self._answered[row]:
            return self._reward.stray
        self._answered[row] = True
        return self._reward.correct if self.correct[row] == name else self._reward.error

    def close(self, time_s: float) -> float:
        worth = 0.0
        while self._closed < self.stop.size and self.stop[self._closed] <= time_s:
            if not self._answered[self._closed]:
                withheld = self.correct[self._closed] == NO_RESPONSE
                worth += self._reward.correct if withheld else self._reward.error
            self._closed += 1
        return worth
