"""Rich and lazy learning: how the rank of initial connectivity sets the learning regime."""

__all__: list[str] = []
