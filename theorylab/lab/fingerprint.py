"""What code a result rests on: the modules that an experiment reaches, read without running.

The fingerprint of a module is a digest of its syntax tree without docstrings, and of every
module of theorylab (or of the experiment's own package) that it reaches by imports, directly
or not. Comments, formatting and docstrings do not count; anything else does. A string
`topic/derivation/item` names a compiled claim, so it reaches the derivations of that topic.
"""

import ast
import hashlib
import importlib.util
import re
import sys
from functools import cache
from pathlib import Path
from typing import NamedTuple

from theorylab.discover import topics
from theorylab.lab import LOADED

_CLAIM = re.compile(r"(\w+)/[\w-]+/[\w-]+")
_LIBRARIES = ("jax", "jaxlib", "numpy", "scipy", "optax", "flax", "sympy")

#: The lab's own code that decides what a result is.
CORE = ("theorylab.lab.plan", "theorylab.lab.batch", "theorylab.lab.experiment")

#: Code that carries results and does not make them: it is in no fingerprint.
CARRIERS = {
    "theorylab.lab",
    "theorylab.lab.fingerprint",
    "theorylab.lab.progress",
    "theorylab.lab.store",
}


@cache
def fingerprint(module: str) -> str:
    """Digest of the code that `module` reaches; memoised for the life of the process.

    >>> fingerprint("theorylab.lab.require") == fingerprint("theorylab.lab.require")
    True
    """
    found, bindings = _closure((module, *CORE))
    lines = [
        f"{name} {_read(path).digest}"
        for name, path in sorted(found.items())
        if name not in CARRIERS
    ]
    return hashlib.sha256("\n".join([*lines, *sorted(bindings)]).encode()).hexdigest()[:16]


@cache
def traceable(module: str) -> bool:
    """Whether the module's code is a file, and the files it reaches are still those loaded.

    Code typed at a prompt, or changed on disk since this process began, has no fingerprint
    that can be trusted, so its results are not stored.
    """
    if _path(module) is None:
        return False
    return all(path.stat().st_mtime <= LOADED for path in reached(module, *CORE).values())


@cache
def libraries(module: str) -> dict[str, str]:
    """Versions of the numerical libraries that the reached code imports, with JAX and NumPy.

    >>> sorted(libraries("theorylab.lab.require"))
    ['jax', 'jaxlib', 'numpy']
    """
    from importlib.metadata import version

    used = {"jax", "jaxlib", "numpy"}
    for path in reached(module, *CORE).values():
        used |= {target.partition(".")[0] for target, _ in _read(path).imports}
    return {name: version(name) for name in _LIBRARIES if name in used}


def reached(*modules: str) -> dict[str, Path]:
    """The modules reached from some by imports, with their files.

    >>> sorted(reached("theorylab.lab.batch"))[:2]
    ['theorylab.lab.batch', 'theorylab.lab.experiment']
    """
    return _closure(modules)[0]


@cache
def _closure(modules: tuple[str, ...]) -> tuple[dict[str, Path], set[str]]:
    # The files, and what each name that a package hands on stands for.
    roots = {"theorylab", *(name.partition(".")[0] for name in modules)}
    beside = {path.parent for name in modules if "." not in name and (path := _path(name))}
    found: dict[str, Path] = {}
    bindings: set[str] = set()
    waiting = list(modules)
    while waiting:
        name = waiting.pop()
        path = _path(name)
        if name in found or path is None:
            continue
        found[name] = path
        package = name if path.name == "__init__.py" else name.rpartition(".")[0]
        code = _read(path)
        for target, attribute in code.imports:
            absolute = _absolute(target, package)
            if absolute.partition(".")[0] in roots or _beside(absolute, beside):
                waiting += _home(absolute, attribute, bindings)
        for topic in code.claims & set(topics()):
            waiting += _home(f"theorylab.{topic}.derivations", None, bindings)
    return found, bindings


