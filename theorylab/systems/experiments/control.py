"""A plant whose response changes sign, in a fixed wiring and in one that learns."""

import jax
import jax.numpy as jnp
import numpy as np

from theorylab.lab import Coord, Experiment, Output, Plan, static
from theorylab.systems.boxes import lens, machine, stateful
from theorylab.systems.running import run
from theorylab.systems.system import System
from theorylab.systems.wires import R, source


class SignFlip(Experiment):
    """A plant whose response to its control changes sign, in two wirings of it to itself.

    The plant moves as x' = a x + b u + noise, and b flips from 1 to -1. The fixed wiring
    feeds back u = -a x. The one that learns keeps an estimate of b, improved at each tick by a
    normalised gradient step on the error of the predicted motion.
    """

    learns: bool = static(True, doc="whether the wiring learns")
    a: float = static(1.05, doc="growth of the plant in a tick")
    noise: float = static(0.05, low=0.0, doc="standard deviation of the noise")
    rate: float = static(0.3, above=0.0, doc="rate of the estimate")
    limit: float = static(3.0, above=0.0, doc="largest control of the wiring that learns")
    flip: int = static(100, low=0, unit="ticks", doc="when b changes its sign")
    ticks: int = static(200, low=1, unit="ticks", doc="length of a run")
    outputs = {
        "x": Output(("tick",), doc="what the plant shows"),
        "estimate": Output(("tick",), doc="estimate of b, before the tick"),
        "b": Output(("tick",), doc="what it is"),
    }

    def coords(self):
        """Ticks."""
        return {"tick": Coord(np.arange(self.ticks), doc="tick")}

    def simulate(self, key):
        """The plant closed by either wiring; the estimate is shown beside x."""
        noise = self.noise * jax.random.normal(key, (self.ticks,))
        b = jnp.where(jnp.arange(self.ticks) < self.flip, 1.0, -1.0)

        def moved(state, control):
            x, tick = state
            return self.a * x + b[tick] * control + noise[tick], tick + 1

        plant = machine(
            "plant",
            lambda key: (jnp.zeros(()), jnp.zeros((), jnp.int32)),
            lambda state: state[0],
            moved,
            R(),
        )
        system = plant >> (self._learning() if self.learns else self._fixed())
        _, (x, estimate) = run(system, system.init(key), length=self.ticks)
        return {"x": x, "estimate": estimate, "b": b}

    def _fixed(self) -> System:
        return lens(
            (R(),),
            (source(), source()),
            lambda x: (x, jnp.ones(())),
            lambda positions, directions: (-self.a * positions[0],),
        )

    def _learning(self) -> System:
        def bwd(state, positions, directions):
            (theta, past, control), (x,) = state, positions
            miss = x - self.a * past - theta * control
            theta = theta + self.rate * control * miss / (control**2 + 1e-2)
            wanted = -self.a * theta * x / (theta**2 + 0.05)
            new = jnp.clip(wanted, -self.limit, self.limit)
            return (theta, x, new), (new,)

        return stateful(
            "estimate",
            lambda key: (jnp.ones(()), jnp.zeros(()), jnp.zeros(())),
            (R(),),
            (source(), source()),
            lambda state, x: (x, state[0]),
            bwd,
        )


SIGN_FLIP = Plan(SignFlip(), {"learns": (True, False)})
