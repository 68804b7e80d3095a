"""Packages that only some functions need, each installed by an extra of instseg."""

from importlib import import_module
from typing import Any

from instseg.errors import MissingPackage


def require(module: str, *, extra: str, purpose: str) -> Any:
    """The module; raises MissingPackage that names the extra.

    module   e.g. "pandas"
    extra    the extra of pyproject.toml that installs it
    purpose  what needs it, the subject of the message: "to_pandas()"
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise MissingPackage(
            f"{purpose} needs the package {module}, which cannot be imported ({error}). Install "
            f"it with: pip install 'instseg[{extra}]'"
        ) from error
