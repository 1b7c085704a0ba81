"""The chapter's ledger: what kleinman2024critical claims, and what comes out here.

No number of the paper's result figures could be seen. Rows about them therefore carry no
published value. Where a note says so, the judge compares with what the official script, read
and re-implemented, gives; otherwise it judges the claim itself. Rows of "theorylab" are values
that this chapter set itself to reach (A8 is the rows of the paper's figures).
"""

from theorylab.deep_linear.ledger import abstract, acceptance, completion, one_mode, tree
from theorylab.lab import Row

LEDGER: tuple[Row, ...] = (
    *abstract.ROWS,
    *one_mode.ROWS,
    *tree.ROWS,
    *completion.ROWS,
    *acceptance.ROWS,
)
