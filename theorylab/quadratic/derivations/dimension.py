"""The dimension of the set of functions that one quadratic neuron can represent."""

from sympy import Derivative, Function, Symbol, binomial, expand_func, symbols

from theorylab.quadratic.derivations.ranks import exact_rank
from theorylab.quadratic.derivations.symbols import REAL, n
from theorylab.symbolic import Derivation, Enumerate, Integers, Interval, Rewrite

_u = symbols("u_i u_j u_k u_l", real=True)
_v = symbols("v_i v_j v_k v_l", real=True)
_g = symbols("g_i g_j g_k g_l", real=True)
_eps = Symbol("varepsilon", real=True)
_E = {pair: Symbol(f"E_{{{pair}}}", real=True) for pair in ("ij", "ik", "jk", "lj", "lk")}
_sigma = {pair: Symbol(rf"\sigma_{{{pair}}}", real=True) for pair in ("12", "34", "15", "23", "45")}
_lambda = Symbol("lambda", real=True)
_ranks = Function("r", integer=True)
_dim, _ambient = Symbol("D", real=True), Symbol("Q", real=True)
_N = Symbol("N", integer=True, positive=True)
_beta = symbols("beta_1 beta_2 beta_3", real=True)
_A = {pair: Symbol(f"A_{{{pair}}}", real=True) for pair in ("12", "13", "23")}
_w = symbols("w_1 w_2 w_3", real=True)

NEURON_DIMENSION = Derivation(
    "quadratic/neuron-dimension",
    title="The dimension of one neuron",
    about=(
        "Count the bias as one more input that is always one, so that there are $N = n + 1$ "
        "coordinates and every quadratic function is a symmetric matrix. The diagonal of a "
        "quadratic neuron's matrix is free. How many directions do the two affine forms $r$ and "
        "$g$ give off the diagonal? It is enough to look at one point: $r = (1, \\dots, 1)$, and "
        "$g$ with entries that are all different."
    ),
    domain={
        **{symbol: REAL for symbol in (*_u, *_v, _eps, *_E.values(), *_sigma.values(), _lambda)},
        **{
            symbol: Interval(place, place + 1)
            for place, symbol in zip((-5, -2, 1, 4), _g, strict=True)
        },
        n: Integers(1, 9),
        _N: Integers(2, 10),
        _ranks(n): Integers(0, 99),
        _dim: Interval(0, 99),
        _ambient: Interval(0, 99),
        **{symbol: Interval("1/10", 2) for symbol in _beta},
        **{symbol: REAL for symbol in (*_A.values(), *_w)},
    },
)


def _entry(first, second):
    """How a pair of coordinates moves, in the direction (u, v)."""
    return _u[first] * _g[second] + _u[second] * _g[first] + _v[first] + _v[second]


def _off_diagonal(d: Derivation) -> None:
    moved = (1 + _eps * _u[0]) * (_g[1] + _eps * _v[1]) + (1 + _eps * _u[1]) * (
        _g[0] + _eps * _v[0]
    )
    d.assume(
        "start",
        _eps,
        0,
        why="At the point itself.",
    )
    d.step(
        "direction",
        Derivative(moved, _eps),
        _entry(0, 1),
        by=Rewrite(),
        using=("start",),
        why="How the entry $2A_{ij} = r_i g_j + r_j g_i$ moves when $r$ moves along $u$ and $g$ "
        "along $v$.",
    )
    places = dict(zip("ijkl", range(4), strict=True))
    d.assume(
        "entries",
        tuple(_E.values()),
        tuple(_entry(*(places[letter] for letter in pair)) for pair in _E),
        why="The movements of five entries, among any four coordinates.",
    )
    d.step(
        "disjoint",
        (_u[0] - _u[3]) * (_g[1] - _g[2]) + (_u[1] - _u[2]) * (_g[0] - _g[3]),
        (_E["ij"] - _E["ik"]) - (_E["lj"] - _E["lk"]),
        by=Rewrite(),
        using=("entries",),
        why="If no entry off the diagonal moves, the right side vanishes: the slopes "
        "$\\sigma_{il} = (u_i - u_l)/(g_i - g_l)$ of two pairs without a common coordinate are "
        "opposite.",
    )
    for first, second in (("12", "34"), ("34", "15"), ("15", "23"), ("23", "45")):
        d.assume(
            f"pair-{first}-{second}",
            _sigma[first],
            -_sigma[second],
            why=f"The pairs {first[0]}, {first[1]} and {second[0]}, {second[1]} have no "
            "coordinate in common.",
        )
    d.step(
        "cycle",
        _sigma["12"],
        _sigma["45"],
        by=Rewrite(),
        using=("pair-12-34", "pair-34-15", "pair-15-23", "pair-23-45"),
        why="Among five coordinates the signs cancel along this path; but the pairs 1, 2 and 4, 5 "
        "have no coordinate in common either, so $\\sigma_{12} = -\\sigma_{45}$ as well. All "
        "slopes are zero, and all $u_i$ are equal.",
    )
    d.assume(
        "constant",
        _u[:3],
        (_lambda,) * 3,
        why="All $u_i$ are equal to one number.",
    )
    d.step(
        "gauge",
        _v[0],
        (_E["ij"] + _E["ik"] - _E["jk"]) / 2 - _lambda * _g[0],
        by=Rewrite(),
        using=("entries", "constant"),
        why="Then, if no entry moves, $u = \\lambda r$ and $v = -\\lambda g$. This is the "
        "rescaling of the two forms: the only direction that changes nothing off the diagonal.",
    )


