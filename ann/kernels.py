"""A compiled kernel for training LSTMs on the CPU: built once with the C++ compiler at hand, then loaded.

One call computes loss and gradient of a batch of stretches (`lstm_kernel.cpp`). It gains over PyTorch's
kernels by keeping what one network needs in the caches, by one pass over time without a graph, and by using
the widest vectors of the processor. Where there is no compiler, `lstm_kernel` returns None.
"""

from __future__ import annotations

import ctypes
import functools
import hashlib
import logging
import os
import shutil
import subprocess
import tempfile
import threading
from pathlib import Path

import torch
from torch import Tensor

__all__ = ["MOST_OUTPUTS", "LSTMKernel", "lstm_kernel"]

SOURCE = Path(__file__).with_name("lstm_kernel.cpp")
FLAGS = (
    "-O3",
    "-march=native",
    "-std=c++17",
    "-fno-math-errno",
    "-fno-trapping-math",
    "-ffp-contract=fast",
    "-shared",
    "-fPIC",
)
MOST_OUTPUTS = 64
"""Classes that the kernel can tell apart."""

NAMES = {torch.float32: "lstm_float32", torch.float64: "lstm_float64"}

logger = logging.getLogger(__name__)


class LSTMKernel:
    """Loss and gradient of one LSTM with a linear readout, as `ann.training.masked_loss` defines them.

    Parameters
    ----------
    library
        Shared library made from ``lstm_kernel.cpp``.
    """

    def __init__(self, library: Path) -> None:
        self._library = ctypes.CDLL(str(library))
        for name in NAMES.values():
            getattr(self._library, name).restype = ctypes.c_double
            getattr(self._library, name + "_space").restype = ctypes.c_int64
            getattr(self._library, name + "_adam").restype = None
        self._own = threading.local()  # scratch memory: calls of several threads must not share it

    def __call__(
        self,
        parameters: Tensor,
        gradient: Tensor | None,
        inputs: Tensor,
        targets: Tensor,
        mask: Tensor,
        n_hidden: int,
        n_outputs: int,
        label_smoothing: float = 0.0,
    ) -> float:
        """Loss (nats per step that counts), and its gradient if a place for it is given.

        Parameters
        ----------
        parameters
            All weights of an `ann.recurrent.LSTMNetwork` in the order of ``parameters()``, one row.
        gradient
            Filled with the gradient, the same shape; None: the loss alone, in less memory.
        inputs, targets, mask
            As in `ann.training.Examples`: (batch, time, channel) and twice (batch, time).
        n_hidden, n_outputs
            Shape of the network.
        label_smoothing
            Share of each label that is spread over all classes.

        Raises
        ------
        ValueError
            If no step counts, a target is no class, or a tensor is not of the type or place expected.
        """
        batch, time, n_inputs = inputs.shape
        n_parameters = 4 * n_hidden * (n_inputs + n_hidden + 2) + n_outputs * (n_hidden + 1)
        dtype = parameters.dtype
        if dtype not in NAMES or inputs.dtype != dtype:
            raise ValueError(
                f"weights of {dtype} and inputs of {inputs.dtype}; both must be one of {[*NAMES]}"
            )
        for name, tensor, wanted in (
            ("parameters", parameters, (n_parameters,)),
            ("gradient", parameters if gradient is None else gradient, (n_parameters,)),
            ("targets", targets, (batch, time)),
            ("mask", mask, (batch, time)),
        ):
            if tuple(tensor.shape) != wanted:
                raise ValueError(f"{name} has shape {tuple(tensor.shape)}; must be {wanted}")
        given = [tensor for tensor in (parameters, gradient, inputs, targets, mask) if tensor is not None]
        if any(tensor.device.type != "cpu" for tensor in given):
            raise ValueError("the kernel computes on the CPU alone; move weights and examples there")
        if not parameters.is_contiguous() or not (gradient is None or gradient.is_contiguous()):
            raise ValueError("parameters and gradient must be contiguous")
        if not 1 <= n_outputs <= MOST_OUTPUTS:
            raise ValueError(f"n_outputs = {n_outputs}; must be between 1 and {MOST_OUTPUTS}")
        inputs, targets = inputs.contiguous(), targets.to(torch.int64).contiguous()
        mask = mask.to(torch.bool).contiguous()
        if not mask.any():
            raise ValueError("the mask lets no step count; there is nothing to learn from")
        shape = (ctypes.c_int64 * 5)(batch, time, n_inputs, n_hidden, n_outputs)
        space = self._work_space(dtype, shape, gradient is not None)
        loss = getattr(self._library, NAMES[dtype])(
            _address(parameters),
            _address(gradient),
            _address(inputs),
            _address(targets),
            _address(mask),
            shape,
            ctypes.c_double(label_smoothing),
            _address(space),
        )
        if loss < 0:
            raise ValueError(f"a target is outside the {n_outputs} classes 0 to {n_outputs - 1}")
        return loss

    def adam(
        self,
        row: Tensor,
        gradient: Tensor,
        moments: tuple[Tensor, Tensor],
        rate: float,
        step: int,
        clip_norm: float,
    ) -> None:
        """Take one step of Adam in place; see `ann.cohort_adam.adam_step`."""
        tensors = (row, gradient, *moments)
        if row.dtype not in NAMES or any(t.dtype != row.dtype or t.shape != row.shape for t in tensors):
            raise ValueError("row, gradient and moments must have one shape and type")
        if any(not tensor.is_contiguous() or tensor.device.type != "cpu" for tensor in tensors):
            raise ValueError("row, gradient and moments must be contiguous, and on the CPU")
        numbers = (ctypes.c_double(rate), ctypes.c_int64(step), ctypes.c_double(clip_norm))
        getattr(self._library, NAMES[row.dtype] + "_adam")(
            *(_address(tensor) for tensor in tensors), ctypes.c_int64(row.numel()), *numbers
        )

    def _work_space(self, dtype: torch.dtype, shape: ctypes.Array[ctypes.c_int64], gradient: bool) -> Tensor:
        """Scratch memory, kept for the next call: asking the system for it costs more than using it."""
        needed = getattr(self._library, NAMES[dtype] + "_space")(shape, int(gradient))
        space = getattr(self._own, NAMES[dtype], None)
        if space is None or space.numel() < needed:
            space = torch.empty(needed, dtype=dtype)
            setattr(self._own, NAMES[dtype], space)
        return space


