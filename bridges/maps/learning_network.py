"""A recurrent network that learns the circuit's task from reward, by REINFORCE or by eligibility traces.

    a_t = W h_{t-1} + V x_t + b      h_t = (1 - alpha) h_{t-1} + alpha tanh(a_t)      pi = softmax(U h_T)

Both rules multiply one scalar, reward less its running mean, with what each weight did. REINFORCE takes the
exact gradient of log pi(answer), backwards through time; the eligibility rule carries a trace forwards with
every weight, e_ij(t) = (1 - alpha) e_ij(t-1) + alpha psi_i(t) h_j(t-1), and multiplies it by the learning
signal of unit i alone. They differ in what goes through other units' recurrent weights, which the trace
leaves out.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ann.threads import one_thread
from bridges.maps.training_rules import Rule

__all__ = ["NetworkLearner"]

STEPS = 15


@dataclass
class NetworkLearner:
    """Several networks that practise side by side, each with weights of its own.

    Parameters
    ----------
    sensitivity
        Factor on the strength of the stimulus, one for each individual.
    seed
        Of weights, noise and answers.
    rule
        ``"reinforce"`` or ``"eligibility"``.
    rate, momentum
        Learning rate, and share of the last change that is kept.
    memory
        Share of the newest outcome in the running mean of reward.
    n_hidden
        Recurrent units.
    noise_sd
        Noise of each input at each step; the stimuli differ by the strength.
    alpha
        Leak of the units for each step.

    Raises
    ------
    ValueError
        If the rule is unknown.
    """

    sensitivity: np.ndarray
    seed: int
    rule: Rule = "reinforce"
    rate: float = 0.3
    momentum: float = 0.5
    memory: float = 0.1
    n_hidden: int = 24
    noise_sd: float = 0.4
    alpha: float = 0.2

    def __post_init__(self) -> None:
        if self.rule not in ("reinforce", "eligibility"):
            raise ValueError(f"rule = {self.rule!r}; must be 'reinforce' or 'eligibility'")
        n, h = len(self.sensitivity), self.n_hidden
        self._random = torch.Generator().manual_seed(self.seed)

        def weight(*shape: int, spread: float) -> Tensor:
            return spread * torch.randn(n, *shape, generator=self._random)

        self.weights = {
            "recurrent": weight(h, h, spread=0.5 * h**-0.5),
            "input": weight(h, 2, spread=0.7),
            "readout": weight(2, h, spread=0.1 * h**-0.5),
        }
        self._change = {name: torch.zeros_like(value) for name, value in self.weights.items()}
        self.expected = torch.full((n,), 0.5)

    @property
    def name(self) -> str:
        """``"network (reinforce)"`` or ``"network (eligibility)"``."""
        return f"network ({self.rule})"

    @one_thread()
    def trial(self, strength: np.ndarray, side: np.ndarray, learn: bool) -> np.ndarray:
        """Answer one trial each; see `Learner`."""
        x = self._stimuli(strength, side)
        if self.rule == "reinforce":
            for value in self.weights.values():
                value.requires_grad_(learn)
        policy, traces = self._forward(x)
        choice = torch.multinomial(policy.detach(), 1, generator=self._random).squeeze(1)
        if learn:
            reward = (choice == torch.from_numpy(np.asarray(side))).float()
            surprise = reward - self.expected
            gradient = (
                self._reinforce(policy, choice)
                if self.rule == "reinforce"
                else self._eligible(policy, choice, traces)
            )
            for name, value in gradient.items():
                step = self.momentum * self._change[name] + self.rate * surprise[:, None, None] * value
                self._change[name] = step
                self.weights[name] = (self.weights[name] + step).detach()
            self.expected = self.expected + self.memory * surprise
        return choice.numpy()

    def gradients(self, strength: np.ndarray, side: np.ndarray) -> dict[str, dict[str, Tensor]]:
        """Slopes of log pi(chosen) by both rules on one and the same trial, for comparing them."""
        for value in self.weights.values():
            value.requires_grad_(True)
        policy, traces = self._forward(self._stimuli(strength, side))
        choice = torch.multinomial(policy.detach(), 1, generator=self._random).squeeze(1)
        local = self._eligible(policy.detach(), choice, traces)
        exact = self._reinforce(policy, choice)
        for value in self.weights.values():
            value.requires_grad_(False)
        return {"reinforce": exact, "eligibility": local}

    def _stimuli(self, strength: np.ndarray, side: np.ndarray) -> Tensor:
        shown = np.clip(strength * self.sensitivity, 0.0, 1.0)
        sign = 1.0 - 2.0 * np.asarray(side)
        clean = torch.from_numpy(0.5 * np.stack([shown * sign, -shown * sign], axis=1)).float()
        noise = torch.randn(len(clean), STEPS, 2, generator=self._random)
        return clean.unsqueeze(1) + self.noise_sd * noise

    def _forward(self, x: Tensor) -> tuple[Tensor, dict[str, Tensor]]:
        w = self.weights
        n, h_n = len(x), self.n_hidden
        h = x.new_zeros(n, h_n)
        traces = {"recurrent": x.new_zeros(n, h_n, h_n), "input": x.new_zeros(n, h_n, 2)}
        keep = 1.0 - self.alpha
        for t in range(x.shape[1]):
            a = torch.einsum("nij,nj->ni", w["recurrent"], h) + torch.einsum(
                "nij,nj->ni", w["input"], x[:, t]
            )
            if self.rule == "eligibility" or any(v.requires_grad for v in w.values()):
                slope = (1.0 - torch.tanh(a.detach()) ** 2).unsqueeze(2)
                traces["recurrent"] = keep * traces["recurrent"] + self.alpha * slope * h.detach().unsqueeze(
                    1
                )
                traces["input"] = keep * traces["input"] + self.alpha * slope * x[:, t].unsqueeze(1)
            h = keep * h + self.alpha * torch.tanh(a)
        traces["hidden"] = h.detach()
        return torch.softmax(torch.einsum("naj,nj->na", w["readout"], h), dim=1), traces

    def _reinforce(self, policy: Tensor, choice: Tensor) -> dict[str, Tensor]:
        chosen = torch.log(policy.gather(1, choice[:, None])).sum()
        # individuals share nothing, so the gradient of the sum is each one's own
        found = torch.autograd.grad(chosen, list(self.weights.values()))
        for value in self.weights.values():
            value.requires_grad_(False)
        return dict(zip(self.weights, found, strict=True))

    def _eligible(self, policy: Tensor, choice: Tensor, traces: dict[str, Tensor]) -> dict[str, Tensor]:
        miss = torch.nn.functional.one_hot(choice, 2).float() - policy
        signal = torch.einsum("na,nai->ni", miss, self.weights["readout"].detach()).unsqueeze(2)
        return {
            "recurrent": signal * traces["recurrent"],
            "input": signal * traces["input"],
            "readout": miss.unsqueeze(2) * traces["hidden"].unsqueeze(1),
        }
