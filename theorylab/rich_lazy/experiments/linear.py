"""Two-layer linear networks: how far the kernel turns, for tasks and starts of many kinds."""

import jax
import jax.numpy as jnp
import numpy as np

from theorylab.lab import Coord, Experiment, Output, Plan, Recorded, static, traced
from theorylab.rich_lazy.alignment import expected_alignment, task_alignment
from theorylab.rich_lazy.balanced_flow import lambda_balanced_flow
from theorylab.rich_lazy.diagonal import diagonal_kkt_gap, diagonal_net_limit
from theorylab.rich_lazy.kernel_flow import (
    closed_kernel_flow,
    flow,
    linear_kernel,
    linear_weight_flow,
)
from theorylab.rich_lazy.measures import kernel_alignment


def unit(key, *shape):
    """Random directions along the last axis."""
    x = jax.random.normal(key, shape)
    return x / jnp.linalg.norm(x, axis=-1, keepdims=True)


def kernel_of(w1, w2):
    """The kernel matrix of a network with one output."""
    return w1.T @ w1 + jnp.sum(w2**2) * jnp.eye(w1.shape[1], dtype=w1.dtype)


class TaskAverage(Experiment):
    """The kernel alignment over random tasks, from a first layer with equal singular values.

    The weights are trained by gradient flow, to convergence. Ranks of one seed share the bases,
    the readout and the tasks.
    """

    d: int = static(10, low=1, doc="number of inputs")
    hidden: int = static(20, low=1, doc="number of hidden units")
    tasks: int = static(64, low=2, doc="number of tasks")
    steps: int = static(1500, low=1, doc="Runge-Kutta steps")
    time: float = traced(60.0, above=0.0, doc="time of training; the task has length 1")
    rank: int = traced(1, low=1, integer=True, doc="rank of the first layer")
    sigma: float = traced(1e-3, above=0.0, doc="norm of the first layer")
    ratio: float = traced(1.0, low=0.0, doc="length of the readout over sigma")

    outputs = {
        "alignment": Output((), doc="kernel alignment, mean over tasks"),
        "error": Output((), doc="its standard error"),
        "theory": Output((), doc="expected alignment from a small start"),
        "gap": Output((), doc="largest distance from the closed form for one task"),
        "loss": Output((), doc="largest final loss over tasks"),
    }

    def simulate(self, key):
        """Every task from the same start."""
        left_key, right_key, readout, tasks = jax.random.split(key, 4)
        left = jax.random.orthogonal(left_key, self.hidden)[:, : self.d]
        right = jax.random.orthogonal(right_key, self.d)
        on = jnp.arange(self.d) < self.rank
        values = jnp.where(on, 1.0, 0.0) / jnp.sqrt(jnp.asarray(self.rank, float))
        w1 = self.sigma * (left * values[None, :]) @ right
        w2 = self.ratio * self.sigma * unit(readout, 1, self.hidden)
        gram, omega = w1.T @ w1, self.ratio * self.sigma
        ts = jnp.reshape(self.time, (1,))

        def one(beta):
            (lower,), (upper,) = linear_weight_flow(w1, w2, beta[None], ts, substeps=self.steps)
            found = kernel_alignment(kernel_of(w1, w2), kernel_of(lower, upper))
            loss = 0.5 * jnp.sum((upper[0] @ lower - beta) ** 2)
            return found, found - task_alignment(gram, omega, beta), loss

        found, gap, loss = jax.vmap(one)(unit(tasks, self.tasks, self.d))
        return {
            "alignment": found.mean(),
            "error": jnp.std(found, ddof=1) / jnp.sqrt(float(self.tasks)),
            "theory": expected_alignment(gram, omega),
            "gap": jnp.max(jnp.abs(gap)),
            "loss": jnp.max(loss),
        }


