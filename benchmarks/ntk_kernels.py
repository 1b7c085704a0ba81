"""Kernels of infinitely wide networks, beside neural-tangents: the same kernels at the same points.

The peer, neural-tangents 0.6.5, needs JAX 0.4.26 and so a Python of its own (`make bench` makes it
from `requirements-neural-tangents.lock`). Every case runs in a process of its own, in each of the
peer's modes, and leaves its times, its memory and its kernels in a file:

    python ntk_kernels.py peer CASE MODE FILE      in the peer's environment
    python ntk_kernels.py ours CASE MODE FILE      in ours
    python ntk_kernels.py PEER_PYTHON [CASE ...]   runs and compares both

Times are processor seconds, so that other work on the machine does not enter; the run time is the
least of several runs, compiling is the first call less a run, memory the growth of the peak.
"""

import json
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

#: activation, hidden layers, points, whether the inputs are unit vectors
CASES = {
    "unit-relu-50": ("relu", 50, 2000, True),
    "unit-erf-50": ("erf", 50, 1000, True),
    "relu-1": ("relu", 1, 2000, False),
    "relu-3": ("relu", 3, 2000, False),
    "relu-3-small": ("relu", 3, 200, False),
    "relu-10": ("relu", 10, 1000, False),
    "relu-50": ("relu", 50, 1000, False),
    "erf-1": ("erf", 1, 2000, False),
    "erf-3": ("erf", 3, 2000, False),
    "erf-3-small": ("erf", 3, 200, False),
    "erf-10": ("erf", 10, 1000, False),
    "erf-50": ("erf", 50, 1000, False),
}
DIMENSION, W_STD, B_STD = 10, {"relu": 2**0.5, "erf": 1.5}, 0.2
#: The peer's ways to compute a kernel: as it comes, compiled, and with its layer for deep networks.
#: (Compiled without that layer, 50 layers take minutes and run no faster.)
PEER_MODES = ("eager", "compiled", "repeat")
LAYERS_COMPILED = 10


def points(n: int, unit: bool) -> np.ndarray:
    """The same points for both, from NumPy."""
    x = np.random.default_rng(0).normal(size=(n, DIMENSION))
    return x / np.linalg.norm(x, axis=1, keepdims=True) if unit else x


def peak() -> float:
    """Peak memory of this process so far, in MiB; from Linux, as `getrusage` counts the parent."""
    return int(re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text())[1]) / 1024


def measure(call, path: str) -> None:
    """Time the first call and further ones; write what was found to `path`."""
    before = peak()
    times, kernels = [], None
    while len(times) < 4 or (len(times) < 12 and sum(times) < 3):
        start = time.process_time()
        kernels = call()
        times.append(time.process_time() - start)
    run = min(times[1:])
    found = {"compile": times[0] - run, "run": run, "memory": peak() - before}
    np.savez(path, nngp=kernels[0], ntk=kernels[1], found=json.dumps(found))


def peer(case: str, mode: str, path: str) -> None:
    """One case in neural-tangents; runs in its own environment."""
    import jax

    jax.config.update("jax_enable_x64", True)
    from neural_tangents import stax

    name, depth, n, unit = CASES[case]
    act = {"relu": stax.Relu, "erf": stax.Erf}[name]

    def dense():
        return stax.Dense(DIMENSION, W_STD[name], None if unit else B_STD)

    layer = stax.serial(act(), dense())
    if mode == "repeat":
        _, _, kernel = stax.serial(dense(), stax.repeat(layer, depth))
    else:
        _, _, kernel = stax.serial(dense(), *[layer] * depth)
    x = jax.numpy.asarray(points(n, unit) * (DIMENSION**0.5 if unit else 1.0))

    def both(x):
        found = kernel(x, None, ("nngp", "ntk"))
        return found.nngp, found.ntk

    if mode != "eager":
        both = jax.jit(both)
    measure(lambda: [np.asarray(k) for k in jax.block_until_ready(both(x))], path)


def ours(case: str, mode: str, path: str) -> None:
    """One case here: unit vectors by the profile of the kernel, others by the recursion."""
    import jax

    jax.config.update("jax_enable_x64", True)
    from theorylab import ntk

    name, depth, n, unit = CASES[case]
    x = jax.numpy.asarray(points(n, unit))
    w_std, profiles = W_STD[name], []
    compiled = jax.jit(
        lambda x: ntk.mlp_kernels(x, activation=name, depth=depth, w_std=w_std, b_std=B_STD)[:2]
    )

    def call():
        if unit:
            if not profiles:
                profiles.append(ntk.kernel_profile(name, depth, w_std=w_std))
            found = profiles[0](x)
        else:
            found = compiled(x)
        return [np.asarray(k) for k in jax.block_until_ready(tuple(found)[:2])]

    measure(call, path)


def run(python: str, side: str, case: str, mode: str) -> dict:
    """One case in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "found.npz")
        command = [python, __file__, side, case, mode, path]
        subprocess.run(command, check=True, capture_output=True)
        found = np.load(path)
        kernels = {name: found[name] for name in ("nngp", "ntk")}
        return json.loads(str(found["found"])) | kernels


def compare(python: str, cases: tuple = ()) -> Iterator[dict]:
    """Each case by both, one after the other; `python` is that of the peer's environment.

    The peer's figures are those of its mode with the shortest run time; `gap` is the largest
    difference of the off-diagonal entries, relative to the largest entry.
    """
    for case in cases or CASES:
        name, depth, n, unit = CASES[case]
        modes = [m for m in PEER_MODES if m != "compiled" or depth <= LAYERS_COMPILED]
        theirs = {mode: run(python, "peer", case, mode) for mode in modes}
        best = min(theirs, key=lambda mode: theirs[mode]["run"])
        own = run(sys.executable, "ours", case, "default")
        other = theirs[best]
        off = ~np.eye(n, dtype=bool)
        gap = max(
            float(np.abs(own[k] - other[k])[off].max() / np.abs(own[k]).max())
            for k in ("nngp", "ntk")
        )
        title = f"{name}, {depth} layers, {n} {'unit vectors' if unit else 'points'}"
        row = {"comparison": title, "mode": best, "gap": gap}
        for what in ("compile", "run", "memory"):
            row |= {what: own[what], f"peer {what}": other[what]}
        row["ratio"] = other["run"] / own["run"]
        yield row


if __name__ == "__main__":
    if sys.argv[1] in ("peer", "ours"):
        {"peer": peer, "ours": ours}[sys.argv[1]](*sys.argv[2:])
    else:
        for row in compare(sys.argv[1], tuple(sys.argv[2:])):
            print(json.dumps(row), flush=True)
