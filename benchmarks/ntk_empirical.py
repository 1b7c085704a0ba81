"""Empirical tangent kernels of a fully connected network: by layers, beside neural-tangents.

The peer, neural-tangents 0.6.5, needs JAX 0.4.26 and so a Python of its own. This file runs there
as `python ntk_empirical.py peer FILE`: it draws a network, times Jacobian contraction in processor
seconds, and writes network, inputs, kernel and time to FILE. Ours reads the same network.
"""

import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

INPUTS, WIDTH, POINTS, B_STD = 64, 512, 128, 0.3
OUTPUTS = (1, 10)


def processor_seconds(call, repeats: int) -> float:
    """The least processor time of several calls, after one to compile."""
    call()
    times = []
    for _ in range(repeats):
        start = time.process_time()
        call()
        times.append(time.process_time() - start)
    return min(times)


def peer(path: str) -> None:
    """Jacobian contraction in neural-tangents; runs in its own environment."""
    import jax
    import neural_tangents as nt
    from neural_tangents import stax

    saved = {}
    for outputs in OUTPUTS:
        layers = [stax.Dense(WIDTH, 1.0, B_STD), stax.Relu()] * 2 + [
            stax.Dense(outputs, 1.0, B_STD)
        ]
        init, apply, _ = stax.serial(*layers)
        one, two = jax.random.split(jax.random.PRNGKey(0))
        _, params = init(one, (POINTS, INPUTS))
        x = jax.random.normal(two, (POINTS, INPUTS))
        kernel = jax.jit(
            nt.empirical_ntk_fn(
                apply,
                trace_axes=(),
                vmap_axes=0,
                implementation=nt.NtkImplementation.JACOBIAN_CONTRACTION,
            )
        )

        def call(kernel=kernel, x=x, params=params):
            return kernel(x, None, params).block_until_ready()

        saved[f"seconds{outputs}"] = processor_seconds(call, 3)
        saved[f"kernel{outputs}"] = np.asarray(call())
        saved[f"x{outputs}"] = np.asarray(x)
        dense = [p for p in params if p]
        for index, (w, b) in enumerate(dense):
            saved[f"w{outputs}_{index}"], saved[f"b{outputs}_{index}"] = map(np.asarray, (w, b))
    np.savez(path, **saved)


def compare(python: str) -> list[dict]:
    """Both, on this machine, one after the other; `python` is that of the peer's environment."""
    import jax.numpy as jnp
    from flax import nnx

    from theorylab import ntk

    rows = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "peer.npz"
        subprocess.run([python, __file__, "peer", str(path)], check=True)
        found = np.load(path)
        for outputs in OUTPUTS:
            model = ntk.MLP(
                (INPUTS, WIDTH, WIDTH, outputs),
                "relu",
                rngs=nnx.Rngs(0),
                b_std=B_STD,
                dtype=jnp.float32,
            )
            for index in range(3):
                model.weights[index][...] = jnp.asarray(found[f"w{outputs}_{index}"].T)
                model.biases[index][...] = jnp.asarray(found[f"b{outputs}_{index}"].reshape(-1))
            x = jnp.asarray(found[f"x{outputs}"])

            def call(model=model, x=x):
                return ntk.layerwise_ntk(model, x).block_until_ready()

            exact = found[f"kernel{outputs}"]
            gap = np.abs(np.asarray(call()) - exact).max() / np.abs(exact).max()
            ours, theirs = processor_seconds(call, 20), float(found[f"seconds{outputs}"])
            rows.append(
                {
                    "comparison": f"empirical NTK, MLP {INPUTS}-{WIDTH}-{WIDTH}-{outputs}, "
                    f"{POINTS} points, processor seconds",
                    "ours": ours,
                    "peer": theirs,
                    "ratio": theirs / ours,
                    "agreement": float(gap),
                }
            )
    return rows


if __name__ == "__main__":
    if sys.argv[1:2] == ["peer"]:
        peer(sys.argv[2])
    else:
        for row in compare(sys.argv[1]):
            print(row)
