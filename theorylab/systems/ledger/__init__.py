"""The chapter's ledger: mathematical claims, each decided by a checked claim, a list, or a run.

The source of the chapter, spivak2021deeply, and the papers around it contain no numerical
result: the column of published values is empty. Of all of them but niu2023polynomial only the
abstracts were available to us; where a definition had to be supplied, the row says so.
"""

from theorylab.lab import Row
from theorylab.systems.ledger import interfaces, learners, wirings

LEDGER: tuple[Row, ...] = (*wirings.ROWS, *learners.ROWS, *interfaces.ROWS)
