"""Shapes that do not fit are refused by name, also where annotations are not enforced."""

import subprocess
import sys


def test_messages_without_type_checking():
    code = """
import jax.numpy as jnp
from theorylab import rich_lazy as rl

one, ts = jnp.ones((2, 2)), jnp.ones(1)
calls = {
    "gram": lambda: rl.expected_alignment(jnp.ones((2, 3)), 1.0),
    "beta": lambda: rl.task_alignment(one, 1.0, jnp.ones(3)),
    "task_covariance": lambda: rl.expected_alignment(one, 1.0, jnp.eye(3) / 3),
    "w2": lambda: rl.linear_weight_flow(one, jnp.ones((1, 3)), jnp.ones((1, 2)), ts),
    "s": lambda: rl.linear_weight_flow(one, jnp.ones((1, 2)), jnp.ones((2, 2)), ts),
    "sigma_x": lambda: rl.linear_weight_flow(one, one, one, ts, jnp.eye(3)),
    "g0": lambda: rl.closed_kernel_flow(one, jnp.ones(3), jnp.ones(2), ts),
    "k0": lambda: rl.closed_kernel_flow(jnp.eye(3), jnp.ones(2), jnp.ones(2), ts),
    "x": lambda: rl.linear_ntk(rl.linear_kernel(one, one), jnp.ones((4, 3))),
    "y": lambda: rl.diagonal_net_limit(one, jnp.ones(3), 1.0),
}
for name, call in calls.items():
    try:
        call()
    except ValueError as error:
        assert str(error).startswith(f"{name} has shape"), (name, error)
    else:
        raise AssertionError(name)
"""
    subprocess.run([sys.executable, "-c", code], check=True)