class AlignedStart(Experiment):
    """Starts of rank one along a task, along what is strong of it, and along anything.

    The teacher reads features $z = Fx$ by a random w; half of the singular values of F are kappa,
    the rest one, so the task is $\\beta = F^T w$. "partial" keeps the strong half of F only.
    """

    d: int = static(8, low=2, doc="number of inputs, even")
    hidden: int = static(16, low=1, doc="number of hidden units")
    tasks: int = static(64, low=2, doc="number of tasks")
    steps: int = static(1500, low=1, doc="Runge-Kutta steps")
    kappa: float = traced(1.0, above=0.0, doc="size of the strong features")
    sigma: float = traced(1e-3, above=0.0, doc="norm of both layers")

    outputs = {
        "alignment": Output(("start",), doc="kernel alignment, mean over tasks"),
        "error": Output(("start",), doc="its standard error"),
        "theory": Output(("start",), doc="the closed form, mean over the same tasks"),
        "gap": Output(("start",), doc="largest distance from the closed form for one task"),
    }

    def validate(self):
        """Half of the features are strong."""
        if self.d % 2:
            raise ValueError(f"d is {self.d}; allowed: even")

    def coords(self):
        """The three starts."""
        return {"start": Coord(np.array(["aligned", "partial", "random"]), doc="first layer")}

    def simulate(self, key):
        """Every task has its own features and its own starts."""

        def one(key):
            basis, reader, hidden, readout, free = jax.random.split(key, 5)
            turn = jax.random.orthogonal(basis, self.d)
            strong = jnp.arange(self.d) < self.d // 2
            w = jax.random.normal(reader, (self.d,))
            beta = turn.T @ (jnp.where(strong, self.kappa, 1.0) * w)
            size = jnp.linalg.norm(beta)
            part = turn.T @ jnp.where(strong, w, 0.0)
            starts = jnp.stack([beta / size, part / jnp.linalg.norm(part), unit(free, self.d)])
            u, w2 = unit(hidden, self.hidden), self.sigma * unit(readout, 1, self.hidden)

            def alignments(v):
                w1 = self.sigma * jnp.outer(u, v)
                (lower,), (upper,) = linear_weight_flow(
                    w1, w2, beta[None] / size, jnp.array([60.0]), substeps=self.steps
                )
                found = kernel_alignment(kernel_of(w1, w2), kernel_of(lower, upper))
                return found, task_alignment(w1.T @ w1, self.sigma, beta)

            return jax.vmap(alignments)(starts)

        found, theory = jax.vmap(one)(jax.random.split(key, self.tasks))
        return {
            "alignment": found.mean(axis=0),
            "error": jnp.std(found, axis=0, ddof=1) / jnp.sqrt(float(self.tasks)),
            "theory": theory.mean(axis=0),
            "gap": jnp.max(jnp.abs(found - theory), axis=0),
        }


class OneTask(Experiment):
    """One task over time: when the kernel turns, and when the loss falls."""

    d: int = static(10, low=1, doc="number of inputs")
    hidden: int = static(20, low=1, doc="number of hidden units")
    points: int = static(141, low=2, doc="number of times")
    horizon: float = static(14.0, above=0.0, doc="last time; the task has length 1")
    rank: int = traced(10, low=1, integer=True, doc="rank of the first layer")
    sigma: float = traced(1e-3, above=0.0, doc="norm of both layers")

    outputs = {
        "loss": Output(("t",), doc="loss over its start"),
        "size": Output(("t",), doc="norm of the kernel over its end"),
        "direction": Output(("t",), doc="alignment of the kernel with its end"),
        "target": Output(("t",), doc="alignment of the kernel with the task"),
    }

    def coords(self):
        """Times."""
        return {"t": Coord(np.linspace(0.0, self.horizon, self.points), doc="time")}

    def simulate(self, key):
        """The closed system of kernel and function."""
        left_key, right_key, readout, task = jax.random.split(key, 4)
        left = jax.random.orthogonal(left_key, self.hidden)[:, : self.d]
        on = jnp.where(jnp.arange(self.d) < self.rank, 1.0, 0.0)
        values = on / jnp.sqrt(jnp.asarray(self.rank, float))
        w1 = self.sigma * (left * values[None, :]) @ jax.random.orthogonal(right_key, self.d)
        w2 = self.sigma * unit(readout, self.hidden)
        beta = unit(task, self.d)
        ts = jnp.linspace(0.0, self.horizon, self.points)
        later = jnp.append(ts, 60.0 + self.horizon)
        k, g = closed_kernel_flow(kernel_of(w1, w2), w1.T @ w2, beta, later, substeps=40)
        # the last stretch is long: it is taken again in steps of its own
        rest, _ = closed_kernel_flow(k[-2], g[-2], beta, jnp.array([60.0]), substeps=1500)
        k, g, end = k[:-1], g[:-1], rest[0]
        norms = jnp.linalg.norm(k, axis=(1, 2))
        return {
            "loss": jnp.sum((beta[None] - g) ** 2, axis=1) / jnp.sum((beta - g[0]) ** 2),
            "size": norms / jnp.linalg.norm(end),
            "direction": jax.vmap(lambda one: kernel_alignment(one, end))(k),
            "target": jnp.einsum("i,tij,j->t", beta, k, beta) / norms,
        }


