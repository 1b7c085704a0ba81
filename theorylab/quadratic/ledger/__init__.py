"""The chapter's ledger: what the abstract of fan2023expressivity claims, and what comes out here.

The text of the paper was not available to us: no row shows a number of it, and none is said to
be one of its theorems. Rows of "theorylab" are values that this chapter set itself to reach.
"""

from theorylab.lab import Row
from theorylab.quadratic.ledger import counting, training

LEDGER: tuple[Row, ...] = (*counting.ROWS, *training.ROWS)
