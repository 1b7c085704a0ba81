"""Every kind of deficit against plain NumPy loops written from what the deficit means."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from theorylab.deep_linear import (
    Deficit,
    aligned_init,
    balanced_init,
    couplings,
    gates,
    gd_map,
    hierarchical_tree,
    residual,
    solve_modes,
    task_svd,
    train_gd,
)

KINDS = ("freeze", "silence", "blur", "decorrelate", "lesion")
SIGMA = np.array([[1.5, 0.4, -0.3], [0.2, -1.1, 0.5], [0.3, 0.1, 0.9], [-0.6, 0.7, 0.2]])


def world(deficits, k, lr, outputs, inputs, pathways, sigma):
    """What the pathways get at update k: weighted scenarios, noise power, plasticity.

    A scenario is a probability and, for each pathway, a filter before its map and one after.
    """
    u, _, vt = np.linalg.svd(sigma)
    scenarios = [(1.0, [(np.eye(inputs), np.eye(outputs))] * pathways)]
    noise = [np.zeros((inputs, inputs))] * pathways
    learns = [np.eye(inputs)] * pathways
    for d in deficits:
        if not np.round(d.start / lr) <= k < np.round(d.stop / lr):
            continue
        a = d.pathway
        modes = range(inputs) if d.modes is None else list(d.modes)
        at_input = sum(np.outer(vt[m], vt[m]) for m in modes)
        kept = np.eye(inputs) - d.strength * at_input

        def swap(pair, filters, a=a):
            return [pair if b == a else f for b, f in enumerate(filters)]

        if d.kind == "freeze":
            learns = [kept @ x if b == a else x for b, x in enumerate(learns)]
        elif d.kind == "silence":
            off = np.eye(inputs) - at_input
            scenarios = [
                (p * weight, swap((filters[a][0] @ cut, filters[a][1]), filters))
                for p, filters in scenarios
                for weight, cut in ((1 - d.strength, np.eye(inputs)), (d.strength, off))
            ]
        elif d.kind in ("blur", "decorrelate"):
            scenarios = [
                (p, swap((filters[a][0] @ kept, filters[a][1]), filters))
                for p, filters in scenarios
            ]
            noise = [kept @ x @ kept if b == a else x for b, x in enumerate(noise)]
            if d.kind == "decorrelate":
                fresh = (1 - (1 - d.strength) ** 2) * at_input
                noise = [x + fresh if b == a else x for b, x in enumerate(noise)]
        else:
            assert d.strength == 1.0
            rows = range(outputs) if d.modes is None else list(d.modes)
            at_output = sum(np.outer(u[:, m], u[:, m]) for m in rows)
            pair = (np.eye(inputs) - at_input, np.eye(outputs) - at_output)
            scenarios = [(p, swap(pair, filters)) for p, filters in scenarios]
    return scenarios, noise, learns


def by_hand(params, sigma, lr, steps, deficits):
    """Gradient descent on the expected loss, one update and one layer at a time."""
    params = [[np.array(w) for w in layers] for layers in params]
    outputs, inputs = sigma.shape
    path = []
    for k in range(steps + 1):
        omega = []
        for layers in params:
            product = np.eye(inputs)
            for w in layers:
                product = w @ product
            omega.append(product)
        path.append(omega)
        if k == steps:
            return np.array(path)
        scenarios, noise, learns = world(deficits, k, lr, outputs, inputs, len(params), sigma)
        for a, layers in enumerate(params):
            slope = -omega[a] @ noise[a]
            for p, filters in scenarios:
                seen = sum(
                    after @ w @ before for w, (before, after) in zip(omega, filters, strict=True)
                )
                before, after = filters[a]
                slope += p * after.T @ (sigma - seen) @ before.T
            slope = slope @ learns[a]
            updates = []
            for l in range(len(layers)):
                left, right = np.eye(layers[l].shape[0]), np.eye(inputs)
                for w in layers[l + 1 :]:
                    left = w @ left
                for w in layers[:l]:
                    right = w @ right
                updates.append(left.T @ slope @ right.T)
            for w, update in zip(layers, updates, strict=True):
                w += lr * update


def maps(history, sigma):
    """End-to-end maps of the final weights."""
    maps = []
    for layers in history.params:
        product = np.eye(sigma.shape[1])
        for w in layers:
            product = np.asarray(w) @ product
        maps.append(product)
    return np.array(maps)


def agrees(depth, deficits, steps=60, lr=0.03):
    params = balanced_init(jax.random.key(depth), SIGMA.shape, depth, 5, scale=0.5)
    path = by_hand(params, SIGMA, lr, steps, deficits)
    history = train_gd(params, SIGMA, lr, steps, deficits)
    np.testing.assert_allclose(maps(history, SIGMA), path[-1], atol=1e-12)
    u, _, v = task_svd(SIGMA)
    k = np.einsum("or,npoi,ir->npr", u, path, v)
    np.testing.assert_allclose(history.k, k, atol=1e-12)
    loss = 0.5 * np.sum((SIGMA - path.sum(axis=1)) ** 2, axis=(1, 2))
    np.testing.assert_allclose(history.loss, loss, atol=1e-12)
    return history


# lr 0.03: 0.37 is update 12.3, so 12; 1.13 is update 37.7, so 38.
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("modes", [None, (0, 2)])
def test_each_kind_on_matrices(kind, modes):
    strength = 1.0 if kind == "lesion" else 0.7
    agrees(3, (Deficit(kind, 1, 0.37, 1.13, modes, strength),))


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 5, 6])
def test_all_kinds_overlapping_at_every_depth(depth):
    deficits = (
        Deficit("freeze", 1, 0.0, 0.4),
        Deficit("silence", 1, 0.2, 0.7, (0, 1), 0.6),
        Deficit("blur", 0, 0.3, 0.9, None, 0.3),
        Deficit("decorrelate", 1, 0.5, 1.2, (2,), 0.8),
        Deficit("silence", 0, 0.8, 1.0, (1,)),
        Deficit("freeze", 0, 1.0, 1.4, (2,), 0.5),
        Deficit("lesion", 0, 1.3, 2.0, (1,)),
        Deficit("decorrelate", 1, 1.4, 1.7),
        Deficit("blur", 1, 1.4, 1.6),
    )
    agrees(depth, deficits)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("depth", [1, 2, 3, 4, 5, 6])
def test_each_kind_on_modes(kind, depth):
    """The residuals of the definition, in a scalar loop."""
    lr, s, steps = 0.02, np.array([2.0, 1.0]), 150
    beta = 0.3 if kind == "blur" else 0.0
    p = np.array([[0.6, 0.5], [0.4, 0.7]])
    path = []
    for k in range(steps + 1):
        ka, kb = p**depth
        path.append((ka, kb))
        ra = rb = s - ka - kb
        if 20 <= k < 90:
            ra, rb = {
                "freeze": (s - ka - kb, 0 * s),
                "silence": (s - ka, 0 * s),
                "blur": (s - ka - beta * kb, beta * (s - ka - beta * kb)),
                "decorrelate": (s - ka, -kb),
                "lesion": (s - ka, 0 * s),
            }[kind]
        p = p + lr * p ** (depth - 1) * np.array([ra, rb])
    deficit = Deficit(kind, 1, 20 * lr, 90 * lr, strength=1 - beta)
    start = jnp.array([[0.6, 0.5], [0.4, 0.7]])
    k = gd_map(start, jnp.array(s), depth, lr, steps, deficit)
    np.testing.assert_allclose(k, path, atol=1e-12)


@pytest.mark.parametrize("lesioned", [0, 1])
def test_lesion_of_either_pathway_leaves_the_mode_to_the_other(lesioned):
    sigma, k0 = hierarchical_tree(3), 0.01
    params = aligned_init(sigma, 3, 8, jnp.full((2, 4), k0), jax.random.key(0))
    history = train_gd(params, sigma, 0.05, 400, Deficit("lesion", lesioned, modes=(1,)), 400)
    k, (_, s, _) = history.k[-1], task_svd(sigma)
    np.testing.assert_allclose(k[lesioned, 1], k0, rtol=1e-9)
    np.testing.assert_allclose(k[1 - lesioned, 1], s[1], rtol=1e-9)
    np.testing.assert_allclose(k[:, 0], s[0] / 2, rtol=1e-9)


def test_a_complete_decorrelation_unlearns():
    """K = [K0^-(2-2/D) + (2D-2) t]^(-D/(2D-2)) with a target that A alone pursues."""
    t = jnp.linspace(0.0, 3.0, 7)
    for depth in (2, 3, 5):
        k0 = np.array([[1.0, 0.5], [2.0, 0.7]])
        deficit = Deficit("decorrelate", 1)
        k = solve_modes(k0 ** (1 / depth), jnp.array([2.0, 1.0]), depth, t, deficit, steps=300)
        power = 2 - 2 / depth
        expected = (k0[1] ** -power + (2 * depth - 2) * np.array(t)[:, None]) ** (-1 / power)
        np.testing.assert_allclose(k[:, 1], expected, rtol=1e-8)


@pytest.mark.parametrize("kind", KINDS)
def test_strength_zero_is_no_deficit(kind):
    o, q, g = gates(Deficit(kind, 1, strength=0.0), 0.5, 2, 3)
    np.testing.assert_array_equal([o, q, g], np.ones((3, 2, 3)))


def test_couplings_are_the_coefficients_of_the_residual():
    deficits = [
        Deficit("blur", 0, strength=0.2),
        Deficit("decorrelate", 1, modes=(1,), strength=0.4),
        Deficit("silence", 2, strength=0.3),
        Deficit("freeze", 2, strength=0.5),
    ]
    gate = gates(deficits, 0.0, 3, 2)
    m, c = couplings(gate)
    s = jnp.array([1.3, 0.8])
    k = jax.random.normal(jax.random.key(0), (3, 2))
    expected = m * s[None] - jnp.einsum("abr,br->ar", c, k)
    np.testing.assert_allclose(residual(k, s, gate), expected, atol=1e-14)
    np.testing.assert_allclose(c[2, 2], [0.5 * 0.7] * 2)
    np.testing.assert_allclose(c[1, 1], 1.0)
    np.testing.assert_allclose(c[0, 1], [0.8, 0.8 * 0.6])


def test_window_is_closed_at_its_start_and_open_at_its_end():
    deficit = Deficit("freeze", 0, 1.0, 2.0)
    open_at = [float(gates(deficit, t, 1, 1).plasticity[0, 0]) for t in (0.99, 1.0, 1.99, 2.0)]
    assert open_at == [1.0, 0.0, 0.0, 1.0]


def test_one_strength_for_each_listed_mode():
    gate = gates(Deficit("blur", 0, modes=(2, 0), strength=jnp.array([0.25, 1.0])), 0.0, 1, 3)
    np.testing.assert_allclose(gate.signal[0], [0.0, 1.0, 0.75])


def test_windows_and_strengths_are_leaves_and_the_rest_is_static():
    deficit = Deficit("blur", 1, 0.5, 1.0, (0,), 0.25)
    leaves, tree = jax.tree.flatten(deficit)
    assert leaves == [0.5, 1.0, 0.25]
    assert jax.tree.unflatten(tree, leaves) == deficit
    assert tree != jax.tree.structure(Deficit("blur", 0, 0.5, 1.0, (0,), 0.25))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("numb", 1), "kind is 'numb'; allowed: one of 'freeze'"),
        (("freeze", -1), "pathway is -1"),
        (("freeze", 1, 0.0, 1.0, None, -0.1), "strength is -0.1"),
        (("blur", 1, 0.0, 1.0, None, 1.1), "strength is 1.1"),
        (("freeze", 1, 1.0, 0.5), "must not end before it starts"),
        (("freeze", 1, 0.0, float("nan")), "must not end before it starts"),
        (("freeze", 1, 0.0, 1.0, (0, 0)), "each mode once"),
        (("freeze", 1, 0.0, 1.0, (0, 1), np.ones(3)), "strength has shape"),
        (("freeze", 1, 0.0, 1.0, None, np.ones(3)), "strength of a deficit of all modes"),
    ],
)
def test_bad_deficits_are_refused(arguments, said):
    with pytest.raises(ValueError, match=said):
        Deficit(*arguments)


def test_deficits_must_fit_the_task():
    with pytest.raises(ValueError, match="pathway of a deficit is 2"):
        gates(Deficit("freeze", 2), 0.0, 2, 3)
    with pytest.raises(ValueError, match="modes of a deficit"):
        gates(Deficit("freeze", 1, modes=(3,)), 0.0, 2, 3)
