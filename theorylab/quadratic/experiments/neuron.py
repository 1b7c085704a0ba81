"""One neuron: what it separates, and from which start and at which pace."""

import jax
import jax.numpy as jnp
import numpy as np
import optax

from theorylab.lab import Coord, Experiment, Output, Plan, static, traced
from theorylab.quadratic.neurons import QuadraticParams, init_quadratic, quadratic_apply
from theorylab.quadratic.relinear import relinear
from theorylab.quadratic.tasks import ellipse, ring, xor
from theorylab.quadratic.training import accuracy, cross_entropy, descend

TASKS = ("xor01", "xor11", "ring", "ellipse")

#: Initialisation and gamma. The first never leaves the conventional neuron.
CONDITIONS = (
    ("relinear", 0.0),
    ("relinear", 0.01),
    ("relinear", 0.1),
    ("relinear", 1.0),
    ("he_all", 1.0),
)
NAMES = tuple(f"{init} {gamma:g}" for init, gamma in CONDITIONS)


class OneNeuron(Experiment):
    """One quadratic neuron with logistic loss, by gradient descent on the full batch.

    "xor01" and "xor11" are exclusive or with coordinates 0 or 1 and -1 or 1.
    """

    task: str = static("ring", choices=TASKS, doc="what is to be separated")
    points: int = static(200, low=4, doc="number of points; exclusive or has four")
    steps: int = static(3000, low=1, unit="step", doc="updates")
    lr: float = traced(0.1, above=0.0, doc="learning rate")

    outputs = {
        "accuracy": Output(("condition",), doc="share of the points on the right side"),
        "loss": Output(("condition",), doc="final loss"),
        "A": Output(("condition", "i", "j"), doc="quadratic form of the neuron"),
        "beta": Output(("condition", "i"), doc="its linear part"),
        "kappa": Output(("condition",), doc="its constant"),
        "x": Output(("point", "i"), doc="the points"),
        "y": Output(("point",), doc="their classes"),
    }

    def coords(self):
        """Initialisation and gamma of each condition."""
        return {"condition": Coord(np.array(NAMES))}

    def simulate(self, key):
        """The same points and the same first weights in all conditions."""
        draw, start = jax.random.split(key)
        if self.task.startswith("xor"):
            task = xor(0.0 if self.task == "xor01" else -1.0)
        else:
            task = {"ring": ring, "ellipse": ellipse}[self.task](draw, self.points)
        kinds = [init_quadratic(start, 2, 1, init=init) for init, _ in CONDITIONS]
        params = jax.tree.map(lambda *values: jnp.stack(values), *kinds)

        def loss(params):
            return cross_entropy(quadratic_apply(params, task.x), task.y)

        def train(params, gamma):
            params, losses = descend(loss, relinear(optax.sgd(self.lr), gamma), params, self.steps)
            return params, losses[-1], accuracy(quadratic_apply(params, task.x), task.y)

        gammas = jnp.array([gamma for _, gamma in CONDITIONS])
        params, last, right = jax.vmap(train)(params, gammas)
        form, beta, kappa = jax.vmap(_form)(params)
        return {
            "accuracy": right,
            "loss": last,
            "A": form,
            "beta": beta,
            "kappa": kappa,
            "x": task.x,
            "y": task.y,
        }


def _form(params: QuadraticParams):
    r, g, b = (params.kernel_r[:, 0], params.kernel_g[:, 0], params.kernel_b[:, 0])
    outer = jnp.outer(r, g)
    form = (outer + outer.T) / 2 + jnp.diag(b)
    beta = params.bias_r * g + params.bias_g * r
    return form, beta, (params.bias_r * params.bias_g + params.bias_c)[0]


#: Exclusive or, with its larger steps, and the two tasks with 200 points.
XOR = Plan(OneNeuron(lr=0.5), over={"task": ["xor01", "xor11"]}, seeds=20)
CURVES = Plan(OneNeuron(), over={"task": ["ring", "ellipse"]}, seeds=10)
