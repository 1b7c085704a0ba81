"""Kernel regression, classification and Gaussian-process posteriors, fitted once, used often."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

from jax.typing import ArrayLike
from jaxtyping import Array, Float, Int, Real

from theorylab.citation import references
from theorylab.lab.arrays import Scalar, as_float
from theorylab.lab.require import require
from theorylab.ntk.learning import Gaussian, Prediction, decide, gp_posterior, kernel_predict

Kernel = Callable[[Array, Array | None], Array]


@final
@dataclass(frozen=True)
class KernelRegressor:
    """Kernel regression with a kernel function, before it has seen data.

    Args:
        kernel: from points (n, D) and (m, D), or None for the points themselves, to (n, m): for
            instance `lambda x, z: mlp_kernels(x, z, activation="relu", depth=3, get="ntk").ntk`.
        ridge: lambda >= 0 on the diagonal; the variance of the noise of a Gaussian process.

    Raises:
        ValueError: a negative ridge.

    >>> import jax.numpy as jnp
    >>> linear = KernelRegressor(lambda x, z: x @ (x if z is None else z).T, ridge=1.0)
    >>> fitted = linear.fit(jnp.array([[1.0], [2.0]]), jnp.array([1.0, 2.0]))
    >>> [round(float(v), 4) for v in fitted.predict(jnp.array([[6.0]]))]  # 5/6 of the slope 1
    [5.0]
    """

    kernel: Kernel
    ridge: Scalar = 0.0

    def __post_init__(self):
        require("ridge", self.ridge, low=0.0)

    @references("jacot2018neural")
    def fit(self, x: Real[ArrayLike, "n D"], y: Real[ArrayLike, " n *o"]) -> "FittedKernel":
        """Solve for the weights; y are values, labels -1 and 1, or `one_hot` rows.

        Raises:
            ValueError: as in `kernel_predict`.
        """
        x, y = as_float(x), as_float(y)
        k_tt = self.kernel(x, None)
        found = kernel_predict(k_tt, k_tt, y, self.ridge)
        return FittedKernel(self.kernel, self.ridge, x, y, k_tt, found)


@final
@dataclass(frozen=True)
class FittedKernel:
    """A kernel regression that has seen its data.

    `training` holds the predictions at the training points, the weights, the condition number,
    the residual and the rank in use (see `Prediction`).
    """

    kernel: Kernel
    ridge: Scalar
    x: Float[Array, "n D"]
    y: Float[Array, " n *o"]
    k_tt: Float[Array, "n n"]
    training: Prediction

    def predict(self, z: Real[ArrayLike, "m D"]) -> Float[Array, " m *o"]:
        """Values at new points, (m,) or (m, o): $K(z, x)\\,\\alpha$."""
        return self.kernel(as_float(z), self.x) @ self.training.weights

    def classify(self, z: Real[ArrayLike, "m D"]) -> Int[Array, " m"]:
        """Labels at new points: -1 or 1 for labels (n,), the class 0 to C - 1 for one-hot rows."""
        return decide(self.predict(z))

    def posterior(self, z: Real[ArrayLike, "m D"]) -> Gaussian:
        """Posterior of the Gaussian process with this kernel, noise variance `ridge`."""
        z = as_float(z)
        return gp_posterior(
            self.k_tt, self.kernel(z, self.x), self.kernel(z, None), self.y, self.ridge
        )