def _counting(d: Derivation) -> None:
    d.assume(
        "directions",
        _dim,
        _N + (2 * _N - 1),
        why="The diagonal, and all directions $(u, v)$ but one.",
    )
    d.assume("coordinates", _N, n + 1, why="The inputs, and the one that is always one.")
    d.assume("ambient", _ambient, binomial(n + 2, 2), why="All quadratic functions of $n$ inputs.")
    d.step(
        "many-inputs",
        _dim,
        3 * n + 2,
        by=Rewrite(),
        using=("directions", "coordinates"),
        why="The dimension for $n \\ge 4$ inputs, where there are five coordinates or more. No "
        "point gives more, since the rescaling is there at every point.",
    )
    d.step(
        "room",
        _ambient - _dim,
        (n * (n - 3) - 2) / 2,
        by=Rewrite(how=expand_func),
        using=("ambient", "directions", "coordinates"),
        why="The directions that are missing: negative up to $n = 3$, where the neuron's own count "
        "exceeds what there is, and positive from $n = 4$ on.",
    )
    d.step(
        "few-inputs",
        _ranks(n),
        binomial(n + 2, 2),
        by=Enumerate({n: (1, 2, 3)}, functions={_ranks: _rank}),
        why="The rank of the Jacobian at one point, in rational arithmetic: with up to three "
        "inputs, a neuron reaches all dimensions there are.",
    )
    d.step(
        "ranks",
        _ranks(n),
        3 * n + 2,
        by=Enumerate({n: (4, 5, 6)}, functions={_ranks: _rank}),
        why="The same for more inputs, as a check of the general argument.",
    )


def _three_inputs(d: Derivation) -> None:
    mixed = {"12": (0, 1), "13": (0, 2), "23": (1, 2)}
    ratio = {pair: _A[pair] / (_beta[a] * _beta[b]) for pair, (a, b) in mixed.items()}
    signs = ((1, 1, -1), (1, -1, 1), (-1, 1, 1))
    d.assume(
        "choice",
        _w,
        tuple(
            _beta[place] * sum(sign * ratio[pair] for sign, pair in zip(row, mixed, strict=True))
            for place, row in enumerate(signs)
        ),
        why="Three inputs: take $b_r = 1$, $b_g = 0$, $w_g = \\beta$, and this $w_r$.",
    )
    d.step(
        "three-inputs",
        tuple((_w[a] * _beta[b] + _w[b] * _beta[a]) / 2 for a, b in mixed.values()),
        tuple(_A.values()),
        by=Rewrite(),
        using=("choice",),
        why="The mixed coefficients come out as wished, for any real numbers; the diagonal and the "
        "constant are set by $w_b$ and $c$.",
    )


def _rank(inputs):
    """Of one neuron: the bias is one input more."""
    return exact_rank(inputs + 1, 1, True)


_off_diagonal(NEURON_DIMENSION)
_counting(NEURON_DIMENSION)
_three_inputs(NEURON_DIMENSION)
