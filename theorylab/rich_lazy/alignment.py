"""How far the kernel of a two-layer linear network turns, from a small start.

The first layer enters by its Gram matrix $M = W_1^T W_1$ with trace $\\sigma^2$, the readout by its
length $\\omega = \\|w_2\\|$. Inputs are whitened, there is one output, and both layers are trained
by gradient flow. Everything holds in the limit $\\sigma \\to 0$ at a fixed ratio $\\omega/\\sigma$,
on which alone the results depend.
"""

import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Real

from theorylab import symbolic
from theorylab.citation import references
from theorylab.lab.arrays import Scalar, as_float, is_traced
from theorylab.lab.matrices import check_semidefinite, symmetric
from theorylab.lab.require import require
from theorylab.rich_lazy.rescaling import power_of_two

_START = ("sigma", "omega", r"\mathrm{PR}", "d")


def participation_ratio(gram: Real[ArrayLike, "d d"]) -> Float[Array, ""]:
    """The effective rank $(\\mathrm{Tr}\\, M)^2 / \\mathrm{Tr}\\, M^2$ of a Gram matrix.

    Between 1 and the rank.

    Args:
        gram: $M = W^T W$, symmetric and positive semi-definite, not zero.

    Raises:
        ValueError: not such a matrix. Inside `jit` zeros give what is not a number, and what is no
            Gram matrix is not noticed.

    >>> round(float(participation_ratio(jnp.diag(jnp.array([1.0, 1.0, 0.0])))), 6)
    2.0
    """
    gram = _gram("gram", gram)
    _not_zero(gram)
    gram = gram / power_of_two(gram)
    return jnp.trace(gram) ** 2 / jnp.sum(gram**2)


@references("liu2024connectivity")
def expected_alignment(
    gram: Real[ArrayLike, "d d"],
    omega: Scalar,
    task_covariance: Real[ArrayLike, "d d"] | None = None,
) -> Float[Array, ""]:
    """The average over tasks of the alignment of the kernels before and after training.

    $$\\mathrm{E\\,KA} = \\frac{\\mathrm{Tr}\\, MC + \\sigma^2 + \\omega^2 (d + 1)}
      {\\sqrt{d + 3} \\sqrt{\\sigma^4/\\mathrm{PR} + 2\\omega^2\\sigma^2 + d\\,\\omega^4}}$$

    Args:
        gram: $M = W_1^T W_1$ of the first layer at the start, (d, d).
        omega: length of the readout at the start, at least 0.
        task_covariance: $C = \\mathrm{E}\\, b b^T$ with b the unit vector along a task, of trace
            one; $I/d$ (isotropic tasks) by default.

    Raises:
        ValueError: shapes that do not fit, matrices that are not symmetric and positive
            semi-definite, a negative length, a start that is zero, a covariance whose trace is not
            one. Inside `jit` a start of zeros gives what is not a number, and what is no Gram
            matrix or covariance is not noticed.

    Source: derived here, claim `rich_lazy/alignment/average-strength`; the theorem for isotropic
    tasks in the form proved here, after liu2024connectivity.

    >>> round(float(expected_alignment(jnp.eye(10) / 10, 1.0)), 4)
    0.9648
    >>> round(float(expected_alignment(jnp.zeros((10, 10)).at[0, 0].set(1.0), 1.0)), 4)
    0.9308
    """
    gram = _gram("gram", gram)
    d = gram.shape[0]
    if task_covariance is None:
        along = jnp.trace(gram) / d
    else:
        along = jnp.sum(gram * _task_covariance(task_covariance, d).astype(gram.dtype))
    return _alignment("alignment/average-strength", r"\bar{q}", gram, omega, along)


@references("liu2024connectivity")
def task_alignment(
    gram: Real[ArrayLike, "d d"], omega: Scalar, beta: Real[ArrayLike, " d"]
) -> Float[Array, ""]:
    """The alignment of the kernels before and after training on one task.

    $$\\mathrm{KA} = \\frac{b^T M b + \\sigma^2 + \\omega^2 (d + 1)}
      {\\sqrt{d + 3} \\sqrt{\\sigma^4/\\mathrm{PR} + 2\\omega^2\\sigma^2 + d\\,\\omega^4}}, \\qquad
      b = \\beta/\\|\\beta\\|$$

    Args:
        gram, omega: as in `expected_alignment`.
        beta: the task, (d,), not zero.

    Raises:
        ValueError: as `expected_alignment`; a task that is zero.

    Source: derived here, claim `rich_lazy/alignment/one-task`.

    >>> b = jnp.array([0.6, 0.8])
    >>> round(float(task_alignment(jnp.outer(b, b), 1.0, 7 * b)), 6)
    1.0
    """
    gram = _gram("gram", gram)
    require("beta", beta, shape=(gram.shape[0],))
    beta = as_float(beta).astype(gram.dtype)
    if not is_traced(beta) and not bool(jnp.any(beta != 0)):
        raise ValueError("beta is zero; allowed: a task that is not")
    beta = beta / power_of_two(beta)
    along = beta @ gram @ beta / (beta @ beta)
    return _alignment("alignment/one-task", "q", gram, omega, along)


def expected_representation_alignment(gram: Real[ArrayLike, "d d"]) -> Float[Array, ""]:
    """The average over isotropic tasks of the representation alignment, $\\sqrt{\\mathrm{PR}}/d$.

    Argument and errors as in `participation_ratio`.

    Source: derived here, claim `rich_lazy/single-task/expected-representation`.

    >>> round(float(expected_representation_alignment(jnp.eye(4))), 6)
    0.5
    """
    gram = _gram("gram", gram)
    value = symbolic.compiled("rich_lazy/single-task/expected-representation", args=_START[2:])
    return value(participation_ratio(gram), gram.shape[0])


