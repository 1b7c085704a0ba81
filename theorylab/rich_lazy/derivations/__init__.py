"""The chapter's derivations."""

DERIVATIONS = ()
