"""Arrays that say they lie on a GPU: DLPack capsules made by hand, whose deleters are counted.

Their memory is NumPy's. Whoever takes them for a GPU's and reads them in a test finds what is
there; no GPU is needed to see which are refused, and that every tensor is let go.
"""

import ctypes
from typing import Any, ClassVar

from numpy.typing import NDArray

CPU, CUDA, ROCM, CUDA_MANAGED = 1, 2, 10, 13
CODES = {"i": 0, "u": 1, "f": 2}


class Device(ctypes.Structure):
    _fields_: ClassVar[Any] = [("kind", ctypes.c_int32), ("index", ctypes.c_int32)]


class DataType(ctypes.Structure):
    _fields_: ClassVar[Any] = [
        ("code", ctypes.c_uint8),
        ("bits", ctypes.c_uint8),
        ("lanes", ctypes.c_uint16),
    ]


class Tensor(ctypes.Structure):
    _fields_: ClassVar[Any] = [
        ("data", ctypes.c_void_p),
        ("device", Device),
        ("ndim", ctypes.c_int32),
        ("dtype", DataType),
        ("shape", ctypes.POINTER(ctypes.c_int64)),
        ("strides", ctypes.POINTER(ctypes.c_int64)),
        ("byte_offset", ctypes.c_uint64),
    ]


DELETER = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


class Managed(ctypes.Structure):
    name = b"dltensor"
    _fields_: ClassVar[Any] = [
        ("tensor", Tensor),
        ("context", ctypes.c_void_p),
        ("deleter", DELETER),
    ]


class ManagedVersioned(ctypes.Structure):
    name = b"dltensor_versioned"
    _fields_: ClassVar[Any] = [
        ("major", ctypes.c_uint32),
        ("minor", ctypes.c_uint32),
        ("context", ctypes.c_void_p),
        ("deleter", DELETER),
        ("flags", ctypes.c_uint64),
        ("tensor", Tensor),
    ]


CAPSULE_DESTRUCTOR = ctypes.CFUNCTYPE(None, ctypes.c_void_p)
_api = ctypes.pythonapi
_api.PyCapsule_New.restype = ctypes.py_object
_api.PyCapsule_New.argtypes = [ctypes.c_void_p, ctypes.c_char_p, CAPSULE_DESTRUCTOR]
_api.PyCapsule_IsValid.argtypes = [ctypes.py_object, ctypes.c_char_p]


def is_used(capsule: Any) -> bool:
    """Whether someone took the tensor over and said so by the capsule's name."""
    names = (b"used_dltensor", b"used_dltensor_versioned")
    return any(_api.PyCapsule_IsValid(capsule, name) for name in names)


class GpuArray:
    """An array of a library of its own.

    array      the values
    device     its answer to __dlpack_device__()
    versioned  whether it knows max_version, and gives capsules of DLPack 1
    major      the version that they claim then
    """

    def __init__(
        self,
        array: NDArray[Any],
        *,
        device: tuple[int, int] = (CUDA, 0),
        versioned: bool = True,
        major: int = 1,
    ) -> None:
        self.array = array
        self.device = device
        self.versioned = versioned
        self.major = major
        self.requests: list[dict[str, Any]] = []
        self.deleted = 0  # calls of deleters
        self.capsules: list[Any] = []
        self._alive: list[Any] = []

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape

    @property
    def ndim(self) -> int:
        return self.array.ndim

    def __iter__(self) -> Any:
        return iter(self.array)

    def __dlpack_device__(self) -> tuple[int, int]:
        return self.device

    def __dlpack__(self, **options: Any) -> Any:
        if not self.versioned and "max_version" in options:
            raise TypeError("__dlpack__() got an unexpected keyword argument 'max_version'")
        self.requests.append(options)
        array = self.array
        sides = ctypes.c_int64 * array.ndim
        shape = sides(*array.shape)
        strides = sides(*(stride // array.itemsize for stride in array.strides))
        tensor = Tensor(
            data=array.ctypes.data,
            device=Device(*self.device),
            ndim=array.ndim,
            dtype=DataType(CODES[array.dtype.kind], 8 * array.itemsize, 1),
            shape=shape,
            strides=strides,
        )

        def delete(_: Any) -> None:
            self.deleted += 1

        deleter = DELETER(delete)
        managed: Any
        if self.versioned:
            managed = ManagedVersioned(major=self.major, deleter=deleter, tensor=tensor)
        else:
            managed = Managed(deleter=deleter, tensor=tensor)
        self._alive += [shape, strides, deleter, managed]
        capsule = _api.PyCapsule_New(ctypes.addressof(managed), managed.name, CAPSULE_DESTRUCTOR())
        self.capsules.append(capsule)
        return capsule
