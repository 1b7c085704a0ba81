"""Deep networks as nested dynamical systems."""
