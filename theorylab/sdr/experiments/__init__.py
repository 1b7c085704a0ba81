"""The experiments of the chapter: what is computed and simulated, with which parameters."""