class Balanced(Experiment):
    """A balanced network over time: exactly, and by integrating the weights."""

    width: int = static(4, low=1, doc="number of inputs, hidden units and outputs")
    points: int = static(81, low=2, doc="number of times")
    horizon: float = static(8.0, above=0.0, doc="last time")
    scale: float = traced(0.05, above=0.0, doc="size of the smaller layer's entries")
    lam: float = traced(0.0, doc="the balance, W2'W2 - W1 W1'")

    outputs = {
        "loss": Output(("t",), doc="squared error over its start, exact"),
        "loss_weights": Output(("t",), doc="the same from the weights"),
        "turn": Output(("t",), doc="alignment of the kernel with its start, exact"),
        "turn_weights": Output(("t",), doc="the same from the weights"),
        "first": Output(("t",), doc="squared change of W1"),
        "second": Output(("t",), doc="squared change of W2"),
        "gap": Output((), doc="largest difference of the function"),
    }

    def coords(self):
        """Times."""
        return {"t": Coord(np.linspace(0.0, self.horizon, self.points), doc="time")}

    def simulate(self, key):
        """Both routes from one start."""
        w1, w2 = _balanced_start(key, self.width, self.lam, self.scale)
        task = jax.random.fold_in(key, 1)
        s = jax.random.normal(task, (self.width, self.width))
        ts = jnp.linspace(0.0, self.horizon, self.points)
        exact = lambda_balanced_flow(w1, w2, s, ts)
        lower, upper = linear_weight_flow(w1, w2, s, ts, substeps=20)
        weights = jax.vmap(linear_kernel)(lower, upper)

        def loss(b):
            error = jnp.sum((s[None] - b) ** 2, axis=(1, 2))
            return error / error[0]

        def turn(kernel):
            # the norm of I (x) A + D (x) I and its inner product with the start
            def inner(a, b):
                same = self.width * (jnp.sum(a.a * b.a) + jnp.sum(a.d * b.d))
                return same + jnp.trace(a.a) * jnp.trace(b.d) + jnp.trace(a.d) * jnp.trace(b.a)

            start = jax.tree.map(lambda x: x[0], kernel)

            def one(now):
                return inner(now, start) / jnp.sqrt(inner(now, now) * inner(start, start))

            return jax.vmap(one)(kernel)

        return {
            "loss": loss(exact.b),
            "loss_weights": loss(weights.b),
            "turn": turn(exact),
            "turn_weights": turn(weights),
            "first": jnp.sum((lower - w1[None]) ** 2, axis=(1, 2)),
            "second": jnp.sum((upper - w2[None]) ** 2, axis=(1, 2)),
            "gap": jnp.max(jnp.abs(exact.b - weights.b)),
        }


def _balanced_start(key, width, lam, scale):
    """Square layers with any balance; lam is traced."""
    first, second = jax.random.split(key)
    small = scale * jax.random.normal(first, (width, width))
    values, vectors = jnp.linalg.eigh(small @ small.T)
    roots = jnp.sqrt(jnp.maximum(values, 0.0) + jnp.abs(lam))
    large = (jax.random.orthogonal(second, width) * roots[None, :]) @ vectors.T
    up = jnp.where(lam >= 0, 1.0, 0.0)
    return up * small + (1 - up) * large.T, up * large + (1 - up) * small.T


