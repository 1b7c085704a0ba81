"""Mixtures of Gaussians: a softmax of quadratic neurons against Bayes, QDA and LDA."""

import jax
import jax.numpy as jnp
import numpy as np
import optax

from theorylab.lab import Coord, Experiment, Output, Plan, Recorded, static, traced
from theorylab.quadratic.discriminants import (
    Gaussians,
    class_scores,
    fit_gaussians,
    linear_discriminant,
)
from theorylab.quadratic.neurons import init_quadratic, quadratic_apply
from theorylab.quadratic.relinear import relinear
from theorylab.quadratic.tasks import gaussian_mixture, sample_mixture
from theorylab.quadratic.training import accuracy, cross_entropy, descend

CLASSIFIERS = ("Bayes", "QDA", "quadratic neurons", "linear neurons", "LDA")


class Mixtures(Experiment):
    """Test accuracy of five classifiers on a random mixture of K Gaussians.

    Neurons have no hidden layer: one neuron for each class, and a softmax. They are trained by
    Adam on the full batch; linear neurons are the same with gamma = 0.
    """

    dim: int = static(2, low=1, doc="dimension D")
    classes: int = static(5, low=2, doc="components K")
    each: int = static(500, low=2, doc="training points of each class; four times as many to test")
    steps: int = static(1000, low=1, unit="step", doc="updates")
    spread: float = traced(1.5, low=0.0, doc="standard deviation of the means' coordinates")
    lr: float = traced(0.02, above=0.0, doc="learning rate of Adam")
    gamma: float = traced(0.3, low=0.0, doc="ratio of the learning rate of the quadratic part")

    outputs = {"accuracy": Output(("classifier",), doc="of the test points")}

    def coords(self):
        """The classifiers."""
        return {"classifier": Coord(np.array(CLASSIFIERS))}

    def simulate(self, key):
        """One mixture, one training and one test sample."""
        draw, first, second, start = jax.random.split(key, 4)
        mixture = gaussian_mixture(draw, self.dim, self.classes, self.spread)
        train = sample_mixture(first, mixture, self.each)
        test = sample_mixture(second, mixture, 4 * self.each)
        true = Gaussians(*mixture, jnp.full(self.classes, -np.log(self.classes)))
        seen = fit_gaussians(train, self.classes)
        params = init_quadratic(start, self.dim, self.classes)

        def loss(params):
            return cross_entropy(quadratic_apply(params, train.x), train.y)

        def neurons(gamma):
            optimiser = relinear(optax.adam(self.lr), gamma)
            return quadratic_apply(descend(loss, optimiser, params, self.steps)[0], test.x)

        quadratic, linear = jax.vmap(neurons)(jnp.stack([self.gamma, 0.0 * self.gamma]))
        scores = (
            class_scores(true, test.x),
            class_scores(seen, test.x),
            quadratic,
            linear,
            class_scores(linear_discriminant(seen), test.x),
        )
        return {"accuracy": jnp.stack([accuracy(score, test.y) for score in scores])}


#: Two and three dimensions, where quadratic neurons can be Bayes' rule, and five, where not;
#: run once and kept (`MIXTURES.record()`).
MIXTURES = Recorded("quadratic/mixtures-table", Plan(Mixtures(), over={"dim": [2, 3, 5]}, seeds=4))
