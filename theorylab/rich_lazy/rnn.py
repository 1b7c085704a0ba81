"""Recurrent networks without biases, in the two forms of the leak that are in use.

$$\\text{inside: } h_t = f\\big((1-a) h_{t-1} + a (W_x x_t + W_h h_{t-1})\\big), \\quad r_t = h_t$$
$$\\text{outside: } h_t = (1-a) h_{t-1} + a (W_x x_t + W_h f(h_{t-1})), \\quad r_t = f(h_t)$$

with the outputs $y_t = W_o r_t$ and $h_{-1} = 0$. "outside" is how a paper writes it, with
$a = 1 - e^{-dt/\\tau}$; "inside" is the official code of liu2024connectivity, with $a = dt/\\tau$,
and there a = 1: no leak at all. At a = 1 the two differ only in where the rectifier stands.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jax.typing import DTypeLike
from jaxtyping import Array, Float, PRNGKeyArray

from theorylab.citation import references
from theorylab.lab.arrays import Scalar, as_float
from theorylab.lab.require import require, whole
from theorylab.rich_lazy.initialisers import floating
from theorylab.rich_lazy.rescaling import matrix

LEAKS = ("inside", "outside")
Activation = Callable[[Array], Array]


class RNNParams(NamedTuple):
    """The weights, each (to, from).

    Attributes:
        w_x: input, (N, I).  w_h: recurrent, (N, N).  w_o: output, (O, N).
    """

    w_x: Float[Array, "N I"]
    w_h: Float[Array, "N N"]
    w_o: Float[Array, "O N"]


class RNNConfig(NamedTuple):
    """What a network is, beside its weights.

    Attributes:
        a: the step over the time constant, from 0 (nothing moves) to 1 (no leak).
        leak: "inside" or "outside" the nonlinearity.
        activation: f.
    """

    a: Scalar = 1.0
    leak: str = "inside"
    activation: Activation = jax.nn.relu


@references("liu2024connectivity")
def init_rnn(
    key: PRNGKeyArray,
    w_h: Float[Array, "N N"],
    inputs: int,
    outputs: int,
    dtype: DTypeLike | None = None,
) -> RNNParams:
    """Input and output weights beside given recurrent ones: uniform on $\\pm 1/\\sqrt{n_{in}}$.

    Of one key they are the same whatever `w_h` is, so that recurrent matrices can be compared in
    pairs.

    Raises:
        ValueError: no inputs or outputs, a recurrent matrix that is not square or not finite, a
            dtype that is not real and floating.

    Source: the official code of liu2024connectivity, where this is the default of the library.

    >>> init_rnn(jax.random.key(0), jnp.eye(4), 3, 2).w_o.shape
    (2, 4)
    """
    w_h = matrix("w_h", w_h, square=True)
    n = w_h.shape[0]
    inputs, outputs = whole("inputs", inputs, low=1), whole("outputs", outputs, low=1)
    dtype = floating(w_h.dtype if dtype is None else dtype)
    first, last = jax.random.split(key)

    def uniform(key, shape):
        bound = shape[1] ** -0.5
        return jax.random.uniform(key, shape, dtype, minval=-bound, maxval=bound)

    return RNNParams(uniform(first, (n, inputs)), w_h.astype(dtype), uniform(last, (outputs, n)))


def rnn_apply(
    params: RNNParams, x: Float[Array, "T B I"], config: RNNConfig = RNNConfig()
) -> tuple[Float[Array, "T B O"], Float[Array, "T B N"]]:
    """Outputs (logits) and rates r of all steps.

    Args:
        params: the weights.  x: inputs, (T, B, I).  config: form of the leak and nonlinearity.

    Weights that are not finite, as after training that diverged, give outputs that are not.

    Raises:
        ValueError: another leak, an `a` outside [0, 1], weights whose shapes do not fit each other,
            inputs that do not fit or are not finite, no step or trial.

    >>> w = RNNParams(jnp.ones((1, 1)), jnp.full((1, 1), 0.5), jnp.ones((1, 1)))
    >>> rnn_apply(w, jnp.ones((3, 1, 1)))[0].ravel().tolist()
    [1.0, 1.5, 1.75]
    """
    params, x = checked(params, x, config)
    rates = states(params, x, jnp.zeros((*x.shape[:2], params.w_h.shape[0]), x.dtype), config)
    return rates @ params.w_o.T, rates


def checked(params: RNNParams, x: Array, config: RNNConfig) -> tuple[RNNParams, Array]:
    """Weights and inputs in the precision of the recurrent weights.

    Raises:
        ValueError: weights, inputs and form do not fit.
    """
    require("config.leak", config.leak, choices=LEAKS)
    require("config.a", config.a, low=0, high=1, shape=())
    params = RNNParams(*map(as_float, params))
    n, inputs = (*params.w_h.shape, 0)[0], (*params.w_x.shape, 0, 0)[1]
    for name, shape in (("w_h", (n, n)), ("w_x", (n, inputs)), ("w_o", (None, n))):
        have = getattr(params, name).shape
        if len(have) != 2 or any(w not in (None, h) for h, w in zip(have, shape, strict=True)):
            wanted = ", ".join("any" if w is None else str(w) for w in shape)
            raise ValueError(f"params.{name} has shape {have}; allowed: ({wanted})")
    require("x", x, shape=(None, None, inputs))
    if not x.size:
        raise ValueError(f"x has shape {x.shape}; allowed: at least one step, trial and input")
    dtype = params.w_h.dtype
    return RNNParams(*(w.astype(dtype) for w in params)), as_float(x).astype(dtype)


def states(
    params: RNNParams,
    x: Float[Array, "T B I"],
    extra: Float[Array, "T B N"],
    config: RNNConfig,
) -> Float[Array, "T B N"]:
    """The rates of all steps, with a current `extra` beside the recurrent one.

    >>> w = RNNParams(jnp.ones((1, 1)), jnp.zeros((1, 1)), jnp.ones((1, 1)))
    >>> states(w, jnp.ones((1, 1, 1)), jnp.ones((1, 1, 1)), RNNConfig()).item()
    2.0
    """
    f, a = config.activation, jnp.asarray(config.a, x.dtype)

    def inside(h, now):
        x, extra = now
        h = f((1 - a) * h + a * (x @ params.w_x.T + h @ params.w_h.T + extra))
        return h, h

    def outside(h, now):
        x, extra = now
        h = (1 - a) * h + a * (x @ params.w_x.T + f(h) @ params.w_h.T + extra)
        return h, f(h)

    step = inside if config.leak == "inside" else outside
    start = jnp.zeros((x.shape[1], params.w_h.shape[0]), x.dtype)
    return jax.lax.scan(step, start, (x, extra))[1]