def _home(module: str, attribute: str | None, bindings: set[str]) -> list[str]:
    # Where `from module import attribute` finds it; a whole package if that is not plain.
    path = _path(module)
    if path is None or path.name != "__init__.py":
        return [module]
    if attribute is None:  # `import a.b` gives all of a.b
        return [module, *_inside(module)]
    if _path(f"{module}.{attribute}") is not None:
        return _home(f"{module}.{attribute}", None, bindings)
    code = _read(path)
    if attribute in code.handed_on:
        target, original = code.handed_on[attribute]
        target = _absolute(target, module)
        bindings.add(f"{module}.{attribute} is {target}.{original}")
        return _home(target, original, bindings)
    if attribute in code.defined:
        return [module]
    listed = f"{module}.{code.listed.get(attribute)}"
    if attribute in code.listed and _path(listed) is not None:
        return [listed]
    return [module, *_inside(module)]


def _inside(package: str) -> list[str]:
    folder = _path(package).parent
    parts = (path.relative_to(folder).with_suffix("").parts for path in folder.rglob("*.py"))
    names = {".".join([package, *part]).removesuffix(".__init__") for part in parts}
    return sorted(names - {package})


def _beside(module: str, folders: set[Path]) -> bool:
    # A script's or a lone module's own helpers lie beside it.
    path = _path(module.partition(".")[0]) if folders else None
    return path is not None and bool({path.parent, path.parent.parent} & folders)


def _absolute(target: str, package: str) -> str:
    return importlib.util.resolve_name(target, package) if target.startswith(".") else target


@cache
def _path(module: str) -> Path | None:
    # The file of a module. Nothing is imported: a submodule is looked for in its folder.
    top, *rest = module.split(".")
    if module in sys.modules or not rest:
        loaded = sys.modules.get(module)
        if loaded is not None:
            place = getattr(loaded, "__file__", None)
        else:
            try:
                spec = importlib.util.find_spec(top)
            except (ImportError, ValueError):
                spec = None
            place = spec.origin if spec and spec.has_location else None
        return Path(place) if place and place.endswith(".py") and Path(place).is_file() else None
    parent = _path(module.rpartition(".")[0])
    if parent is None or parent.name != "__init__.py":
        return None
    for path in (parent.parent / rest[-1] / "__init__.py", parent.parent / f"{rest[-1]}.py"):
        if path.is_file():
            return path
    return None


class _Code(NamedTuple):
    """What a file says, read once."""

    digest: str
    imports: tuple[tuple[str, str | None], ...]
    claims: frozenset[str]
    handed_on: dict[str, tuple[str, str]]
    defined: frozenset[str]
    listed: dict[str, str]


@cache
def _read(path: Path) -> _Code:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    imports: dict[tuple[str, str | None], None] = {}
    claims, handed_on, listed = set(), {}, {}
    lazy = path.name == "__init__.py"
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                node.body = node.body[1:] or [ast.Pass()]
        elif isinstance(node, ast.Import):
            imports |= {(alias.name, None): None for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            target = "." * node.level + (node.module or "")
            imports |= {(target, alias.name): None for alias in node.names}
            handed_on |= {alias.asname or alias.name: (target, alias.name) for alias in node.names}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            match = _CLAIM.fullmatch(node.value)
            claims |= {match[1]} if match else set()
        elif lazy and isinstance(node, ast.Dict):
            listed |= _table(node)
    defined = set()
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            defined.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            defined |= {target.id for target in targets if isinstance(target, ast.Name)}
    digest = hashlib.sha256(ast.dump(tree).encode()).hexdigest()
    return _Code(digest, tuple(imports), frozenset(claims), handed_on, frozenset(defined), listed)


def _table(node: ast.Dict) -> dict[str, str]:
    # Lazy packages keep a literal table: {"module": names} (joined, or a tuple), or
    # {"name": "module"}; both readings are offered, and only one finds a file.
    try:
        table = ast.literal_eval(node)
    except (ValueError, TypeError):
        return {}
    found = {}
    for key, value in table.items():
        if isinstance(key, str) and isinstance(value, str):
            found |= {key: value, **dict.fromkeys(value.split(), key)}
        elif isinstance(key, str) and isinstance(value, tuple | list):
            found |= {name: key for name in value if isinstance(name, str)}
    return found
