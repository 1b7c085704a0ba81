"""Words that several rows use."""

PAPER = "kleinman2024critical"
SCRIPT = "Compared with the value that the official script gives when re-implemented"
UNSEEN = "The paper's own numbers were not visible to us"
