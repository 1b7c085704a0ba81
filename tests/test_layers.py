"""Who may import whom, and what importing costs."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from pkgutil import iter_modules

import pytest

from theorylab.discover import topics

#: Topics that share their theory with others, whose public names they may use.
BUILDS_ON = {"rich_lazy": ("ntk", "deep_linear")}


def public_face(topic: str, others: tuple[str, ...]) -> str:
    """`topic` imports from the topics it builds on, not from their modules; from no other topic."""
    shared = [name for name in BUILDS_ON[topic] if name in others]
    closed = [f"theorylab.{name}" for name in others if name not in (topic, *shared)]
    for name in shared:
        package = find_spec(f"theorylab.{name}").submodule_search_locations
        closed += [f"theorylab.{name}.{module.name}" for module in iter_modules(package)]
    forbidden = "\n".join(f"  {module}" for module in closed)
    return f"""
[importlinter:contract:{topic}]
name = {topic} uses public names of {" and ".join(shared)} only
type = forbidden
source_modules = theorylab.{topic}
forbidden_modules =
{forbidden}
allow_indirect_imports = True
"""


def contracts(topics: tuple[str, ...]) -> str:
    """The layers of ARCHITECTURE as an import-linter configuration."""
    building = tuple(topic for topic in topics if topic in BUILDS_ON)
    floor = " | ".join(f"theorylab.{topic}" for topic in topics if topic not in building)
    upper = " | ".join(f"theorylab.{topic}" for topic in building)
    faces = "".join(public_face(topic, topics) for topic in building)
    return f"""[importlinter]
root_package = theorylab
include_external_packages = True

[importlinter:contract:floors]
name = floors: the command line above the topics, the topics above symbolic and lab
type = layers
layers =
  theorylab.cli
  {upper}
  {floor}
  theorylab.symbolic | theorylab.lab
  theorylab.citation
  theorylab.discover

[importlinter:contract:symbolic-jax]
name = in symbolic, only lowering touches JAX, and nothing draws
type = forbidden
source_modules = theorylab.symbolic
forbidden_modules =
  jax
  matplotlib
  xarray
ignore_imports =
  theorylab.symbolic.lowering -> jax

[importlinter:contract:lab-sympy]
name = lab knows no SymPy
type = forbidden
source_modules = theorylab.lab
forbidden_modules = sympy
{faces}"""


def lint(config: Path) -> subprocess.CompletedProcess:
    command = [
        str(Path(sys.executable).with_name("lint-imports")),
        "--config",
        str(config),
        "--no-cache",
    ]
    return subprocess.run(command, capture_output=True, text=True, cwd=config.parent)


def test_layers_hold(tmp_path):
    config = tmp_path / "layers.ini"
    config.write_text(contracts(topics()))
    result = lint(config)
    assert result.returncode == 0, result.stdout + result.stderr


def loaded_by(statement: str, modules: tuple[str, ...]) -> set[str]:
    code = f"{statement}\nimport sys\nprint(*[m for m in {modules!r} if m in sys.modules])"
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=True
    )
    return set(run.stdout.split())


def test_importing_the_package_costs_next_to_nothing():
    heavy = ("jax", "numpy", "sympy", "matplotlib", "xarray", "flax", "scipy")
    assert loaded_by("import theorylab", heavy) == set()
    assert "jax" in loaded_by("import jax", heavy)


@pytest.mark.parametrize("topic", topics())
def test_numerics_load_neither_sympy_nor_matplotlib(topic):
    heavy = ("sympy", "matplotlib", "xarray")
    assert loaded_by(f"from theorylab.{topic} import *", heavy) == set()


def test_importing_changes_no_jax_configuration():
    everything = "; ".join(f"from theorylab.{t} import *" for t in (*topics(), "lab", "symbolic"))
    code = f"""
import jax
before = dict(jax.config.values)
{everything}
after = dict(jax.config.values)
assert before == after, {{k: v for k, v in after.items() if before.get(k) != v}}
"""
    subprocess.run([sys.executable, "-c", code], check=True)
