"""Training in one program: against a plain loop, in pieces, in pairs, and of parts."""

import inspect

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from theorylab.rich_lazy import (
    TWO_AF,
    RNNParams,
    Trials,
    cross_entropy,
    decision_accuracy,
    init_rnn,
    low_rank,
    train_rnn,
)

KEY = jax.random.key(9)
N = 6


def start(rank=2):
    return init_rnn(jax.random.key(1), low_rank(rank)(jax.random.key(0), (N, N)), 3, 3)


def plain(params, steps, batch, lr=0.05, momentum=0.9):
    """What the recurrence, the loss and momentum say, step by step in Python."""

    def loss(params, x, y):
        h, total = jnp.zeros((batch, N)), 0.0
        for t in range(8):
            h = jnp.maximum(x[t] @ params.w_x.T + h @ params.w_h.T, 0.0)
            p = jnp.exp(h @ params.w_o.T)
            p = p / p.sum(axis=1, keepdims=True)
            total = total - jnp.mean(jnp.log(p[jnp.arange(batch), y[t]]))
        return total / 8

    slope = jax.jit(jax.grad(loss))
    moving = jax.tree.map(jnp.zeros_like, params)
    for step in range(steps):
        x, y, _ = TWO_AF.sample(jax.random.fold_in(KEY, step), batch)
        moving = jax.tree.map(lambda v, g: momentum * v + g, moving, slope(params, x, y))
        params = jax.tree.map(lambda w, v: w - lr * v, params, moving)
    return params


def train(steps, **settings):
    descent = optax.sgd(0.05, momentum=0.9)
    return train_rnn(KEY, start(), TWO_AF, steps, 3, descent, batch=5, **settings)


@pytest.fixture(scope="module")
def run():
    return train(6)


def test_it_is_descent_with_momentum_on_the_loss(run):
    for have, want in zip(run.params, plain(start(), 6, 5), strict=True):
        np.testing.assert_allclose(have[-1], want, atol=1e-12)


def test_a_shorter_run_is_the_beginning_of_a_longer_one(run):
    short = train(3)
    np.testing.assert_allclose(short.losses, run.losses[:3], rtol=1e-12)
    np.testing.assert_allclose(short.params.w_h[0], run.params.w_h[0], rtol=1e-12)


def test_all_ranks_share_one_program_and_the_same_other_weights():
    @jax.jit
    def run(rank):
        params = start(rank)
        return params, train_rnn(KEY, params, TWO_AF, 4, batch=5)

    firsts, runs = zip(*(run(jnp.asarray(rank)) for rank in (1, 3, N)), strict=True)
    assert run._cache_size() == 1
    for other in firsts[1:]:
        np.testing.assert_array_equal(other.w_x, firsts[0].w_x)
        np.testing.assert_array_equal(other.w_o, firsts[0].w_o)
        assert not np.allclose(other.w_h, firsts[0].w_h)
        assert np.linalg.norm(other.w_h) == pytest.approx(np.linalg.norm(firsts[0].w_h))
    assert runs[0].losses[0] != runs[1].losses[0]


def test_only_what_is_trained_moves():
    end = train(3, trained=("w_h",)).params
    for name in RNNParams._fields:
        same = np.array_equal(getattr(end, name)[-1], getattr(start(), name))
        assert same == (name != "w_h")


def test_weights_that_are_not_trained_do_not_decay():
    decaying = optax.chain(optax.add_decayed_weights(0.5), optax.sgd(0.1))
    end = train_rnn(KEY, start(), TWO_AF, 3, 3, decaying, batch=5, trained=("w_h",)).params
    np.testing.assert_array_equal(end.w_x[-1], start().w_x)
    np.testing.assert_array_equal(end.w_o[-1], start().w_o)
    assert not np.allclose(end.w_h[-1], start().w_h)


def test_loss_and_accuracy_refuse_what_does_not_fit():
    logits = jnp.zeros((8, 4, 3))
    trials = Trials(logits, jnp.zeros((8, 4), int), jnp.ones((8, 4)))
    wrong = {
        r"trials\.y has shape \(8, 4\); allowed: \(1, 4\)": (logits[:1], trials),
        r"trials\.y holds .*3": (logits, trials._replace(y=trials.y + 3)),
        r"trials\.y holds .*-1": (logits, trials._replace(y=trials.y - 1)),
        r"trials\.weight has shape \(1, 1\)": (logits, trials._replace(weight=jnp.ones((1, 1)))),
        r"trials\.weight is zero": (logits, trials._replace(weight=0 * trials.weight)),
        r"trials\.weight holds .*-1": (logits, trials._replace(weight=-trials.weight)),
    }
    plain = inspect.unwrap(cross_entropy)
    for message, given in wrong.items():
        with pytest.raises(ValueError, match=message):
            plain(*given)
    with pytest.raises(ValueError, match="logits has shape"):
        inspect.unwrap(decision_accuracy)(logits[0], trials)


def test_loss_counts_weights_and_accuracy_the_last_step():
    logits = jnp.log(jnp.array([[[0.5, 0.25, 0.25]], [[0.2, 0.7, 0.1]]]))
    y = jnp.array([[0], [1]], jnp.int32)
    both = Trials(jnp.zeros((2, 1, 1)), y, jnp.ones((2, 1)))
    last = both._replace(weight=jnp.array([[0.0], [1.0]]))
    assert float(cross_entropy(logits, both)) == pytest.approx(-(np.log(0.5) + np.log(0.7)) / 2)
    assert float(cross_entropy(logits, last)) == pytest.approx(-np.log(0.7))
    assert float(decision_accuracy(logits, both)) == 1
    assert float(decision_accuracy(logits[::-1], both)) == 0
    assert float(decision_accuracy(logits.at[1, 0, 0].set(jnp.nan), both)) == 0


@pytest.mark.parametrize(
    "change, message",
    [
        ({"steps": 0}, "steps is 0"),
        ({"every": 3}, "every is 3 for 4 steps"),
        ({"batch": 0}, "batch is 0"),
        ({"trained": ("w",)}, "trained is 'w'"),
    ],
)
def test_bad_input_is_named(change, message):
    with pytest.raises(ValueError, match=message):
        train_rnn(KEY, start(), TWO_AF, **({"steps": 4} | change))


@pytest.mark.parametrize(
    "change, message",
    [
        ({"w_o": jnp.ones((2, N))}, r"params\.w_o has shape \(2, 6\); allowed: \(3, any\)"),
        ({"w_x": jnp.ones((N, 7))}, r"params\.w_x has shape \(6, 7\); allowed: \(any, 3\)"),
        ({"w_h": jnp.full((N, N), jnp.nan)}, r"params\.w_h holds .*nan"),
    ],
)
def test_a_network_that_does_not_fit_the_task_is_refused(change, message):
    """With too few outputs the loss of the last class would not be a number."""
    with pytest.raises(ValueError, match=message):
        train_rnn(KEY, start()._replace(**change), TWO_AF, 4)
