"""What is left of a kernel when depth goes to infinity.

For an activation with unit second moment the NNGP correlation of depth L is
$f_L = \\check\\varphi\\circ\\dots\\circ\\check\\varphi$. Its limit, and that of the classifier, is
decided by $A = E\\varphi$, $A' = E\\varphi'$ and $B' = E\\varphi'^2$. All activations are
normalised here before anything is computed.
"""

import math
from functools import lru_cache, partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.typing import ArrayLike
from jaxtyping import Array, Float
from scipy.optimize import brentq

from theorylab.citation import references
from theorylab.lab.arrays import as_float
from theorylab.lab.require import require
from theorylab.ntk.activations import Activation, get_activation
from theorylab.ntk.blocks import over_rows
from theorylab.ntk.closed_duals import horner
from theorylab.ntk.duals import dual_eps, dual_parts
from theorylab.ntk.geometry import as_points, eps_of_units, unit_columns
from theorylab.ntk.hermite import coefficients64, host, moments

_ZERO = 1e-10  # moments below this are taken as 0, B' within it of 1 as 1
_SERIES = 34  # terms of the dual's power series, used for correlations below 1/4
_MOST_LAYERS = 200_000


class Phase(NamedTuple):
    """What an activation's infinitely deep network does.

    `kind`: "one_nn", "singular", "majority", "rank_one" or "linear"; `A`, `A1`, `B1` the moments
    of the normalised activation; `alpha` the exponent of the singular kernel (None unless
    singular); `fixed_point` the correlation to which the NNGP of distinct points tends;
    `critical_ratio` the limit of NTK(x, z) / NTK(x, x) at B' = 1 (else None).
    """

    kind: str
    A: float
    A1: float
    B1: float
    alpha: float | None
    fixed_point: float
    critical_ratio: float | None


@references("radhakrishnan2023wide")
def classify_activation(activation: Activation | str) -> Phase:
    """The phase of an activation: which classifier its infinitely deep network is.

    * A = A' = 0: one-nearest-neighbour ("one_nn");
    * A = 0, 0 < |A'| < 1: a singular kernel $\\psi$ ("singular") with
      $\\alpha = -4\\log|A'|/\\log B'$;
    * A not 0, B' at least 1: majority vote ("majority");
    * A not 0, B' < 1: kernels of rank one in the limit ("rank_one"), where the ridgeless
      predictor is not a majority vote;
    * |A'| = 1: linear regression ("linear").

    Moments below 1e-10 count as 0.

    Raises:
        ValueError: a constant activation; one that jumps, whose B' is infinite.

    Source: radhakrishnan2023wide for the classes with A = 0 and the majority vote; the
    statements are claims of the chapter's derivations.

    >>> classify_activation("relu").kind, classify_activation("hermite:2").kind
    ('majority', 'one_nn')
    >>> round(classify_activation("tanh").alpha, 6)
    0.880704
    """
    return _classify(_normalized(activation))


@lru_cache(maxsize=256)
def _classify(activation):
    m = moments(activation)
    A, A1, B1 = m.A, m.A1, m.B1
    if not math.isfinite(B1):
        raise ValueError(f"activation is {activation.name}, which jumps; allowed: a finite B'")
    if 1 - abs(A) < _ZERO:
        raise ValueError(f"activation is {activation.name}, a constant; allowed: others")
    kind, alpha, ratio, fixed = "majority", None, None, 1.0
    if 1 - abs(A1) < _ZERO:
        kind = "linear"
        fixed = math.nan  # every correlation is one
    elif abs(A) < _ZERO:
        kind, fixed = ("one_nn" if abs(A1) < _ZERO else "singular"), 0.0
        alpha = -4 * math.log(abs(A1)) / math.log(B1) if kind == "singular" else None
    elif abs(B1 - 1) < _ZERO:
        ratio = _critical_ratio(activation)
    elif B1 < 1:
        kind = "rank_one"
    else:

        def miss(eps):
            return float(host(partial(dual_eps, activation), np.array(eps))) - eps

        fixed = 1 - brentq(miss, _leave(miss), 1.0, xtol=1e-15, rtol=1e-15)
    return Phase(kind, A, A1, B1, alpha, fixed, ratio)


def _leave(miss):
    """A distance from 1 at which correlations still move away from 1."""
    eps = 0.5
    while miss(eps) <= 0:
        eps /= 2
    return eps


