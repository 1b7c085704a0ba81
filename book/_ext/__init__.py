"""The book's own Sphinx extensions: one idea each."""