@references("liu2024connectivity")
def expected_target_alignment(gram: Real[ArrayLike, "d d"], omega: Scalar) -> Float[Array, ""]:
    """The average over isotropic tasks of the initial kernel's alignment with the task.

    $$\\mathrm{E}\\, b^T K_0 b / \\|K_0\\|_F = \\frac{\\sigma^2/d + \\omega^2}
      {\\sqrt{\\sigma^4/\\mathrm{PR} + 2\\omega^2\\sigma^2 + d\\,\\omega^4}}$$

    Arguments and errors as in `expected_alignment`. After training from a small start the
    alignment is $2/\\sqrt{d + 3}$, whatever it was before.

    Source: derived here, claim `rich_lazy/single-task/average-target`.

    >>> round(float(expected_target_alignment(jnp.eye(4) / 4, 1.0)), 6)
    0.5
    """
    gram = _gram("gram", gram)
    along = jnp.trace(gram) / gram.shape[0]
    return _alignment("single-task/average-target", r"\bar{q}", gram, omega, along)


def optimal_init_gram(
    task_covariance: Real[ArrayLike, "d d"], sigma: Scalar, omega: Scalar | None = None
) -> Float[Array, "d d"]:
    """The first layer, as a Gram matrix, from which the kernel turns least on average.

    $$M = c\\,(C + I) - \\omega^2 I, \\qquad c = \\frac{\\sigma^2 + d\\,\\omega^2}{d + 1}$$

    With $\\omega = \\sigma$ this is $\\sigma^2 C$. A weight matrix with this Gram matrix is, for
    one, its symmetric root; it needs as many hidden units as the matrix has rank, d in general.

    Args:
        task_covariance: $C = \\mathrm{E}\\, b b^T$, (d, d), positive semi-definite, of trace one.
        sigma: Frobenius norm of the first layer, above 0.
        omega: length of the readout, at least 0; equal to sigma by default.

    Raises:
        ValueError: shapes that do not fit, bad scales, a covariance that is not positive
            semi-definite or whose trace is not one, or a readout so long that no first layer
            reaches the bound. Inside `jit` the last is not noticed: the matrix then has a negative
            eigenvalue.

    Source: derived here, claims `rich_lazy/best-start/best`, `constant` and `at-most`.

    >>> optimal_init_gram(jnp.diag(jnp.array([0.75, 0.25])), 2.0).tolist()
    [[3.0, 0.0], [0.0, 1.0]]
    """
    d = _gram("task_covariance", task_covariance).shape[0]
    c = _task_covariance(task_covariance, d)
    require("sigma", sigma, above=0.0, shape=())
    sigma = jnp.asarray(sigma, c.dtype)
    _squarable("sigma", sigma)
    if omega is None:
        return sigma**2 * c
    require("omega", omega, low=0.0, shape=())
    omega = jnp.asarray(omega, c.dtype)
    _squarable("omega", omega)
    constant = symbolic.compiled("rich_lazy/best-start/constant", args=("sigma", "omega", "d"))
    one = jnp.eye(d, dtype=c.dtype)
    unit = power_of_two(jnp.stack([sigma, omega]))
    gram = constant(sigma / unit, omega / unit, d) * (c + one) - (omega / unit) ** 2 * one
    if not is_traced(gram):
        least = float(jnp.linalg.eigvalsh(gram)[0])
        if least < -100 * float(jnp.finfo(c.dtype).eps):
            raise ValueError(
                f"omega is {float(omega):.4g}; allowed: short enough that the best Gram matrix is "
                f"positive (its least eigenvalue is {least * float(unit) ** 2:.3g}), such as "
                "omega <= sigma"
            )
    return gram * unit * unit


def _alignment(step: str, strength: str, gram: Array, omega: Scalar, along: Array) -> Array:
    """The formula in units of the start, so that no power of a small or large one is lost."""
    require("omega", omega, low=0.0, shape=())
    omega = jnp.asarray(omega, gram.dtype)
    value = symbolic.compiled(f"rich_lazy/{step}", args=(strength, *_START))
    if not is_traced(omega) and not float(omega) > 0:
        _not_zero(gram)
    sigma2 = jnp.trace(gram)
    sigma = jnp.sqrt(sigma2)
    unit = power_of_two(jnp.stack([sigma, omega]))
    # Without a first layer any ratio will do.
    ratio = participation_ratio(jnp.where(sigma2 > 0, gram, jnp.ones_like(gram)))
    return value(along / unit / unit, sigma / unit, omega / unit, ratio, gram.shape[0])


def _gram(name: str, gram: ArrayLike) -> Array:
    gram = symmetric(name, gram)
    if not gram.size:
        raise ValueError(f"{name} has shape {gram.shape}; allowed: at least one row")
    if not is_traced(gram):
        eigenvalues = np.linalg.eigvalsh(gram)
        check_semidefinite(name, jnp.asarray(eigenvalues[0]), jnp.asarray(eigenvalues[-1]))
    return gram


def _squarable(name: str, x: Array) -> None:
    if not is_traced(x) and not bool(jnp.isfinite(x**2)):
        raise ValueError(f"{name} is {x}; allowed: a scale whose square is within {x.dtype}")


def _not_zero(gram: Array) -> None:
    if not is_traced(gram) and not float(jnp.trace(gram)) > 0:
        raise ValueError("gram is zero; allowed: a start that is not")


def _task_covariance(c: ArrayLike, d: int) -> Array:
    require("task_covariance", c, shape=(d, d))
    c = _gram("task_covariance", c)
    if not is_traced(c) and abs(float(jnp.trace(c)) - 1) > 1e-4:
        raise ValueError(f"task_covariance has trace {float(jnp.trace(c)):.6g}; allowed: 1")
    return c
