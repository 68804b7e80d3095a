"""The version of the installed package."""

from importlib.metadata import PackageNotFoundError, version


def package_version() -> str:
    """As installed; run from a source tree, as compiled."""
    try:
        return version("instseg")
    except PackageNotFoundError:
        from instseg import _core

        return _core.__version__
