"""Real data that come with a package: no download."""

import numpy as np
from jaxtyping import Float, Int


def handwritten_digits(
    seed: int = 0,
) -> tuple[Float[np.ndarray, "1797 64"], Int[np.ndarray, " 1797"]]:
    """Images of 8 x 8 pixels with values from 0 to 16, and their digits, shuffled once.

    Raises:
        ImportError: scikit-learn, which ships them, is not installed (extra `book`).
    """
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise ImportError(
            "the digits come with scikit-learn, which is not installed: "
            "pip install 'theorylab[book]'"
        ) from error
    pixels, labels = load_digits(return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(labels))
    return pixels[order], labels[order]
