"""Small changes to a claim: a sign, a coefficient, an exponent, an index, a dropped term."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sympy import Add, Derivative, Integral, MatrixBase, Product, Subs, Sum, Symbol
from sympy.core.function import AppliedUndef, Function

from theorylab.symbolic.domain import Domain
from theorylab.symbolic.items import Item

Path = tuple[int, ...]


@dataclass(frozen=True)
class Mutation:
    """A changed claim: on which side ("lhs" or "rhs"), what was done, and the claim itself."""

    side: str
    label: str
    item: Item


def mutations(item: Item, premises: Sequence[Item]) -> list[Mutation]:
    """Every small change to either side of a claim, each once."""
    siblings = _siblings(item, premises)
    found: dict[Any, Mutation] = {}
    labels: dict[str, int] = {}
    for side in ("lhs", "rhs"):
        original = getattr(item, side)
        for path, entry in _entries(original):
            for what, changed in _changes(entry, siblings):
                if changed == entry:
                    continue
                mutant = _put(original, path, changed)
                key = (side, mutant)
                if key in found:
                    continue
                label = f"{side}: {what}"
                labels[label] = labels.get(label, 0) + 1
                if labels[label] > 1:
                    label = f"{label} ({labels[label]})"
                found[key] = Mutation(side, label, replace(item, **{side: mutant}))
    return list(found.values())


def _changes(expr: Any, siblings: dict) -> Iterator[tuple[str, Any]]:
    """Changed copies of a scalar expression, each with words for what was done."""
    if expr == 0:
        yield "0 becomes 1", expr + 1
        return
    yield "sign", -expr
    yield "coefficient", 2 * expr
    for path, node in _walk(expr, ()):
        for what, changed in _node_changes(node, siblings):
            if path or what.startswith(("drop", "sign of", "coefficient of", "exponent", "index")):
                yield what, _rebuild(expr, path, changed)


def _node_changes(node: Any, siblings: dict) -> Iterator[tuple[str, Any]]:
    if node in siblings:
        for other in siblings[node]:
            yield f"index {node} -> {other}", other
        return
    if isinstance(node, MatrixBase):
        for n, entry in enumerate(node.flat()):
            place = f"entry {divmod(n, node.shape[1])}"
            if entry == 0:
                yield f"coefficient of {place}: 0 becomes 1", _put(node, (n,), entry + 1)
            else:
                yield f"sign of {place}", _put(node, (n,), -entry)
                yield f"coefficient of {place}", _put(node, (n,), 2 * entry)
    elif isinstance(node, Add) or getattr(node, "is_MatAdd", False):
        for n, term in enumerate(node.args):
            others = [arg for k, arg in enumerate(node.args) if k != n]
            yield f"drop {term}", node.func(*others)
            yield f"sign of {term}", node.func(*others, -term)
            yield f"coefficient of {term}", node.func(*others, 2 * term)
    elif node.is_Pow and node.base.is_commutative is not False and node.base != -1:
        yield f"exponent of {node}", node.base ** (node.exp + 1)
    elif isinstance(node, Sum | Product):
        index, low, high = node.limits[0]
        rest = node.limits[1:]
        yield f"index start {low}", node.func(node.function, (index, low + 1, high), *rest)
        if high.is_finite is not False:
            yield f"index end {high}", node.func(node.function, (index, low, high + 1), *rest)
    elif isinstance(node, Integral) and len(node.limits[0]) == 3:
        variable, low, high = node.limits[0]
        rest = node.limits[1:]
        if high.is_finite is not False:
            middle = (low + high) / 2
            yield f"index end {high}", node.func(node.function, (variable, low, middle), *rest)
    elif isinstance(node, Function) and not isinstance(node, AppliedUndef) and node.is_commutative:
        argument = node.args[0]
        if getattr(argument, "is_commutative", False) and not node.args[0].is_Boolean:
            yield f"coefficient in {node}", node.func(2 * argument, *node.args[1:])
    elif node.is_Rational and node not in (0, -1, 1):
        yield f"number {node}", node + 1


def _walk(node: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """Positions that may change: no arguments of p(t), no limits, no sizes of matrices."""
    yield path, node
    if isinstance(node, AppliedUndef | Symbol | Subs) or node.is_Atom or node.is_Boolean:
        return
    inside = node.flat() if isinstance(node, MatrixBase) else node.args
    if isinstance(node, Derivative | Sum | Product | Integral):
        inside = inside[:1]
    if getattr(node, "is_MatrixExpr", False) and not (node.is_MatAdd or node.is_MatMul):
        return
    for n, child in enumerate(inside):
        if not hasattr(child, "is_Boolean") or not hasattr(child, "is_Pow"):
            continue
        yield from _walk(child, (*path, n))


def _rebuild(expr: Any, path: Path, new: Any) -> Any:
    if not path:
        return new
    head, *tail = path
    if isinstance(expr, MatrixBase):
        return _put(expr, (head,), _rebuild(expr.flat()[head], tuple(tail), new))
    args = list(expr.args)
    args[head] = _rebuild(args[head], tuple(tail), new)
    return expr.func(*args)


def _entries(side: Any) -> Iterator[tuple[Path, Any]]:
    if isinstance(side, MatrixBase):
        for n, entry in enumerate(side):
            yield (n,), entry
    elif isinstance(side, tuple):
        for n, part in enumerate(side):
            for path, entry in _entries(part):
                yield (n, *path), entry
    else:
        yield (), side


def _put(side: Any, path: Path, new: Any) -> Any:
    if not path:
        return new
    if isinstance(side, MatrixBase):
        flat = list(side)
        flat[path[0]] = new
        return type(side)(*side.shape, flat)
    parts = list(side)
    parts[path[0]] = _put(parts[path[0]], path[1:], new)
    return tuple(parts)


def _siblings(item: Item, premises: Sequence[Item]) -> dict:
    """Symbols and functions with the same stem: p_A and p_B, K and K_0."""
    domain: Domain = item.domain
    present: set = set()
    for claim in (item, *premises):
        for _, left, right in claim.pairs():
            for expr in (left, right):
                present |= expr.atoms(AppliedUndef)
                present |= {s for s in expr.free_symbols if isinstance(s, Symbol)}
    stems: dict = {}
    for atom in present:
        known = atom in domain or atom.is_commutative is False
        if known and not atom.is_Dummy if isinstance(atom, Symbol) else known:
            name = atom.func.__name__ if isinstance(atom, AppliedUndef) else atom.name
            kind = (atom.args if isinstance(atom, AppliedUndef) else None, atom.is_commutative)
            stems.setdefault((name.split("_")[0], kind), []).append(atom)
    return {
        atom: [other for other in sorted(group, key=str) if other != atom][:2]
        for group in stems.values()
        if len(group) > 1
        for atom in group
    }
