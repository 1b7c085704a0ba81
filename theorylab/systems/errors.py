"""The one error of this package."""


class InterfaceError(ValueError):
    """Two interfaces do not fit, or a map does not fit its interface; the message shows both."""
