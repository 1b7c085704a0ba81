"""The conserved quantity of a neuron, under gradient descent and under what is not."""

import jax
import jax.numpy as jnp
import optax

from theorylab.lab import Experiment, Output, Plan, Recorded, static, traced
from theorylab.quadratic.conserved import gauge_invariants
from theorylab.quadratic.relinear import relinear
from theorylab.quadratic.tasks import two_spirals
from theorylab.quadratic.training import cross_entropy, init_net, net_apply

RULES = ("descent", "momentum", "adam", "decay")


class Drift(Experiment):
    """How far gamma |w_r|^2 - |w_g|^2 is from its start after a given time of training.

    The start is He's in all kernels, small enough to train: both factors matter. "momentum" has
    the coefficient 0.9 and a tenth of the learning rate, so that its time runs as fast; "decay"
    is gradient descent with a weight decay of 0.01 on all parameters.
    """

    rule: str = static("descent", choices=RULES, doc="optimiser")
    width: int = static(8, low=1, doc="neurons of both hidden layers")
    points: int = static(32, low=2, doc="training points")
    time: float = traced(10.0, above=0.0, doc="learning rate times number of updates")
    lr: float = traced(0.01, above=0.0, doc="learning rate")
    gamma: float = traced(1.0, low=0.0, doc="ratio of the learning rates of gate and W_r")

    outputs = {
        "drift": Output((), doc="largest change of the quantity, over all neurons"),
        "moved": Output((), doc="largest change of |w_r|^2 itself"),
        "loss": Output((), doc="final loss"),
    }

    def simulate(self, key):
        """One training run; the number of updates is traced."""
        data, start = jax.random.split(key)
        task = two_spirals(data, self.points)
        net = init_net(start, 2, self.width, 2, 1, "relinear_perturbed", eps=0.5)

        def loss(net):
            return cross_entropy(net_apply(net, task.x), task.y)

        base = {
            "descent": lambda lr: optax.sgd(lr),
            "momentum": lambda lr: optax.sgd(lr / 10, momentum=0.9),
            "adam": lambda lr: optax.adam(lr),
            "decay": lambda lr: optax.chain(optax.add_decayed_weights(0.01), optax.sgd(lr)),
        }[self.rule]
        optimiser = relinear(base(self.lr), self.gamma)

        def step(_, carry):
            net, state = carry
            grads = jax.grad(loss)(net)
            with jax.numpy_dtype_promotion("standard"):
                updates, state = optimiser.update(grads, state, net)
                return optax.apply_updates(net, updates), state

        count = jnp.round(self.time / self.lr).astype(int)
        end, _ = jax.lax.fori_loop(0, count, step, (net, optimiser.init(net)))

        def change(gamma):
            return jnp.max(jnp.abs(_invariants(end, gamma) - _invariants(net, gamma)))

        still = _invariants(end, 1.0) - _invariants(net, 1.0)
        squares = _invariants(end, 2.0) - _invariants(net, 2.0) - still
        return {
            "drift": change(self.gamma),
            "moved": jnp.max(jnp.abs(squares)),
            "loss": loss(end),
        }


def _invariants(net, gamma):
    first = gauge_invariants(net.first, gamma)
    return jnp.concatenate([first, jax.vmap(lambda p: gauge_invariants(p, gamma))(net.hidden)[0]])


#: Four optimisers, from coarse to fine steps; run once and kept (`DRIFT.record()`).
DRIFT = Recorded(
    "quadratic/drift-table",
    Plan(
        Drift(),
        over={"rule": list(RULES), "gamma": [1.0, 0.1], "lr": [0.08, 0.04, 0.02, 0.01]},
    ),
)
