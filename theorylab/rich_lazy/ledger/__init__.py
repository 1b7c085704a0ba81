"""The chapter's ledger: what liu2024connectivity claims, and what comes out here.

The text of the paper was not available to us, and its results are drawn: no row shows a number of
it. What is taken for its claims is in the abstract, in one caption, in the public reviews and in
the official code. Rows of "theorylab" are values that this chapter set itself to reach.
"""

from theorylab.lab import Row
from theorylab.rich_lazy.ledger import linear, recurrent, structured

LEDGER: tuple[Row, ...] = (*linear.ROWS, *recurrent.ROWS, *structured.ROWS)
