"""Who may import whom, and what importing costs."""

import subprocess
import sys
from pathlib import Path

import pytest

from theorylab.discover import topics


def contracts(topics: tuple[str, ...]) -> str:
    """The layers of ARCHITECTURE as an import-linter configuration."""
    independent = " | ".join(f"theorylab.{topic}" for topic in topics)
    return f"""[importlinter]
root_package = theorylab
include_external_packages = True

[importlinter:contract:floors]
name = floors: the command line above the topics, the topics above symbolic and lab
type = layers
layers =
  theorylab.cli
  {independent}
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
"""


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
