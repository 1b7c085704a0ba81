"""The chapter's derivations."""

from theorylab.systems.derivations.backprop import BACKPROP
from theorylab.systems.derivations.counting import COUNTING
from theorylab.systems.derivations.hebb import HEBB
from theorylab.systems.derivations.learners import LEARNERS
from theorylab.systems.derivations.limits import LIMITS
from theorylab.systems.derivations.markets import MARKETS
from theorylab.systems.derivations.oscillators import OSCILLATORS

DERIVATIONS = (COUNTING, LEARNERS, BACKPROP, LIMITS, MARKETS, HEBB, OSCILLATORS)