def _critical_ratio(activation):
    """s / (2 s + 1) where $1-\\check\\varphi(1-\\varepsilon) = \\varepsilon - C\\varepsilon^{1+s}$.

    s is 1/2 for a kink and 1 for a dual that is twice differentiable at 1; it is read off the
    dual at two small distances.
    """
    eps = np.array([1e-6, 2e-6])
    loss = 1 - host(partial(dual_eps, activation), eps) / eps
    s = math.log(loss[1] / loss[0]) / math.log(2)
    nearest = round(2 * s) / 2
    s = nearest if abs(s - nearest) < 1e-2 else s
    return s / (2 * s + 1)


@lru_cache(maxsize=256)
def _normalized(activation):
    return get_activation(activation).normalized()


@lru_cache(maxsize=256)
def _power_series(activation):
    """(p_0, p_1, ...) of the dual, with rounding errors of absent terms removed."""
    a = coefficients64(activation, _SERIES).value
    return tuple(float(x * x) if abs(x) > _ZERO else 0.0 for x in a)


class _Point(NamedTuple):
    """A correlation on its way through the layers: eps, xi = 1 - eps and log xi."""

    eps: Array
    xi: Array
    log: Array


def _start(xi, eps, low=0.0, high=1.0):
    """The point from either of the two, checked."""
    if (xi is None) == (eps is None):
        raise ValueError("xi and eps: give one of the two")
    if xi is not None:
        xi = as_float(xi)
        require("xi", xi, low=low, high=high)
        return xi, 1 - xi
    eps = as_float(eps)
    require("eps", eps, low=1 - high, high=1 - low)
    return 1 - eps, eps


def _point(xi, eps):
    near = eps < 0.5
    log_far = jnp.log(jnp.where(near, 1.0, xi))
    return _Point(eps, xi, jnp.where(near, jnp.log1p(-jnp.where(near, eps, 0.0)), log_far))


def _layer(activation, point, log_a=0.0):
    """One layer: the next point, the gain log(xi'/(a xi)), and log of the dual's derivative.

    For xi in [0, 1], with full relative accuracy at both ends: in eps near 1 (the dual's own
    drop), in log xi near 0 (the power series, from its lowest degree).
    """
    p = _power_series(activation)
    one = jnp.ones((), point.xi.dtype)
    low = point.xi < 0.25
    xi, eps = jnp.where(low, 0.5, point.xi), jnp.where(low, 0.5, point.eps)
    parts = dual_parts(activation, one, one, xi, eps)
    ahead = _point(jnp.where(parts.gap < 0.5, 1 - parts.gap, parts.k), parts.gap)

    small = jnp.where(low, point.xi, 0.0)
    log_small = jnp.where(low, point.log, 0.0)
    degree = next(i for i, value in enumerate(p) if value)
    tail = (0.0, *(value / p[degree] for value in p[degree + 1 :]))
    more = jnp.log1p(horner(tail, small))
    log = math.log(p[degree]) + _times(degree, log_small) + more
    gain = (math.log(p[degree]) - log_a) + _times(degree - 1, log_small) + more
    slopes = [i * value for i, value in enumerate(p)]
    first = next(i for i, value in enumerate(slopes) if value)
    rest = (0.0, *(value / slopes[first] for value in slopes[first + 1 :]))
    log_slope = (
        math.log(slopes[first]) + _times(first - 1, log_small) + jnp.log1p(horner(rest, small))
    )
    near_zero = jnp.exp(log)
    slope = jnp.where(low, log_slope, jnp.log(parts.kdot))
    after = _Point(1 - near_zero, near_zero, log)
    after = _Point(*(jnp.where(low, s, d) for s, d in zip(after, ahead, strict=True)))
    return after, jnp.where(low, gain, (ahead.log - point.log) - log_a), slope


def _times(n, log):
    """n log, which is 0 for n = 0 also where the logarithm is infinite."""
    return n * log if n else 0.0


def _singular(activation):
    activation = _normalized(activation)
    phase = _classify(activation)
    if phase.kind != "singular":
        raise ValueError(
            f"activation is {activation.name}, of kind {phase.kind!r}; allowed: kind 'singular'"
        )
    return activation, phase


def singular_exponent(activation: Activation | str) -> float:
    """$\\alpha = -4\\log|A'|/\\log B'$: the infinitely deep kernel grows as $|x-z|^{-\\alpha}$.

    Raises:
        ValueError: the activation is not of the singular kind.

    Source: radhakrishnan2023wide; claim `ntk/schroder/exponent`.

    >>> round(singular_exponent("selu"), 6)
    0.860936
    """
    return float(_singular(activation)[1].alpha)


