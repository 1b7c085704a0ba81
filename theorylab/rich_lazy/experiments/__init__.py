"""The experiments of the chapter: what is simulated, with which parameters, in which units."""
