"""The tangent kernel of a recurrent network with respect to its recurrent matrix alone.

The matrix acts on the rate before at every step, so that the gradient of an output $y_i$ is a sum
of outer products, one for each step,

$$\\frac{\\partial y_i}{\\partial W_h} = \\sum_s \\delta_{i,s}\\, r_{i,s-1}^T, \\qquad
  \\delta_{i,s} = \\frac{\\partial y_i}{\\partial (W_h r_{s-1})},$$

and an inner product of two gradients needs no gradient:

$$K_{ij} = \\sum_{s, s'} (\\delta_{i,s} \\cdot \\delta_{j,s'})\\,(r_{i,s-1} \\cdot r_{j,s'-1}).$$
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from theorylab.citation import references
from theorylab.lab.require import require
from theorylab.rich_lazy.rnn import RNNConfig, RNNParams, checked, states

WHEN = ("all", "last")


@references("jacot2018neural", "liu2024connectivity")
def rnn_recurrent_ntk(
    params: RNNParams,
    x: Float[Array, "T B I"],
    config: RNNConfig = RNNConfig(),
    when: str = "all",
) -> Float[Array, "m m"]:
    """Empirical tangent kernel of the outputs (logits), for the recurrent matrix only.

    Rows and columns run over steps, trials and outputs, in this order: m = T B O.

    Args:
        params, x, config: as in `rnn_apply`.
        when: outputs of "all" steps, as in liu2024connectivity, or only of the "last": m = B O.

    Memory is that of a few kernels, and of $T^2 B O N$ derivatives; no Jacobian, m x N^2, is
    formed. Map it over networks with `jax.lax.map`.

    Raises:
        ValueError: as `rnn_apply`; another `when`.

    Source: jacot2018neural for the kernel; the sum is derived here.

    >>> w = RNNParams(jnp.ones((1, 1)), jnp.zeros((1, 1)), jnp.ones((1, 1)))
    >>> rnn_recurrent_ntk(w, jnp.ones((2, 1, 1))).tolist()
    [[0.0, 0.0], [0.0, 1.0]]
    """
    params, x = checked(params, x, config)
    require("when", when, choices=WHEN)
    steps, batch, _ = x.shape
    if steps == 1:  # nothing has gone through the recurrent matrix
        return jnp.zeros((batch * params.w_o.shape[0],) * 2, x.dtype)
    n = params.w_h.shape[0]

    def outputs(x, extra):
        rates = states(params, x[:, None], extra[:, None], config)[:, 0]
        return (rates if when == "all" else rates[-1:]) @ params.w_o.T, rates

    quiet = jnp.zeros((steps, n), x.dtype)
    # (B, T', O, T, N) and (B, T, N), T' the steps of the outputs.
    delta, rates = jax.vmap(
        lambda one: jax.jacrev(lambda extra: outputs(one, extra), has_aux=True)(quiet), 1
    )(x)
    delta = jnp.moveaxis(delta, (3, 1), (0, 1)).reshape(steps, -1, n)  # (T, T' B O, N)
    before = jnp.swapaxes(rates, 0, 1)[:-1]  # (T - 1, B, N); nothing comes before step 0
    repeats = delta.shape[1] // (batch * params.w_o.shape[0])
    outs = params.w_o.shape[0]

    def rows(matrix):  # (B, B) -> one entry for each pair of rows of the kernel
        spread = jnp.repeat(jnp.repeat(matrix, outs, axis=0), outs, axis=1)
        return jnp.tile(spread, (repeats, repeats))

    def add(kernel, pair):
        s, z = pair
        term = (delta[s + 1] @ delta[z + 1].T) * rows(before[s] @ before[z].T)
        return kernel + term, None

    # The kernel is symmetric: pairs s < s' count once, and their transpose is added.
    same = jnp.stack([jnp.arange(steps - 1)] * 2, axis=1)
    first, second = np.triu_indices(steps - 1, 1)
    empty = jnp.zeros((delta.shape[1],) * 2, delta.dtype)
    half = jax.lax.scan(add, empty, jnp.stack([first, second], axis=1))[0]
    return jax.lax.scan(add, half + half.T, same)[0]