@functools.cache
def lstm_kernel() -> LSTMKernel | None:
    """The kernel, compiled if this machine has not done so before; None without a compiler."""
    compiler = os.environ.get("CXX") or shutil.which("c++") or shutil.which("g++") or shutil.which("clang++")
    if compiler is None:
        logger.warning("no C++ compiler: cohorts of LSTMs train with PyTorch's kernels, which is slower")
        return None
    try:
        return LSTMKernel(_built(compiler))
    except (OSError, subprocess.SubprocessError) as error:
        logger.warning("the LSTM kernel cannot be built (%s): PyTorch's kernels train cohorts, slower", error)
        return None


def _built(compiler: str) -> Path:
    """The shared library, from the cache or compiled now; keyed by source, flags, compiler and processor."""
    # the macros name the compiler's version and every instruction set that -march=native switches on
    macros = subprocess.run(
        [compiler, *FLAGS[:-2], "-dM", "-E", "-x", "c++", os.devnull], capture_output=True, check=True
    ).stdout
    key = hashlib.sha256(SOURCE.read_bytes() + repr(FLAGS).encode() + macros).hexdigest()[:32]
    folder = Path(os.environ.get("NEUROSIM_CACHE") or Path.home() / ".cache" / "neurosim") / "kernels"
    library = folder / f"lstm-{key}.so"
    if not library.exists():
        folder.mkdir(parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(dir=folder, prefix=library.name, suffix=".part")
        os.close(handle)
        try:
            subprocess.run([compiler, *FLAGS, str(SOURCE), "-o", draft], capture_output=True, check=True)
            os.replace(draft, library)
        except BaseException:
            Path(draft).unlink(missing_ok=True)
            raise
    return library


def _address(tensor: Tensor | None) -> ctypes.c_void_p:
    return ctypes.c_void_p(None if tensor is None else tensor.data_ptr())