@references("radhakrishnan2023wide")
def schroder(
    activation: Activation | str,
    xi: ArrayLike | None = None,
    *,
    eps: ArrayLike | None = None,
    log: bool = False,
) -> Float[Array, "..."]:
    """The singular kernel $\\psi(\\xi) = \\lim_L f_L(\\xi)/a^L$ with $a = A'^2$.

    It solves Schröder's equation $\\psi(\\check\\varphi(\\xi)) = a\\,\\psi(\\xi)$ with
    $\\psi(\\xi) = \\xi + O(\\xi^2)$, and is infinite at 1. To about 1e-14 in log psi at any eps in
    double precision, in single precision to 1e-6 of 1 + |log psi|. Differentiates once, in xi or
    in eps.

    Args:
        activation: of the singular kind; it is normalised first.
        xi: correlation in [0, 1] (the closed orthant), or
        eps: 1 - xi; use it near 1.
        log: return log psi.

    Raises:
        ValueError: not one of xi and eps; values outside [0, 1]; another kind of activation.

    Source: radhakrishnan2023wide for the limit; claims `ntk/schroder/...`.

    >>> from theorylab.ntk import optimal_activation
    >>> round(float(schroder(optimal_activation(2), 0.5)), 6)
    0.713599
    """
    activation, _ = _singular(activation)
    log_psi = _log_psi(*_start(xi, eps), activation)
    return log_psi if log else jnp.exp(log_psi)


@partial(jax.custom_jvp, nondiff_argnums=(2,))
def _log_psi(xi, eps, activation):
    return _limits(xi, eps, activation)[0]


@_log_psi.defjvp
def _log_psi_jvp(activation, primals, tangents):
    value, elasticity, _ = _limits(*primals, activation)
    return value, elasticity / primals[0] * tangents[0]


@partial(jax.jit, static_argnames="activation")
def _limits(xi, eps, activation):
    """log psi, its elasticity $\\xi\\psi'/\\psi$ and the depth correction S, in one descent.

    With $e_l = \\xi_l\\check\\varphi'(\\xi_l)/\\check\\varphi(\\xi_l)$ the elasticity at layer l is
    $E_l = \\prod_{k\\ge l} e_k$ and $S = \\sum_l (E_l - 1)$. Going down, $E_0$ is the running
    product P; what is known of S after L layers is $\\sum_l (P_L/P_l - 1)$, which obeys
    $s \\to e\\,s + (e - 1)(\\text{number of layers})$ + the new term.
    """
    xi, eps = jnp.broadcast_arrays(xi, eps)
    log_a = math.log(_power_series(activation)[1])
    inside = (eps > 0) & (xi > 0)
    point = _point(jnp.where(inside, xi, 0.5), jnp.where(inside, eps, 0.5))
    tiny = float(jnp.finfo(xi.dtype).eps) / 8

    def going(carry):
        point, layers, *_ = carry
        return jnp.any(point.xi > tiny) & (layers < _MOST_LAYERS)

    def step(carry):
        point, layers, log_psi, log_e, total = carry
        after, gain, log_slope = _layer(activation, point, log_a)
        log_here = log_slope - log_a - gain  # log of e_l, at least 0
        here = jnp.expm1(log_here)
        count = layers.astype(xi.dtype)
        total = total + here * (total + count + 1)
        return after, layers + 1, log_psi + gain, log_e + log_here, total

    zero = jnp.zeros_like(point.xi)
    begin = (point, jnp.zeros((), jnp.int32), point.log, zero, zero)
    _, _, log_psi, log_e, total = jax.lax.while_loop(going, step, begin)
    ends = jnp.where(eps > 0, -jnp.inf, jnp.inf)
    log_psi = jnp.where(inside, log_psi, ends)
    elasticity = jnp.where(inside, jnp.exp(log_e), jnp.where(eps > 0, 1.0, jnp.inf))
    correction = jnp.where(inside, total, jnp.where(eps > 0, 0.0, jnp.inf))
    return log_psi, elasticity, correction


def schroder_elasticity(
    activation: Activation | str, xi: ArrayLike | None = None, *, eps: ArrayLike | None = None
) -> Float[Array, "..."]:
    """$\\xi\\psi'(\\xi)/\\psi(\\xi)$: the singular kernel's logarithmic slope, at least 1.

    Arguments and errors as in `schroder`. Not differentiable.

    >>> from theorylab.ntk import optimal_activation
    >>> round(float(schroder_elasticity(optimal_activation(4), 0.6)), 8)
    4.19378963
    """
    activation, _ = _singular(activation)
    return _limits(*_start(xi, eps), activation)[1]


