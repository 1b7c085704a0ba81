"""Recurrent networks: the kernel by outer products, and training beside a plain PyTorch loop."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import torch

import theorylab.rich_lazy as rl

N, STEPS, BATCH, SEEDS = 64, 200, 32, 8


def _networks(dtype):
    keys = jax.random.split(jax.random.key(0), SEEDS)
    w_h = jax.vmap(lambda key: rl.low_rank(8)(key, (N, N), dtype))(keys)
    return jax.vmap(lambda key, w: rl.init_rnn(key, w, 3, 3))(keys, w_h)


def recurrent_kernel():
    """768 outputs of one network: our sum over pairs of steps, and a Jacobian by JAX."""
    params = jax.tree.map(lambda w: w[0], _networks(jnp.float64))
    x = rl.TWO_AF.sample(jax.random.key(1), BATCH).x
    compiled = jax.jit(rl.rnn_recurrent_ntk)

    @jax.jit
    def jacobian(params):
        def outputs(w_h):
            return rl.rnn_apply(params._replace(w_h=w_h), x)[0].ravel()

        rows = jax.jacrev(outputs)(params.w_h).reshape(-1, N * N)
        return rows @ rows.T

    jacobian(params).block_until_ready()  # the peer is timed compiled, too

    def ours():
        return compiled(params, x).block_until_ready()

    def peer():
        return jacobian(params).block_until_ready()

    def gap():
        return float(jnp.abs(ours() - peer()).max() / jnp.abs(peer()).max())

    return f"recurrent tangent kernel, N={N}, {BATCH} trials (compiled jacrev)", ours, peer, gap


def rnn_training():
    """The same weights and trials: one vmapped scan, and a loop over networks in PyTorch."""
    params, keys = _networks(jnp.float64), jax.random.split(jax.random.key(2), SEEDS)
    sgd = optax.sgd(0.003, momentum=0.9)

    @jax.jit
    def train(params):
        def one(key, params):
            return rl.train_rnn(key, params, rl.TWO_AF, STEPS, optimiser=sgd, batch=BATCH)

        return jax.vmap(one)(keys, params).params.w_h[:, -1]

    def trials(key):
        at = jax.vmap(lambda i: rl.TWO_AF.sample(jax.random.fold_in(key, i), BATCH))
        return at(jnp.arange(STEPS, dtype=jnp.uint32))

    drawn = jax.jit(jax.vmap(trials))(keys)  # the peer draws nothing
    results = {}

    def ours():
        return train(params).block_until_ready()

    def peer():
        results["peer"] = np.stack(
            [
                _torch_loop(*(np.array(w[i]) for w in params), *(np.array(a[i]) for a in drawn[:2]))
                for i in range(SEEDS)
            ]
        )

    def gap():
        return float(np.abs(np.asarray(ours()) - results["peer"]).max())

    name = f"{SEEDS} recurrent networks, N={N}, {STEPS} updates (plain PyTorch loop)"
    return name, ours, peer, gap


def _torch_loop(w_x, w_h, w_o, x, y):
    """What one writes without thinking: modules' functions, autograd, torch.optim.SGD."""
    w_x, w_h, w_o = (torch.tensor(w, requires_grad=True) for w in (w_x, w_h, w_o))
    x, y = torch.tensor(x), torch.tensor(y, dtype=torch.int64)
    optimiser = torch.optim.SGD([w_x, w_h, w_o], lr=0.003, momentum=0.9)
    for now, wanted in zip(x, y, strict=True):
        h, logits = torch.zeros(now.shape[1], w_h.shape[0], dtype=x.dtype), []
        for step in now:
            h = torch.relu(step @ w_x.T + h @ w_h.T)
            logits.append(h @ w_o.T)
        loss = torch.nn.functional.cross_entropy(
            torch.stack(logits).reshape(-1, w_o.shape[0]), wanted.reshape(-1)
        )
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    return w_h.detach().numpy()
