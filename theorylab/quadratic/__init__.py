"""Expressivity and trainability of quadratic neurons."""
