"""Words that several rows use."""

PAPER = "radhakrishnan2023wide"
UNSEEN = "The paper's own numbers were not visible to us"
OURS = "Settings of the official code; the sample is ours"
