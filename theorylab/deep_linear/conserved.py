"""What gradient flow conserves: balancedness of the layers, and the race between pathways."""

from itertools import pairwise

import jax.numpy as jnp
from jax.typing import ArrayLike
from jaxtyping import Array, Float, Real

from theorylab.citation import references
from theorylab.deep_linear.arrays import as_float
from theorylab.deep_linear.initialisation import Params, check_params, layer_strength
from theorylab.deep_linear.race import check_race, head_start


@references("saxe2014exact", "arora2019implicit")
def balancedness(params: Params) -> Float[Array, "P gap"]:
    """How far neighbouring layers are from balance: $\\| W_{l+1}^T W_{l+1} - W_l W_l^T \\|_F$.

    Gradient flow conserves each difference $W_{l+1}^T W_{l+1} - W_l W_l^T$, whatever the target
    and whatever the deficit; gradient descent lets it drift in proportion to the learning rate.

    Returns:
        one number for each pathway and each pair of neighbouring layers, (P, D - 1).

    Source: saxe2014exact; arora2019implicit.

    >>> import jax
    >>> from theorylab.deep_linear import balanced_init
    >>> params = balanced_init(jax.random.key(0), (4, 3), depth=3)
    >>> bool(jnp.all(balancedness(params) < 1e-12))
    True
    """

    check_params(params)

    def gaps(layers):
        pairs = pairwise(layers)
        norms = [jnp.linalg.norm(after.T @ after - before @ before.T) for before, after in pairs]
        return jnp.array(norms) if norms else jnp.zeros(0, layers[0].dtype)

    return jnp.stack([gaps(layers) for layers in params])


def race_invariant(
    k: Real[ArrayLike, " *batch P r"], depth: int, imbalance: float = 0.0
) -> Float[Array, " *batch gap r"]:
    """The conserved quantities of the race, $C_a = F_D(p_0) - F_D(p_a)$ for a = 1, ..., P - 1.

    $F_D$ is the race potential, $dF_D(p_a)/dt = r$ for every pathway that is not impaired, so
    that differences stay constant; a window in which only pathway a does not learn adds the
    residual integrated over it to $C_a$. Balanced: $F_1 = K$, $F_2 = \\tfrac12 \\ln K$,
    $F_D = -K^{-(D-2)/D} / (D-2)$.

    Args:
        k: strengths K, (..., P, r), for instance a `History.k`.
        depth: D.  imbalance: lambda, a Python number.

    Raises:
        ValueError: k has fewer than two axes, or a strength below 0 though balanced; depth
            below 1, negative imbalance.

    Source: derived here.

    >>> c = race_invariant(jnp.array([[4.0], [1.0]]), depth=2)
    >>> bool(jnp.allclose(c, jnp.log(2.0)))
    True
    """
    k = as_float(k)
    if k.ndim < 2:
        raise ValueError(f"k has shape {k.shape}; allowed: (..., P, r)")
    depth, imbalance = check_race(depth, imbalance)
    p = layer_strength(k, depth, imbalance)
    return head_start(*jnp.broadcast_arrays(p[..., :1, :], p[..., 1:, :]), depth, imbalance)


def drift(history) -> Float[Array, "P gap"]:
    """The largest change of balancedness along a training run, for each pathway and layer pair.

    Args:
        history: a `History`, from `train_gd` or `gradient_flow`.

    >>> import jax
    >>> from theorylab.deep_linear import balanced_init, gradient_flow
    >>> params = balanced_init(jax.random.key(0), (2, 2), depth=2, scale=0.1)
    >>> bool(jnp.all(drift(gradient_flow(params, jnp.eye(2), 0.01, 100)) < 1e-9))
    True
    """
    return jnp.max(jnp.abs(history.balance - history.balance[:1]), axis=0)
