"""The rules by which a step is established."""

from theorylab.symbolic.rules.base import MissingPremise as MissingPremise
from theorylab.symbolic.rules.base import Rule as Rule
from theorylab.symbolic.rules.bounds import Bound as Bound
from theorylab.symbolic.rules.calculus import Inverse as Inverse
from theorylab.symbolic.rules.calculus import Limit as Limit
from theorylab.symbolic.rules.calculus import Primitive as Primitive
from theorylab.symbolic.rules.calculus import Series as Series
from theorylab.symbolic.rules.calculus import SolvesODE as SolvesODE
from theorylab.symbolic.rules.calculus import Stationary as Stationary
from theorylab.symbolic.rules.finite import Cases as Cases
from theorylab.symbolic.rules.finite import Enumerate as Enumerate
from theorylab.symbolic.rules.rewrite import Instance as Instance
from theorylab.symbolic.rules.rewrite import Rewrite as Rewrite
from theorylab.symbolic.rules.rewrite import Sampled as Sampled
from theorylab.symbolic.rules.sums import Induction as Induction
from theorylab.symbolic.rules.sums import Telescoping as Telescoping