def singular_profile(activation: Activation | str, u: ArrayLike) -> Float[Array, "..."]:
    """$R(u) = u^\\alpha\\,\\psi(1-u^2/2)$, bounded and positive as $u \\to 0$.

    In general it has no limit there but is asymptotically periodic in log u, with the period
    log sqrt(B').

    Args:
        activation: of the singular kind.
        u: distance of two points on the sphere, in (0, sqrt 2).

    Raises:
        ValueError: a concrete u outside (0, sqrt 2); another kind of activation.

    Source: claims `ntk/schroder/...`; derived here.

    >>> from theorylab.ntk import optimal_activation
    >>> r = singular_profile(optimal_activation(2), jnp.array([1e-3, 1e-3 / 2**0.5]))
    >>> bool(abs(r[1] / r[0] - 1) < 1e-5)
    True
    """
    activation, phase = _singular(activation)
    u = as_float(u)
    require("u", u, above=0.0, below=math.sqrt(2.0))
    eps = u * u / 2
    return jnp.exp(_log_psi(1 - eps, eps, activation) + phase.alpha * jnp.log(u))


def depth_correction(
    activation: Activation | str, xi: ArrayLike | None = None, *, eps: ArrayLike | None = None
) -> Float[Array, "..."]:
    """S in $K^{(L)}/(a^L(L+1)) = \\psi\\,[1 + S/(L+1)]$, exact up to exponentially small terms.

    $$S(\\xi) = \\sum_{l\\ge0}\\Big(\\frac{\\xi_l\\psi'(\\xi_l)}{\\psi(\\xi_l)} - 1\\Big)
    \\approx \\frac{\\alpha B'}{(B'-1)\\,u^2} \\text{ at small } u:$$

    the NTK needs many more layers than $1/u^2$.

    Arguments and errors as in `schroder`. Not differentiable.

    Source: derived here.

    >>> from theorylab.ntk import optimal_activation
    >>> round(float(depth_correction(optimal_activation(4), eps=0.5)) * 0.5, 7)
    1.7677003
    """
    activation, _ = _singular(activation)
    return _limits(*_start(xi, eps), activation)[2]


def required_depth(
    activation: Activation | str, eps_min: float, tol: float = 0.01, kernel: str = "nngp"
) -> int:
    """The least depth at which a kernel is within `tol` of its singular limit for eps >= eps_min.

    For the NNGP about $\\log(1/\\varepsilon)/\\log B' + \\log(1/tol)/\\log(1/a)$; for the NTK
    $S/tol$, that is $\\alpha B'/(2(B'-1)\\,\\varepsilon\\,tol)$.

    Args:
        activation: of the singular kind.
        eps_min: least distance of a correlation from 1, in (0, 1).
        tol: allowed relative error of the kernel, in (0, 1).
        kernel: "nngp", f_L / a^L, or "ntk", K / (a^L (L+1)).

    Raises:
        ValueError: values outside the above; another kind of activation.

    >>> from theorylab.ntk import optimal_activation
    >>> act = optimal_activation(2)
    >>> required_depth(act, 1e-3), required_depth(act, 1e-3, kernel="ntk")
    (13, 199254)
    """
    activation, _ = _singular(activation)
    require("eps_min", eps_min, above=0.0, below=1.0)
    require("tol", tol, above=0.0, below=1.0)
    require("kernel", kernel, choices=("nngp", "ntk"))
    with jax.enable_x64(True):
        eps = jnp.asarray(float(eps_min), jnp.float64)
        log_psi, _, correction = _limits(1 - eps, eps, activation)
        if kernel == "ntk":
            return math.ceil(float(correction) / tol) - 1
        log_a = math.log(_power_series(activation)[1])
        point, value, depth = _point(1 - eps, eps), float(jnp.log1p(-eps)), 0
        layer = jax.jit(partial(_layer, activation, log_a=log_a))
        while abs(math.expm1(value - float(log_psi))) > tol:
            point, gain, _ = layer(point)
            depth += 1
            value += float(gain)
    return depth


