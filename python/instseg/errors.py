"""The exceptions that instseg raises; every one derives from `InstsegError`.

C++ errors arrive here under the same names (`cpp/include/instseg/errors.h`).
"""


class InstsegError(Exception):
    """Base of everything that instseg raises on purpose."""


class InvalidArgument(InstsegError, ValueError):
    """A value from the caller is of the wrong type, shape or range."""


class ImageError(InvalidArgument):
    """An image cannot be read, fetched or decoded, or is too large."""


class ModelError(InstsegError, RuntimeError):
    """A model folder is missing, damaged, not trusted or not supported."""


class DownloadError(ModelError):
    """An official model is not on this machine and could not be fetched."""


class EngineError(InstsegError, RuntimeError):
    """An engine is missing, refused a network, failed, or returned values that are no numbers."""


class MissingPackage(InstsegError, ImportError):
    """A package that is only installed with one of instseg's extras is needed."""
