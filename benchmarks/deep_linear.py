"""Critical periods: a sweep by gradient descent beside plain PyTorch, and a map by theory."""

import jax
import jax.numpy as jnp
import numpy as np
import torch

import theorylab.deep_linear as dl

TARGET = (3.0, 2.0)
DEPTH, WIDTH, K0, ETA = 3, 12, 1e-3, 0.05
ONSETS = np.linspace(0.0, 2.0, 21)


def critical_period_sweep():
    """Gradient descent on matrices for 21 onsets: one vmapped scan, and a loop in PyTorch."""
    s = jnp.array(TARGET)
    lr = ETA / (DEPTH * TARGET[0] ** (2 - 2 / DEPTH))
    unit = float(dl.half_time(2 * K0, TARGET[0], DEPTH, pathways=2))
    slowest = float(dl.half_time(2 * K0, TARGET[1], DEPTH, pathways=2))
    steps = int((2.5 * unit + 2 * slowest + 5.0) / lr)
    first = np.round(ONSETS * unit / lr).astype(int)
    last = first + round(0.1 * unit / lr)
    sigma = jnp.diag(s)
    start = dl.aligned_init(sigma, DEPTH, WIDTH, jnp.full((2, 2), K0), jax.random.key(0))

    @jax.jit
    def sweep(first, last):
        def final(begin, end):
            window = dl.Deficit("freeze", 1, begin * lr, end * lr)
            return dl.train_gd(start, sigma, lr, steps, window, record_every=steps).k[-1]

        return jax.vmap(final)(first, last)

    def ours():
        return sweep(jnp.asarray(first, float), jnp.asarray(last, float)).block_until_ready()

    def peer():
        return np.stack(
            [_train(start, sigma, lr, steps, *w) for w in zip(first, last, strict=True)]
        )

    results = {}

    def keep():
        results["peer"] = peer()

    def gap():
        return float(np.abs(np.asarray(ours()) - results["peer"]).max())

    name = f"21 deficits, depth {DEPTH}, width {WIDTH}, {steps} updates (plain PyTorch loop)"
    return name, ours, keep, gap


def _train(start, sigma, lr, steps, first, last):
    """What one writes without thinking: autograd, a Python loop, one deficit at a time."""
    target = torch.tensor(np.asarray(sigma))
    layers = [[torch.tensor(np.asarray(w), requires_grad=True) for w in p] for p in start]
    for step in range(steps):
        maps = [p[2] @ p[1] @ p[0] for p in layers]
        if first <= step < last:
            maps[1] = maps[1].detach()
        loss = 0.5 * ((target - maps[0] - maps[1]) ** 2).sum()
        loss.backward()
        with torch.no_grad():
            for pathway in layers:
                for w in pathway:
                    if w.grad is not None:
                        w -= lr * w.grad
                        w.grad = None
    return np.stack([torch.diagonal(p[2] @ p[1] @ p[0]).detach().numpy() for p in layers])


def critical_period_map():
    """Theory for 51 onsets, 51 durations and 5 depths. There is no peer: nobody has a theory."""
    onsets, durations = jnp.linspace(0.0, 2.0, 51), jnp.linspace(0.0, 0.5, 51)

    def ours():
        return dl.critical_period_map(
            3.0, (2, 3, 4, 5, 6), K0, onsets, durations
        ).block_until_ready()

    return "map of 51 onsets x 51 durations x 5 depths, closed form", ours, None, None
