"""The kernel of the recurrent matrix by outer products, against Jacobians."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from theorylab.ntk import empirical_ntk
from theorylab.rich_lazy import (
    CXT,
    RNNConfig,
    RNNParams,
    init_rnn,
    low_rank,
    rnn_apply,
    rnn_recurrent_ntk,
)


def network(n=7, task=CXT):
    draw, rest = jax.random.split(jax.random.key(3))
    return init_rnn(rest, low_rank(4)(draw, (n, n)), task.inputs, task.outputs)


def jacobian(params, x, config):
    """One row for each step, trial and output; one column for each recurrent weight."""

    def outputs(w_h):
        return rnn_apply(params._replace(w_h=w_h), x, config)[0].ravel()

    return jax.jacrev(outputs)(params.w_h).reshape(-1, params.w_h.size)


@pytest.mark.parametrize(
    "config",
    [RNNConfig(), RNNConfig(0.3, "inside", jnp.tanh), RNNConfig(0.3, "outside", jnp.tanh)],
    ids=["official", "inside", "outside"],
)
def test_outer_products_are_the_product_of_jacobians(config):
    params, x = network(), CXT.sample(jax.random.key(5), 4).x
    j = jacobian(params, x, config)
    kernel = rnn_recurrent_ntk(params, x, config)
    scale = float(jnp.abs(j @ j.T).max())
    np.testing.assert_allclose(kernel, j @ j.T, rtol=0, atol=1e-10 * scale)
    last = j[-4 * 3 :]
    np.testing.assert_allclose(
        rnn_recurrent_ntk(params, x, config, "last"), last @ last.T, rtol=0, atol=1e-10 * scale
    )


def test_it_agrees_with_the_general_kernel_of_the_ntk_chapter():
    params, x = network(), CXT.sample(jax.random.key(5), 3).x

    def f(w_h, trials):  # (B, T, I) to (B, T O)
        logits, _ = rnn_apply(params._replace(w_h=w_h), jnp.swapaxes(trials, 0, 1))
        return jnp.swapaxes(logits, 0, 1).reshape(trials.shape[0], -1)

    general = empirical_ntk(f, params.w_h, jnp.swapaxes(x, 0, 1))  # (B, B, T O, T O)
    b, _, m, _ = general.shape
    general = general.reshape(b, b, 8, m // 8, 8, m // 8).transpose(2, 0, 3, 4, 1, 5)
    np.testing.assert_allclose(
        rnn_recurrent_ntk(params, x), general.reshape(b * m, b * m), atol=1e-12, rtol=1e-10
    )


def test_the_forms_of_the_leak_agree_where_they_must():
    """For a linear network the two are one; with ReLU and no leak they are one too, but for h."""
    params, x = network(), CXT.sample(jax.random.key(5), 4).x
    for activation, a in ((lambda h: h, 0.4), (jax.nn.relu, 1.0)):
        both = [rnn_apply(params, x, RNNConfig(a, leak, activation))[0] for leak in LEAKS]
        np.testing.assert_allclose(*both, atol=1e-12)
    leaky = [rnn_apply(params, x, RNNConfig(0.4, leak))[0] for leak in LEAKS]
    assert float(jnp.abs(leaky[0] - leaky[1]).max()) > 1e-3


LEAKS = ("inside", "outside")


def test_without_input_rates_grow_by_the_gain_over_root_two():
    """Half of the units are silent: of full rank the network is unstable above a gain of 1.41."""
    growth = []
    for seed in range(4):
        w_h = low_rank(400, 2**0.5)(jax.random.key(seed), (400, 400))
        params = RNNParams(jnp.ones((400, 1)), w_h, jnp.ones((1, 400)))
        rates = rnn_apply(params, jnp.zeros((30, 1, 1)).at[0].set(1.0))[1][:, 0]
        size = jnp.linalg.norm(rates, axis=1)
        growth.append(float(size[29] / size[9]) ** (1 / 20))
    assert np.mean(growth) == pytest.approx(1, abs=0.04)


def test_one_step_does_not_reach_the_recurrent_matrix():
    params, x = network(), CXT.sample(jax.random.key(5), 4).x[:1]
    assert np.array_equal(rnn_recurrent_ntk(params, x), np.zeros((12, 12)))


def test_weights_that_do_not_fit_each_other_are_named():
    params, x = network(), CXT.sample(jax.random.key(5), 4).x
    apply, kernel = inspect.unwrap(rnn_apply), inspect.unwrap(rnn_recurrent_ntk)
    for name, shape in (("w_h", (7, 6)), ("w_x", (6, 7)), ("w_o", (3, 6)), ("w_o", (7,))):
        for f in (apply, kernel):
            with pytest.raises(ValueError, match=rf"params\.{name} has shape"):
                f(params._replace(**{name: jnp.ones(shape)}), x)
    for empty in (x[:0], x[:, :0]):
        with pytest.raises(ValueError, match="at least one step, trial and input"):
            kernel(params, empty)
    # whole numbers, and inputs of another precision, are taken in that of the weights
    plain = rnn_apply(params, jnp.ones((3, 2, 7)))[0]
    for other in (jnp.ones((3, 2, 7), int), jnp.ones((3, 2, 7), jnp.float32)):
        np.testing.assert_array_equal(apply(params, other)[0], plain)


def test_bad_input_is_named():
    params, x = network(), CXT.sample(jax.random.key(5), 4).x
    with pytest.raises(ValueError, match="leak is 'both'"):
        rnn_apply(params, x, RNNConfig(leak="both"))
    with pytest.raises(ValueError, match=r"config\.a is 1\.5"):
        rnn_apply(params, x, RNNConfig(a=1.5))
    with pytest.raises(ValueError, match="x has shape"):
        rnn_recurrent_ntk(params, x[..., :3])
    with pytest.raises(ValueError, match="when is 'first'"):
        rnn_recurrent_ntk(params, x, when="first")
