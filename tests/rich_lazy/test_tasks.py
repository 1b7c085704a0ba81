"""Tasks: their channels, and the best that an ideal observer can do."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from theorylab.lab.datasets import handwritten_digits
from theorylab.rich_lazy import (
    CXT,
    DMS,
    TASKS,
    TWO_AF,
    from_neurogym,
    ideal_observer,
    sequential_digits,
)

B = 20_000


@pytest.fixture(scope="module")
def drawn():
    return {
        name: jax.jit(task.sample, static_argnums=1)(jax.random.key(5), B)
        for name, task in TASKS.items()
    }


def test_shapes_and_targets(drawn):
    for name, (x, y, weight) in drawn.items():
        assert x.shape == (8, B, {"CXT": 7}.get(name, 3))
        assert y.dtype == jnp.int32 and (y[:-1] == 0).all() and (weight == 1).all()
        assert float((y[-1] == 1).mean()) == pytest.approx(0.5, abs=0.02)
        assert set(np.unique(y[-1])) == {1, 2}
    for name in ("2AF", "DMS"):
        x = drawn[name].x
        assert (x[:7, :, 0] == 1).all() and (x[7] == 0).all()


def test_channels_of_2af(drawn):
    x, y, _ = drawn["2AF"]
    side = y[-1] - 1
    shown = jnp.take_along_axis(x[:7, :, 1:], side[None, :, None], axis=2)[..., 0]
    hidden = x[:7, :, 1:].sum(axis=2) - shown
    difference = (shown - hidden).mean(axis=0)  # the coherence and noise
    coherences = np.array([0, 0.064, 0.128, 0.256, 0.512])
    assert float(difference.mean()) == pytest.approx(coherences.mean(), abs=0.005)
    assert float(difference.var()) == pytest.approx(coherences.var() + 0.02 / 7, abs=0.001)
    assert float((shown + hidden).mean()) == pytest.approx(1, abs=0.001)
    assert float((shown - shown.mean(axis=0)[None, :]).var(axis=0, ddof=1).mean()) == pytest.approx(
        0.01, rel=0.02
    )


def test_channels_of_dms(drawn):
    x, y, _ = drawn["DMS"]
    assert (x[1:6, :, 1:] == 0).all()
    sample, test = (jnp.argmax(x[t, :, 1:], axis=1) for t in (0, 6))
    assert float(((sample == test) == (y[-1] == 1)).mean()) == 1.0
    assert float(x[0, :, 1:].sum(axis=1).mean()) == pytest.approx(1, abs=0.005)


def test_channels_of_cxt(drawn):
    x, y, _ = drawn["CXT"]
    cue = x[2:, :, 5:]
    assert (cue.sum(axis=2) == 1).all() and (cue == cue[0][None]).all()
    assert (x[2:7, :, 0] == 1).all() and (x[7, :, 0] == 0).all() and (x[2:, :, 1:5] == 0).all()
    noise = (x[:2, :, 0] - 1).ravel()
    assert float(noise.std()) == pytest.approx(0.1, rel=0.03)  # on the fixation channel too
    pair = jnp.where(cue[0, :, :1] == 1, x[:2, :, 1:3], x[:2, :, 3:5])
    other = jnp.where(cue[0, :, :1] == 1, x[:2, :, 3:5], x[:2, :, 1:3])
    sign = jnp.where(y[-1] == 1, 1.0, -1.0)
    assert float(((pair[..., 0] - pair[..., 1]).mean(axis=0) * sign).mean()) == pytest.approx(
        (0.05 + 0.15 + 0.5) / 3, abs=0.01
    )
    assert float(((other[..., 0] - other[..., 1]).mean(axis=0) * sign).mean()) == pytest.approx(
        0, abs=0.01
    )


def decode(name, x):
    """The sign of the summed differences: what the ideal observer says, 1 or 2."""
    if name == "2AF":
        return jnp.where((x[..., 1] - x[..., 2]).sum(axis=0) > 0, 1, 2)
    if name == "DMS":
        first, second = (x[t, :, 1] - x[t, :, 2] for t in (0, 6))
        return jnp.where(first * second > 0, 1, 2)
    pairs = (x[:2, :, 1:5:2] - x[:2, :, 2:5:2]).sum(axis=0)
    cued = x[-1, :, 5] == 1
    return jnp.where(jnp.where(cued, pairs[:, 0], pairs[:, 1]) > 0, 1, 2)


@pytest.mark.parametrize("name", TASKS)
def test_an_observer_reaches_the_ceiling(drawn, name):
    x, y, _ = drawn[name]
    right = float((decode(name, x) == y[-1]).mean())
    assert right == pytest.approx(ideal_observer(name).accuracy, abs=0.01)


def test_ceilings_and_floors_are_those_of_the_prototype():
    """Computed here by quadrature, there by other code (to the digits it printed)."""
    assert ideal_observer("2AF") == pytest.approx((0.8752, 0.0317), abs=5e-5)
    assert ideal_observer("CXT") == pytest.approx((0.8749, 0.0338), abs=5e-5)
    assert ideal_observer("DMS") == pytest.approx((1.0, 0.0), abs=1e-9)


def test_the_floor_is_the_mean_surprise_of_bayes_rule(drawn):
    """By Monte Carlo: minus the log of the posterior, with the coherences unknown."""
    x, y, _ = drawn["2AF"]
    z = (x[:7, :, 1] - x[:7, :, 2]).sum(axis=0) / (0.1 * 14**0.5)
    d = jnp.array([0, 0.064, 0.128, 0.256, 0.512]) * 7 / (0.1 * 14**0.5)
    like = jnp.stack([jnp.exp(-((z[:, None] - s * d[None]) ** 2) / 2).sum(axis=1) for s in (1, -1)])
    belief = like[y[-1] - 1, jnp.arange(B)] / like.sum(axis=0)
    surprise = -jnp.log(belief) / 8
    error = float(surprise.std()) / B**0.5
    assert float(surprise.mean()) == pytest.approx(
        ideal_observer("2AF").cross_entropy, abs=4 * error
    )


def test_digits_row_by_row():
    images, labels = handwritten_digits()
    task = sequential_digits(images / 16, labels)
    x, y, weight = task.sample(jax.random.key(0), 50)
    assert x.shape == (8, 50, 8) and (task.inputs, task.outputs) == (8, 10)
    assert (weight[:-1] == 0).all() and (weight[-1] == 1).all()
    flat = np.swapaxes(np.asarray(x), 0, 1).reshape(50, 64)
    index = [int(np.argmin(abs(images / 16 - one).sum(axis=1))) for one in flat]
    np.testing.assert_allclose(images[index] / 16, flat)
    np.testing.assert_array_equal(labels[index], y[-1])


class Environment:
    """The part of a neurogym environment that is used: two stimuli, a fixed or random length."""

    def __init__(self, seed, longest=5):
        self._draw, self._longest = np.random.default_rng(seed), longest

    def new_trial(self):
        steps = int(self._draw.integers(5, self._longest + 1))
        self.ob = self._draw.normal(size=(steps, 2)).astype(np.float32)
        self.gt = np.zeros(steps, int)
        self.gt[-1] = 1 + (self.ob[:, 0].sum() < self.ob[:, 1].sum())


def test_trials_of_an_environment_are_resampled():
    task = from_neurogym(Environment(0), 30, 3)
    assert (task.name, task.inputs, task.outputs) == ("Environment", 2, 3)
    x, y, weight = jax.jit(task.sample, static_argnums=1)(jax.random.key(0), 200)
    assert x.shape == (5, 200, 2) and (weight == 1).all()
    want = np.where(x[..., 0].sum(axis=0) < x[..., 1].sum(axis=0), 2, 1)
    np.testing.assert_array_equal(y[-1], want)  # inputs and targets stay together
    assert len(np.unique(np.asarray(x[0, :, 0]))) > 20
    with pytest.raises(ValueError, match="trials of env have the shapes"):
        from_neurogym(Environment(0, longest=7), 30, 3)
    with pytest.raises(ValueError, match=r"trials\.y"):
        from_neurogym(Environment(0), 30, 2)


def test_bad_input_is_named():
    for task in (TWO_AF, DMS, CXT):
        with pytest.raises(ValueError, match="batch is 0"):
            task.sample(jax.random.key(0), 0)
    with pytest.raises(ValueError, match="task is 'MNIST'"):
        ideal_observer("MNIST")
    with pytest.raises(ValueError, match="images has shape"):
        sequential_digits(np.ones((3, 63)), np.arange(3))
