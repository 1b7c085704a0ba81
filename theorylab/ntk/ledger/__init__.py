"""The chapter's ledger: what radhakrishnan2023wide claims, and what comes out here.

Of the paper only the abstract and the official code could be read; no number of its figures was
visible. Rows about them therefore carry no published value and judge the claim itself. Rows of
"theorylab" are values that this chapter set itself to reach.
"""

from theorylab.lab import Row
from theorylab.ntk.ledger import abstract, acceptance, official

LEDGER: tuple[Row, ...] = (*abstract.ROWS, *official.ROWS, *acceptance.ROWS)
