"""Wires: what can be shown on an interface, and what can come back."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp

from theorylab.lab.require import whole
from theorylab.systems.errors import InterfaceError


def shapes(tree: Any) -> Any:
    """Shapes and dtypes of a pytree of arrays or of shapes, and nothing else.

    >>> shapes((jnp.zeros(2, jnp.int8), ()))
    (ShapeDtypeStruct(shape=(2,), dtype=int8), ())
    """

    def shape(leaf: Any) -> jax.ShapeDtypeStruct:
        leaf = leaf if hasattr(leaf, "shape") else jnp.asarray(leaf)
        return jax.ShapeDtypeStruct(leaf.shape, leaf.dtype)

    return jax.tree.map(shape, tree)


@dataclass(frozen=True)
class Wire:
    r"""A monomial interface $A y^B$: positions in $A$ are shown, directions in $B$ come back.

    Two wires are equal if their pytrees, shapes and dtypes are.

    Args:
        pos: a pytree of arrays or of `jax.ShapeDtypeStruct`: the shape of a position.
        dir: likewise the shape of a direction; `()` for "nothing comes back".

    Raises:
        InterfaceError: a leaf is no array and has no shape.

    >>> print(Wire(jnp.zeros((2, 3)), ()))
    R^(2x3)
    """

    pos: Any
    dir: Any

    def __post_init__(self):
        for name in ("pos", "dir"):
            given = getattr(self, name)
            if not all(hasattr(leaf, "shape") for leaf in jax.tree.leaves(given)):
                raise InterfaceError(
                    f"{name} of a wire is {given!r}; allowed: a pytree of arrays or of shapes"
                )
            object.__setattr__(self, name, shapes(given))

    def __str__(self) -> str:
        above = _text(self.dir)
        return _text(self.pos) if above == "1" else f"{_text(self.pos)}·y^{above}"


def R(*shape: int, dtype: Any = None) -> Wire:
    r"""The wire $\mathbb{R}^n y^{\mathbb{R}^n}$ of a layer: an array, and a gradient of its shape.

    Args:
        shape: the shape of both; `R()` is a single number.
        dtype: by default JAX's default float *at the time of the call*.

    >>> print(R(64))
    R^64·y^R^64
    """
    return Wire(_array(shape, dtype), _array(shape, dtype))


def source(*shape: int, dtype: Any = None) -> Wire:
    """A wire on which an array is shown and nothing comes back.

    >>> print(source(3))
    R^3
    """
    return Wire(_array(shape, dtype), ())


def sink(*shape: int, dtype: Any = None) -> Wire:
    """A wire on which nothing is shown and an array comes back.

    >>> print(sink(3))
    1·y^R^3
    """
    return Wire((), _array(shape, dtype))


def interface(wires: Sequence[Wire]) -> str:
    """An interface, that is a tuple of wires, in print.

    >>> print(interface((R(2), source())))
    R^2·y^R^2 ⊗ R
    >>> print(interface(()))
    y
    """
    return " ⊗ ".join(map(str, wires)) or "y"


def checked_wires(name: str, given: Any) -> tuple[Wire, ...]:
    """The argument `name` as an interface.

    Raises:
        InterfaceError: it is not a tuple of wires.
    """
    if not isinstance(given, tuple) or not all(isinstance(wire, Wire) for wire in given):
        raise InterfaceError(f"{name} is {given!r}; allowed: a tuple of wires")
    return given


def expect(what: str, given: Any, wanted: Any) -> None:
    """Compare shapes and dtypes.

    Raises:
        InterfaceError: they differ; the message shows both.
    """
    given, wanted = shapes(given), shapes(wanted)
    if jax.tree.structure(given) != jax.tree.structure(wanted) or given != wanted:
        said = _text(given), _text(wanted)
        if said[0] == said[1]:
            said = tuple(
                f"{str(jax.tree.structure(tree))[10:-1]} (* is an array)"
                for tree in (given, wanted)
            )
        raise InterfaceError(f"{what}: given {said[0]}, wanted {said[1]}")


def _array(shape: tuple[int, ...], dtype: Any) -> jax.ShapeDtypeStruct:
    shape = tuple(whole("an entry of shape", size, low=0) for size in shape)
    return jax.ShapeDtypeStruct(shape, jnp.result_type(float) if dtype is None else dtype)


def _text(tree: Any) -> str:
    leaves = jax.tree.leaves(tree)
    if len(leaves) > 1:
        return f"({' × '.join(map(_text, leaves))})"
    if not leaves:
        return "1"
    leaf = leaves[0]
    letter = "R" if jnp.issubdtype(leaf.dtype, jnp.floating) else str(leaf.dtype)
    if leaf.dtype != jnp.result_type(float) and letter == "R":
        letter = f"R[{leaf.dtype}]"
    if not leaf.shape:
        return letter
    size = "x".join(map(str, leaf.shape))
    return f"{letter}^{size}" if len(leaf.shape) == 1 else f"{letter}^({size})"
