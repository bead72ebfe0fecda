"""Compiled simulations: built once per circuit structure, then run as a process with new values.

Brian2 writes C++ for the network and a compiler makes a program of it. The program is kept in a
cache folder under the hash of all that it depends on; a later run only writes values and input to
files and starts it, without Brian2 being imported at all.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from neurosim.circuit import Circuit

__all__ = ["Built", "Program", "cache_folder", "compiled", "compiler", "program"]

FLAGS = (
    "-O3",
    "-march=native",
    "-ffast-math",
    "-std=c++11",
    "-w",
    "--param=vect-max-version-for-alias-checks=1000",
)
SOURCES = ("brian.py", "exchange.py", "functions.py", "loops.py", "model.py", "rings.py", "standalone.py")


def cache_folder() -> Path:
    """Where compiled simulations are kept: ``$NEUROSIM_CACHE``, or the user's cache folder."""
    given = os.environ.get("NEUROSIM_CACHE")
    base = (
        Path(given) if given else Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "neurosim"
    )
    return base / "programs"


def compiler() -> str | None:
    """Path of the C++ compiler (``$CXX`` or g++) together with make, or None."""
    found = shutil.which(os.environ.get("CXX", "g++"))
    return found if found and shutil.which("make") else None


@dataclass(frozen=True)
class Program:
    """A compiled simulation in its folder."""

    folder: Path

    def run(
        self,
        values: dict[str, np.ndarray],
        write_drive: Callable[[Path], None],
        on_progress: Callable[[float], None],
        write_wiring: Callable[[Path], None] | None = None,
    ) -> dict[str, np.ndarray]:
        """Run with new values; returns the monitors' arrays by name.

        Raises
        ------
        DivergedError
            If a membrane potential leaves the finite range.
        RuntimeError
            If the program fails otherwise, with what it said.
        """
        with tempfile.TemporaryDirectory(prefix="neurosim_") as scratch_name:
            scratch = Path(scratch_name)
            write_drive(scratch / "drive")
            if write_wiring:
                write_wiring(scratch / "wiring")
            arguments = ["--results_dir", str(scratch / "results") + os.sep]
            (scratch / "results").mkdir()
            for name, array in values.items():
                path = scratch / f"value_{name}"
                array.tofile(path)
                arguments.append(f"{name}={path}")
            said = self._execute(arguments, scratch, on_progress)
            if said:
                raise RuntimeError(f"the compiled simulation failed: {said}")
            return self._results(scratch / "results")

    def _execute(self, arguments: list[str], scratch: Path, on_progress) -> str:
        environment = {
            **os.environ,
            "NEUROSIM_DRIVE": str(scratch / "drive"),
            "NEUROSIM_WIRING": str(scratch / "wiring"),
        }
        errors = scratch / "errors"
        with (
            errors.open("w") as stderr,
            subprocess.Popen(
                [str(self.folder / "main"), *arguments],
                cwd=self.folder,
                env=environment,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            ) as process,
        ):
            try:
                for line in process.stdout or ():
                    try:
                        on_progress(float(line))
                    except ValueError:
                        continue
            except BaseException:
                process.kill()
                raise
            code = process.wait()
        said = errors.read_text().strip()
        return said or (f"exit code {code}" if code else "")

    def _results(self, folder: Path) -> dict[str, np.ndarray]:
        manifest = json.loads((self.folder / "manifest.json").read_text())
        out = {}
        for name, (file, dtype, columns) in manifest.items():
            array = np.fromfile(folder / file, dtype=dtype)
            out[name] = array.reshape(-1, columns) if columns else array
        return out


@dataclass
class Built:
    """What a builder hands over to be compiled.

    Parameters
    ----------
    network
        The Brian2 network.
    outputs
        Name of a result -> (group or monitor, its variable, columns of the table; 0 for a plain list).
    headers
        C++ headers that the generated code includes.
    """

    network: Any
    outputs: dict[str, tuple[Any, str, int]]
    headers: tuple[Path, ...] = ()


def compiled(key: str, sources: Sequence[str], build: Callable[[], Built]) -> Program:
    """The program of any builder, from the cache or newly made.

    Parameters
    ----------
    key
        All that the built network depends on, as text.
    sources
        Files of this folder whose content the program depends on.
    build
        Makes the network; called with the C++ device active, and only if the program is not in the cache.
    """
    folder = cache_folder() / _digest(key, sources)
    if not (folder / "manifest.json").exists():
        folder.parent.mkdir(parents=True, exist_ok=True)
        work = Path(tempfile.mkdtemp(prefix="building_", dir=folder.parent))
        try:
            _compile(work, build)
            try:
                work.rename(folder)
            except OSError:
                # another process finished the same program first
                if not (folder / "manifest.json").exists():
                    raise
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return Program(folder)


