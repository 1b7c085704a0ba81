"""High-precision references for the ntk tests: textbook formulas in covariances, in mpmath.

Nothing here knows of eps-forms: 60 digits make them unnecessary.
"""

import mpmath as mp

DIGITS = 60
mp.mp.dps = DIGITS


def _rho(c11, c12, c22):
    return c12 / mp.sqrt(c11 * c22)


def _abs(c11, c12, c22):
    r = _rho(c11, c12, c22)
    return 2 / mp.pi * mp.sqrt(c11 * c22) * (mp.sqrt(1 - r * r) + r * mp.asin(r))


def _relu(c11, c12, c22):
    t = mp.acos(_rho(c11, c12, c22))
    return mp.sqrt(c11 * c22) * (mp.sin(t) + (mp.pi - t) * mp.cos(t)) / (2 * mp.pi)


def _cube(c11, c12, c22):
    """Third rectified power; Cho and Saul's J_3, written out."""
    t = mp.acos(_rho(c11, c12, c22))
    s, c = mp.sin(t), mp.cos(t)
    j = 15 * s - 11 * s**3 + (mp.pi - t) * (9 * s**2 * c + 15 * c**3)
    return (c11 * c22) ** mp.mpf("1.5") * j / (2 * mp.pi)


def _erf(c11, c12, c22):
    return 2 / mp.pi * mp.asin(2 * c12 / mp.sqrt((1 + 2 * c11) * (1 + 2 * c22)))


def _gelu(c11, c12, c22):
    u = (1 + c11) * (1 + c22)
    d = u - c12**2
    top = c11 * c22 + c12**2 * (1 / (1 + c11) + 1 / (1 + c22) - 1)
    arc = mp.asin(c12 / mp.sqrt(u))
    return c12 / 4 + c12 * arc / (2 * mp.pi) + top / (2 * mp.pi * mp.sqrt(d))


def _sin(c11, c12, c22):
    return mp.exp(-(c11 + c22) / 2) * mp.sinh(c12)


def _cos(c11, c12, c22):
    return mp.exp(-(c11 + c22) / 2) * mp.cosh(c12)


def _exp(c11, c12, c22):
    return mp.exp((c11 + c22) / 2 + c12)


def _gaussian(c11, c12, c22):
    return 1 / mp.sqrt((1 + 2 * c11) * (1 + 2 * c22) - 4 * c12**2)


def _h2(c11, c12, c22):
    """(z^2 - 1) / sqrt 2."""
    return c12**2 + (c11 - 1) * (c22 - 1) / 2


def _step(c11, c12, c22):
    return mp.mpf(1) / 4 + mp.asin(_rho(c11, c12, c22)) / (2 * mp.pi)


def _sign(c11, c12, c22):
    return 2 * mp.asin(_rho(c11, c12, c22)) / mp.pi


DUALS = {
    "relu": _relu,
    "abs": _abs,
    "rect_power:3": _cube,
    "erf": _erf,
    "gelu": _gelu,
    "sin": _sin,
    "cos": _cos,
    "exp": _exp,
    "gaussian": _gaussian,
    "hermite:2": _h2,
    "step": _step,
    "sign": _sign,
}


def slope(dual, c11, c12, c22):
    """dk/dc12 by a central difference of high order, 1e-6 of the way to the diagonal."""
    room = mp.sqrt(c11 * c22) - abs(c12)
    h = min(room, mp.mpf(1)) / 10**8
    return (
        8 * (dual(c11, c12 + h, c22) - dual(c11, c12 - h, c22))
        - (dual(c11, c12 + 2 * h, c22) - dual(c11, c12 - 2 * h, c22))
    ) / (12 * h)


def kernels(dual, moment, c11, c12, c22, depth, w2=1, b2=0):
    """NNGP and NTK after `depth` layers from the covariance of the first preactivations."""
    w2, b2 = mp.mpf(w2), mp.mpf(b2)
    ntk = c12
    for _ in range(depth):
        k, kdot = dual(c11, c12, c22), slope(dual, c11, c12, c22)
        c11, c22, c12 = w2 * moment(c11) + b2, w2 * moment(c22) + b2, w2 * k + b2
        ntk = c12 + w2 * kdot * ntk
    return c12, ntk


def power_map(p):
    """The dual with power series p, and its derivative, exactly."""
    p = [mp.mpf(x) for x in p]
    return (
        lambda x: sum(c * x**i for i, c in enumerate(p)),
        lambda x: sum(i * c * x ** (i - 1) for i, c in enumerate(p) if i),
    )


def optimal_map(d):
    """The dual of the optimal activation of dimension d, and its derivative."""
    if d == 1:
        return power_map([0, mp.mpf(1) / 2, 0, 0, 0, 0, 0, mp.mpf(1) / 2])
    a = mp.mpf(2) ** (-mp.mpf(d) / 2)
    return power_map([0, a, 1 - 2 * a, a])


def schroder(f, df, a, xi, layers=400):
    """psi, its elasticity and S, by brute force in enough digits."""
    with mp.workdps(200):
        x, chain, elasticities = mp.mpf(xi), [], mp.mpf(1)
        for _ in range(layers):
            chain.append(x * df(x) / f(x))
            x = f(x)
        psi = x / mp.mpf(a) ** layers
        total = mp.mpf(0)
        for factor in reversed(chain):
            elasticities *= factor
            total += elasticities - 1
        return psi, elasticities, total