def deep_kernels_log(
    activation: Activation | str,
    depth: int | Array,
    xi: ArrayLike | None = None,
    *,
    eps: ArrayLike | None = None,
    rescaled: bool = False,
) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    """(log NNGP, log NTK) of a normalised activation at finite depth, at any magnitude.

    On the orthant both kernels are positive, so that their logarithms neither underflow (nearest
    neighbours: $\\xi^{2^L}$) nor overflow (the diagonal, $B'^L$). Rounding adds up over layers:
    in single precision the rescaled kernels of the optimal activations are right to 1e-5 at depth
    10, 5e-4 at depth 100 and 1e-2 at depth 1000.

    Args:
        activation: an `Activation` or its name; it is normalised first.
        depth: L, at least 0; may be traced (then only forward differentiation works).
        xi: correlation in [0, 1], or
        eps: 1 - xi.
        rescaled: divide by $a^L$ and by $a^L (L+1)$, $a = A'^2$: both then tend to $\\psi$. Keeps
            the digits that a difference of two large logarithms would lose.

    Raises:
        ValueError: as `schroder`; `rescaled` with an activation that is not singular; an NTK
            that is infinite because the activation jumps.

    Source: claims of the derivation `ntk/recursion`.

    >>> nngp, ntk = deep_kernels_log("hermite:2", 20, 0.5)  # xi^(2^20)
    >>> round(float(nngp / (2**20 * jnp.log(0.5))), 12)
    1.0
    """
    activation = _normalized(activation)
    if activation.jumps:
        raise ValueError(f"activation is {activation.name}, which jumps: its NTK is infinite")
    require("depth", depth, low=0, integer=True)
    if rescaled:
        _singular(activation)
    return _finite_depth(*_start(xi, eps), depth, activation, rescaled)


def deep_diagonal_log(activation: Activation | str, depth: int) -> float:
    """log of the NTK of a point with itself, at depths where the NTK itself overflows.

    $$\\log K = \\log \\sum_{k=0}^{L} B'^k$$

    for a normalised activation; it is normalised first. `depth` L is at least 0.

    Source: claims `ntk/recursion/diagonal-sum` and `ntk/recursion/diagonal-critical`.

    >>> round(deep_diagonal_log("relu", 50), 6) == round(float(np.log(51)), 6)
    True
    """
    require("depth", depth, low=0, integer=True)
    slope = float(moments(_normalized(activation)).B1)
    return float(np.logaddexp.reduce(np.arange(depth + 1) * np.log(slope)))


@partial(jax.jit, static_argnames=("activation", "rescaled"))
def _finite_depth(xi, eps, depth, activation, rescaled):
    log_a = math.log(_power_series(activation)[1]) if rescaled else 0.0
    outside = xi <= 0
    point = _point(jnp.where(outside, 0.5, xi), jnp.where(outside, 0.5, eps))
    lost = jnp.where(outside, -jnp.inf, point.log)
    point = _Point(jnp.where(outside, 1.0, eps), jnp.where(outside, 0.0, xi), lost)

    def step(_, carry):
        point, nngp, ntk = carry
        after, gain, log_slope = _layer(activation, point, log_a)
        nngp = nngp + gain if rescaled else after.log
        return after, nngp, jnp.logaddexp(nngp, ntk + log_slope - log_a)

    start = (point, point.log, point.log)
    _, nngp, ntk = jax.lax.fori_loop(0, depth, step, start)
    if rescaled:
        ntk = ntk - jnp.log(jnp.asarray(depth, ntk.dtype) + 1)
    return nngp, ntk


def infinite_depth_kernel(
    activation: Activation | str,
    x: ArrayLike,
    z: ArrayLike | None = None,
    *,
    log: bool = False,
    block: int | None = None,
) -> Float[Array, "n m"]:
    """$\\psi(\\cos\\angle(x, z))$ for all pairs: infinite where two points coincide.

    The limit of both kernels, NNGP / a^L and NTK / (a^L (L+1)). Points in the closed positive
    orthant.

    Args:
        activation: of the singular kind.
        x: (n, D), z: (m, D), rows of any length above 0 without negative inner products.
        log: return log psi; recommended, since psi overflows at small distances.
        block: rows at a time.

    Raises:
        ValueError: shapes that do not fit; a pair at an obtuse angle; another kind of activation.

    >>> from theorylab.ntk import optimal_activation
    >>> x = jnp.array([[1.0, 0.0], [1.0, 1.0]])
    >>> infinite_depth_kernel(optimal_activation(1), x).round(2).tolist()
    [[inf, 0.8], [0.8, inf]]
    """
    activation, _ = _singular(activation)
    x, z = as_points(x, z, sphere=False)
    columns = unit_columns(z)

    def rows(part):
        eps = eps_of_units(part, columns)
        return jnp.where(eps > 1, jnp.nan, _log_psi(1 - eps, jnp.minimum(eps, 1.0), activation))

    out = over_rows(rows, (unit_columns(x),), z.shape[0], block)
    if not isinstance(out, jax.core.Tracer) and bool(jnp.isnan(out).any()):
        raise ValueError("x and z have a pair at an obtuse angle; allowed: the closed orthant")
    return out if log else jnp.exp(out)
