"""The chapter's ledger: what four papers print and say, and what comes out here.

Rows whose numbers come from the official plotting scripts say so: these lists are what the
figures draw. Rows of "theorylab" compare this chapter's simulations with its own exact laws.
"""

from theorylab.lab import Row
from theorylab.sdr.ledger import claims, figures, memory, tables

LEDGER: tuple[Row, ...] = (*figures.ROWS, *claims.ROWS, *tables.ROWS, *memory.ROWS)
