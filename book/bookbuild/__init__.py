"""What happens before and beside Sphinx: filling the store, checking, executing, exporting."""