def program(circuit: Circuit, width: int, dt_ms: float, record_dt_ms: float, record_spikes: bool) -> Program:
    """The compiled simulation of `width` participants, from the cache or newly made."""

    def build() -> Built:
        from neurosim.engine import model

        built = model.build(circuit, width, dt_ms, record_dt_ms, record_spikes)
        return Built(built.network, _outputs(built))

    key = f"{circuit.structure_digest} {width} {dt_ms} {record_dt_ms} {record_spikes}"
    return compiled(key, SOURCES, build)


def _digest(key: str, sources: Sequence[str]) -> str:
    digest = hashlib.sha256(key.encode())
    digest.update(f"{FLAGS} {compiler()} {_processor()} {version('brian2')}".encode())
    here = Path(__file__).parent
    for source in sources:
        digest.update((here / source).read_bytes())
    return digest.hexdigest()[:24]


def _processor() -> str:
    # -march=native: a program must not be handed to another kind of processor
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line for line in lines if line.startswith("flags"))
    except (OSError, StopIteration):
        return f"{platform.machine()} {platform.processor()}"


def _compile(work: Path, build: Callable[[], Built]) -> None:
    from neurosim.engine import loops
    from neurosim.engine.brian import b2

    b2.prefs.codegen.cpp.extra_compile_args_gcc = list(FLAGS)
    b2.prefs.devices.cpp_standalone.openmp_threads = 0
    b2.set_device("cpp_standalone", build_on_run=False, directory=str(work))
    try:
        b2.device.reinit()
        b2.device.activate(build_on_run=False, directory=str(work))
        built = build()
        # the program stops itself at the end of the drive
        built.network.run(1e6 * b2.second, namespace={})
        b2.device.build(directory=str(work), compile=False, run=False, with_output=False)
        for header in built.headers:
            shutil.copy(header, work)
        loops.quicken(work)
        _make(work)
        manifest = _manifest(b2.device, built.outputs)
    finally:
        b2.device.reinit()
        b2.set_device("runtime")
    (work / "manifest.json").write_text(json.dumps(manifest))
    for folder in ("code_objects", "brianlib"):
        shutil.rmtree(work / folder, ignore_errors=True)
    for file in (*work.glob("*.o"), work / "common.h.gch"):
        file.unlink()


HEADERS = """
#include "objects.h"
#include "network.h"
#include "synapses_classes.h"
#include "brianlib/common_math.h"
#include "brianlib/stdint_compat.h"
#include <cmath>
#include <ctime>
#include <fstream>
#include <iostream>
"""


def _make(work: Path) -> None:
    # forty small files with the same headers: compiling those once makes the whole three times faster
    (work / "common.h").write_text(HEADERS)
    _call([compiler() or "g++", *FLAGS, "-I.", "-x", "c++-header", "common.h", "-o", "common.h.gch"], work)
    options = " ".join([*FLAGS, "-include common.h"])
    _call(["make", f"-j{os.cpu_count() or 1}", f"CXX={compiler()}", f"OPTIMISATIONS={options}"], work)


def _call(command: list[str], work: Path) -> None:
    done = subprocess.run(command, cwd=work, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"compiling the simulation failed:\n{done.stderr[-2000:]}")


def _manifest(device, outputs: dict[str, tuple[Any, str, int]]) -> dict[str, tuple[str, str, int]]:
    manifest = {}
    for name, (group, variable, columns) in outputs.items():
        var = group.variables[variable]
        manifest[name] = (device.get_array_filename(var), np.dtype(var.dtype).str, columns)
    return manifest


def _outputs(built) -> dict[str, tuple[Any, str, int]]:
    out = {
        "response_t": (built.responses, "t", 0),
        "response_i": (built.responses, "i", 0),
        "rate": (built.rates, "rate", len(built.pools)),
        "rate_t": (built.rates, "t", 0),
    }
    for k, monitor in enumerate(built.spikes, start=1):
        out[f"spike_t_{k}"] = (monitor, "t", 0)
        out[f"spike_i_{k}"] = (monitor, "i", 0)
    return out
