"""Derivations that are checked, and formulas compiled from them.

A `Derivation` is a list of named steps; each step names the rule that leads to it, and one
decider judges every step. `audit` changes each step and asks whether the check notices.
`to_jax` compiles a formula; `latex` prints it.

Importing this package loads neither SymPy nor JAX: the names load when first used.

>>> from theorylab.symbolic import Interval
>>> Interval(0, 1)
Interval(0, 1)
"""

import importlib

_HOME = {
    "derivation": ("Derivation", "claim", "derivations"),
    "items": ("DerivationError", "Item", "Residual", "Status", "Verdict"),
    "domain": ("Domain", "Integers", "Interval"),
    "rules": (
        "Bound",
        "Cases",
        "Enumerate",
        "Induction",
        "Instance",
        "Inverse",
        "Limit",
        "Primitive",
        "Rewrite",
        "Rule",
        "Sampled",
        "Series",
        "SolvesODE",
        "Stationary",
        "Telescoping",
    ),
    "auditing": ("AuditReport", "Mutant", "audit"),
    "products": ("expand_products",),
    "printing": ("latex",),
    "lowering": ("UnsupportedFunction", "compiled", "to_jax"),
}
_MODULE = {name: module for module, names in _HOME.items() for name in names}
__all__ = sorted(_MODULE)


def __getattr__(name: str):
    if name not in _MODULE:
        raise AttributeError(f"theorylab.symbolic has no {name!r}; it has {', '.join(__all__)}")

    value = getattr(importlib.import_module(f"{__name__}.{_MODULE[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
