"""Infinitely wide and deep networks as classifiers."""
