"""The chapter's derivations."""

from theorylab.rich_lazy.derivations.alignment import ALIGNMENT
from theorylab.rich_lazy.derivations.balanced_flow import BALANCED_FLOW
from theorylab.rich_lazy.derivations.best_start import BEST_START
from theorylab.rich_lazy.derivations.diagonal import DIAGONAL
from theorylab.rich_lazy.derivations.kernel_flow import KERNEL_FLOW
from theorylab.rich_lazy.derivations.lazy_scale import LAZY_SCALE
from theorylab.rich_lazy.derivations.single_task import SINGLE_TASK
from theorylab.rich_lazy.derivations.small_start import SMALL_START
from theorylab.rich_lazy.derivations.spectra import SPECTRA

DERIVATIONS = (
    LAZY_SCALE,
    KERNEL_FLOW,
    SMALL_START,
    ALIGNMENT,
    SPECTRA,
    BEST_START,
    SINGLE_TASK,
    BALANCED_FLOW,
    DIAGONAL,
)