class Diagonal(Experiment):
    """The diagonal network: the limit, and gradient flow of its weights."""

    points: int = static(3, low=1, doc="number of examples")
    d: int = static(6, low=2, doc="number of coefficients")
    steps: int = static(40000, low=1, doc="Runge-Kutta steps")
    time: float = static(75.0, above=0.0, doc="time of training, in units of 1/max(alpha, 0.5)^2")
    alpha: float = traced(0.1, above=0.0, doc="scale of the start")

    outputs = {
        "l1": Output((), doc="l1 norm of the limit"),
        "l2": Output((), doc="l2 norm of the limit"),
        "beta": Output(("coefficient",), doc="the limit"),
        "trained": Output(("coefficient",), doc="coefficients of gradient flow"),
        "kkt": Output((), doc="distance of the slope of Q from the row space"),
        "least_l2": Output((), doc="l2 norm of the least-norm solution"),
        "least_l2_l1": Output((), doc="l1 norm of that solution"),
    }

    def coords(self):
        """Coefficients."""
        return {"coefficient": np.arange(self.d)}

    def simulate(self, key):
        """Random data; the data depend on the seed alone."""
        data, targets = jax.random.split(key)
        x = jax.random.normal(data, (self.points, self.d))
        y = jax.random.normal(targets, (self.points,))
        beta = diagonal_net_limit(x, y, self.alpha)
        least = jnp.linalg.pinv(x) @ y
        horizon = self.time / jnp.maximum(self.alpha, 0.5) ** 2
        start = (jnp.full(self.d, self.alpha), jnp.full(self.d, self.alpha))
        ts = jnp.reshape(horizon, (1,))
        (u,), (v,) = flow(_diagonal_velocity, start, ts, self.steps, x, y)
        return {
            "l1": jnp.sum(jnp.abs(beta)),
            "l2": jnp.linalg.norm(beta),
            "beta": beta,
            "trained": u**2 - v**2,
            "kkt": diagonal_kkt_gap(beta, x, self.alpha),
            "least_l2": jnp.linalg.norm(least),
            "least_l2_l1": jnp.sum(jnp.abs(least)),
        }


def _diagonal_velocity(state, x, y):
    u, v = state
    rho = x.T @ (y - x @ (u**2 - v**2))
    return 2 * u * rho, -2 * v * rho


RANKS = (1, 2, 3, 5, 7, 10)
RATIOS = (1.0, 0.3, 0.1)
LAMBDAS = (-1.5, 0.0, 1.5)

#: The theorem: ranks and ratios of the norms, from a small start.
THEOREM = Plan(TaskAverage(), over={"ratio": list(RATIOS), "rank": list(RANKS)}, chunk=6)

#: Beyond the limit: larger starts; run once and kept (`BEYOND.record()`).
SIGMAS = (1e-3, 0.03, 0.1, 0.3, 0.6, 1.0, 1.7, 3.0)
BEYOND = Recorded(
    "rich_lazy/beyond-table",
    Plan(
        TaskAverage(tasks=32, steps=3000),
        over={"ratio": [1.0, 0.1], "sigma": list(SIGMAS), "rank": list(RANKS)},
        chunk=12,
    ),
)

#: The aligned exception.
EXCEPTION = Plan(AlignedStart(), over={"kappa": [1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0]}, chunk=7)

#: Silent alignment: small and large starts of rank one and of full rank.
SILENT = Plan(OneTask(), over={"sigma": [1e-3, 0.7], "rank": [1, 10]}, chunk=4)

#: The balance decides between rich and lazy.
BALANCED = Plan(Balanced(), over={"lam": list(LAMBDAS)}, chunk=3)

#: From l1 to l2.
PATH = Plan(Diagonal(), over={"alpha": [float(a) for a in np.geomspace(3e-3, 10, 29)]}, chunk=29)
