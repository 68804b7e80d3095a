"""The predictor: one model, ready to segment images from any number of threads."""

from __future__ import annotations

import os
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from threading import Event
from typing import TYPE_CHECKING, Any

from instseg.decode_ahead import run_ahead
from instseg.dlpack_images import GpuPixels, gpu_pixels, has_dlpack, lies_on_gpu
from instseg.errors import ImageError, InstsegError, InvalidArgument
from instseg.image_arrays import DEFAULT_MAX_IMAGE_PIXELS, Pixels, check_color
from instseg.image_input import fetch_if_address, load_pixels
from instseg.masks import Masks
from instseg.network_loading import load_model
from instseg.pages.expansion import PageExpansion, page_kind
from instseg.pages.page import Page
from instseg.pages.page_sequence import PageTicket
from instseg.predict_options import check_count, check_threshold, resolve_classes
from instseg.result import Result
from instseg.sources import SourceItem, list_items, source_name
from instseg.tiling.grid import DEFAULT_OVERLAP, Tiling, check_tiling
from instseg.tiling.tiled_prediction import CoreResult, predict_tiled

if TYPE_CHECKING:
    from instseg.progress import Progress

# Memory for decoded images that wait in a stream: 40 of 1080p, beside what is in work.
READ_AHEAD_BYTES = 256 << 20
DECODE_THREADS = 2
CORE_STAGES = ("preprocess_ms", "network_ms", "postprocess_ms")


class Predictor:
    """Runs a model on images. All methods may be called from many threads at once.

    The interpreter lock is released while an image is decoded, prepared, segmented and its masks
    are drawn. A predictor belongs to the process that loaded it: it cannot be pickled, and after
    a fork the child loads its own (EngineError else).
    """

    def __init__(
        self,
        model: str | os.PathLike[str],
        *,
        device: str = "cpu",
        engine: str = "auto",
        precision: str = "fp32",
        num_threads: int | None = None,
        num_streams: int = 1,
        cache_dir: str | os.PathLike[str] | None = None,
        max_image_pixels: int = DEFAULT_MAX_IMAGE_PIXELS,
        progress: Progress | None = None,
    ) -> None:
        """Loads a model; an official folder is imported first, a name fetched if need be.

        model             an official folder of PaddleX, a network folder, or an official name
        device            "cpu"; "gpu", "gpu:1", ... where the engine has it
        engine            "auto", or a name from instseg.engines(). "paddle" is the reference: it
                          runs an official folder as it is (not a network folder), with PaddleX's
                          own steps; see docs/engines.md
        precision         "fp32", or what the engine has of "bf16", "tf32" and "fp16"; never chosen
                          silently
        num_threads       threads that compute, all in all; default: every core this process may use
        num_streams       predictions computed side by side; num_threads is divided among them.
                          1 answers each soonest, more get more done per second
        cache_dir         for fetched, imported and compiled models; default: $INSTSEG_CACHE_DIR,
                          else the user's cache folder
        max_image_pixels  images with more are refused
        progress          called with the stage and a fraction 0..1 while fetching and importing

        Raises ModelError, DownloadError, InvalidArgument or EngineError.
        """
        if not isinstance(model, str | os.PathLike):
            raise InvalidArgument(
                f"model={model!r} is of type {type(model).__name__}; expected a folder or a name."
            )
        for option, value in (("device", device), ("engine", engine), ("precision", precision)):
            if not isinstance(value, str):
                raise InvalidArgument(f"{option}={value!r}; expected a str.")
        threads = 0 if num_threads is None else check_count("num_threads", num_threads)
        streams = check_count("num_streams", num_streams)
        self._max_image_pixels = check_count("max_image_pixels", max_image_pixels, most=2**62)
        loaded = load_model(
            model,
            device=device,
            engine=engine,
            precision=precision,
            num_threads=threads,
            num_streams=streams,
            cache_dir=cache_dir,
            max_image_pixels=self._max_image_pixels,
            progress=progress,
        )
        self._core, self._folder = loaded.core, loaded.folder
        self._cache_dir = cache_dir
        self._info = self._core.info()
        self._class_names: list[str] = list(self._info["class_names"])
        self._model_name = str(self._info["model_name"])

    def __repr__(self) -> str:
        info = self._info
        return f"Predictor({self._model_name!r}, {info['engine']}, {info['precision']})"

    def __reduce__(self) -> str | tuple[Any, ...]:
        raise TypeError(
            "A Predictor cannot be pickled or copied: its network and threads belong to this "
            f"process. Load one in each process: Predictor({str(self._folder)!r})."
        )

    @property
    def class_names(self) -> list[str]:
        """The model's classes; a class id is an index into this list."""
        return list(self._class_names)

    def predict(
        self,
        image: Any,
        *,
        color: str = "bgr",
        threshold: float | None = None,
        max_detections: int | None = None,
        classes: Iterable[str | int] | str | None = None,
        clip_masks: bool = True,
        tile: int | tuple[int, int] | None = None,
        overlap: float = DEFAULT_OVERLAP,
    ) -> Result:
        """Segments one image.

        image           path, http(s) address, bytes of an image file, PIL image, or array: uint8 or
                        uint16 (its upper eight bits), [H, W], [H, W, 3] or [H, W, 4] (the fourth,
                        alpha, is ignored). Arrays are NumPy's, or of any library with DLPack
                        (PyTorch, CuPy, JAX, ...). Those in memory of the GPU that the predictor
                        computes on are taken there, uint8, where it is TensorRT with CUDA kernels
                        (docs/gpu.md); what fills them on this thread's stream is waited for
        color           order of an array's channels: "bgr" (as OpenCV) or "rgb"
        threshold       instances with a higher score are kept; default: the model's own
        max_detections  at most so many, best first
        classes         only these, by name or id
        clip_masks      drop mask pixels outside the box, as PaddleX does
        tile            segment a large image in tiles of this many pixels a side, or (height,
                        width); objects that their edges cut are put together again (how:
                        `instseg.tiling.merge`). Timings are sums over the tiles
        overlap         what neighbouring tiles share at least: a fraction of the tile, or pixels
                        if it is an int; best larger than small objects

        Raises InvalidArgument, ImageError or EngineError.
        """
        options = self._options(threshold, max_detections, classes, clip_masks, tile, overlap)
        check_color(color)
        return self._predict(self._take(image, color), options)

    def predict_batch(
        self,
        images: Iterable[Any],
        *,
        color: str = "bgr",
        threshold: float | None = None,
        max_detections: int | None = None,
        classes: Iterable[str | int] | str | None = None,
        clip_masks: bool = True,
        tile: int | tuple[int, int] | None = None,
        overlap: float = DEFAULT_OVERLAP,
    ) -> list[Result]:
        """Segments several images; they may differ in kind and size. One result each, in order.

        `num_streams` images are computed side by side, each by a run of the network of its own:
        on a processor, runs over several images take as long per image. Options and errors as for
        `predict`; if one image cannot be read, all fail (see `stream` for the other way).
        """
        options = self._options(threshold, max_detections, classes, clip_masks, tile, overlap)
        check_color(color)
        if isinstance(images, str | bytes | os.PathLike) or not isinstance(images, Iterable):
            raise InvalidArgument(
                f"predict_batch() takes a list of images, not {type(images).__name__}; for the "
                "images of a folder or pattern call stream()."
            )
        if has_dlpack(images) and getattr(images, "ndim", 0) < 4:
            raise InvalidArgument(
                f"predict_batch() takes a list of images; an array of shape {_shape(images)} "
                "is one image: give [array], or list(array) if it holds grey images."
            )
        loaded = []
        for position, image in enumerate(images):
            try:
                loaded.append(self._take(image, color, position))
            except InstsegError as error:
                raise type(error)(f"Image {position} of the batch: {error}") from error
        return self._predict_batch(loaded, options)

    def stream(
        self,
        source: Any,
        *,
        batch_size: int = 1,
        read_ahead: int | None = None,
        color: str = "bgr",
        threshold: float | None = None,
        max_detections: int | None = None,
        classes: Iterable[str | int] | str | None = None,
        clip_masks: bool = True,
        tile: int | tuple[int, int] | None = None,
        overlap: float = DEFAULT_OVERLAP,
    ) -> Generator[Result, None, None]:
        """Segments many images, one result each, in order.

        source      a path, an address, a folder (searched recursively, sorted), a pattern such as
                    "photos/**/*.jpg", an image in memory, or any iterable of these. A TIFF of
                    several pages gives a result for each page; so do a PDF (extra `pdf`; drawn at
                    144 dpi) and, frame by frame, a video file (extra `video`), unless they are
                    found by searching a folder
        batch_size  images that are handed to `predict_batch` together: give the predictor's
                    num_streams; more gains nothing
        read_ahead  images that are decoded in the background while the network works; default:
                    enough for the next batches. 1 gives each result before the next item is asked
                    for, as a live camera needs it

        An item that fails gives a result whose `error` says why; the others go on. An array must
        not be changed before its result has come. Memory is bounded however long the source is.
        Other options as for `predict`. Raises InvalidArgument at once for wrong options.
        """
        options = self._options(threshold, max_detections, classes, clip_masks, tile, overlap)
        check_color(color)
        batch = check_count("batch_size", batch_size)
        ahead = max(4, 2 * batch) if read_ahead is None else check_count("read_ahead", read_ahead)
        return self._stream(source, batch, ahead, color, options)

    def warm_up(self) -> None:
        """Runs one prediction on a blank image, so that the next is as fast as the rest."""
        self._core.warm_up()

    def info(self, *, details: bool = False) -> dict[str, Any]:
        """What is loaded and how, as plain data that the caller may change:

        model_name, family      str
        class_names             list of str; a class id is an index into it
        threshold               the model's own score threshold
        engine                  name and version of the engine in use
        device, precision       as given
        num_threads             as given, or the number of cores; divided among num_streams
        num_streams             predictions computed side by side
        networks                a dict for each network: role, file, inputs and outputs, lists of
                                dicts with name, meaning and shape (-1 = any size; None: only a run
                                tells), and layer_types: how many layers compute in which type, in
                                what the engine has compiled by now; empty where it does not say
        network_folder          path of the folder that was loaded, for C++ programs too; with the
                                engine "paddle" the official folder
        max_image_pixels        images with more are refused

        details  adds what takes a moment, as the networks are read again (ModelError if they are
                 gone or cannot be read):

        cost                    parameters and floating-point operations, of the model and of each
                                network, and its operators: see `instseg.model_cost`
        size_bytes              of the network files
        engines                 instseg.engines(): what can run a model here, or why not
        """
        info = {
            **self._core.info(),
            "network_folder": str(self._folder),
            "max_image_pixels": self._max_image_pixels,
        }
        return {**info, **self._details()} if details else info

    def _details(self) -> dict[str, Any]:
        import instseg
        from instseg.importer import cached_network_folder, read_manifest
        from instseg.model_cost import model_cost

        folder = cached_network_folder(self._folder, self._cache_dir)  # "paddle": not imported yet
        manifest = read_manifest(folder)
        return {
            "cost": model_cost(folder, manifest).to_dict(),
            "size_bytes": sum(network["size_bytes"] for network in manifest["networks"]),
            "engines": instseg.engines(),
        }

    def _options(
        self,
        threshold: float | None,
        max_detections: int | None,
        classes: Iterable[str | int] | str | None,
        clip_masks: bool,
        tile: int | tuple[int, int] | None,
        overlap: float,
    ) -> _Options:
        if not isinstance(clip_masks, bool):
            raise InvalidArgument(f"clip_masks={clip_masks!r}; expected True or False.")
        core = {
            "threshold": check_threshold(threshold),
            "max_detections": None
            if max_detections is None
            else check_count("max_detections", max_detections),
            "class_ids": resolve_classes(classes, self._class_names),
            "clip_masks": clip_masks,
        }
        return _Options(core, check_tiling(tile, overlap))

    def _take(self, image: Any, color: str, position: int | None = None) -> _Loaded:
        """As `_load`, on the caller's thread: arrays on a GPU stay there."""
        item = _item(image, position)
        if not lies_on_gpu(image):
            return self._load(item, color)
        return _Loaded(item, None, color, gpu_pixels(image, color), 0.0)

    def _load(self, item: SourceItem, color: str, cancelled: Event | None = None) -> _Loaded:
        """Reads and decodes an image; raises InvalidArgument or ImageError."""
        if item.error is not None:
            raise item.error
        start = time.perf_counter()
        image = fetch_if_address(item.image, cancelled)
        pixels = load_pixels(
            image, color=color, max_pixels=self._max_image_pixels, name=item.source
        )
        decode_ms = (time.perf_counter() - start) * 1e3
        return _Loaded(item, image, color, pixels, decode_ms)

    def _load_page(self, item: SourceItem, ticket: PageTicket, cancelled: Event) -> _Loaded | None:
        """The same for a page of a file; None past the last one. Raises also MissingPackage."""
        start = time.perf_counter()
        page = ticket.read(cancelled)
        if page is None:
            return None
        decode_ms = (time.perf_counter() - start) * 1e3
        loaded = _Loaded(item, None, page.pixels.color, page.pixels, decode_ms)
        loaded.time_s = page.time_s
        return loaded

    def _predict(self, loaded: _Loaded, options: _Options) -> Result:
        pixels = loaded.pixels
        if isinstance(pixels, GpuPixels):
            if options.tiling is not None:
                raise InvalidArgument(
                    "tile= cuts images in memory of the CPU; give a host array: x.cpu().numpy() of "
                    "PyTorch's, x.get() of CuPy's."
                )
            on_gpu = self._core.predict_dlpack(pixels.capsule, color=pixels.color, **options.core)
            return self._result(on_gpu, loaded)
        if options.tiling is None:
            found = self._core.predict(pixels.array, color=pixels.color, **options.core)
            return self._result(found, loaded)
        tiled = predict_tiled(
            self._core.predict,
            pixels,
            options.tiling,
            options.core,
            num_streams=int(self._info["num_streams"]),
        )
        return self._result(tiled, loaded)

    def _predict_batch(self, batch: list[_Loaded], options: _Options) -> list[Result]:
        if not batch:
            return []
        pixels = [loaded.pixels for loaded in batch if isinstance(loaded.pixels, Pixels)]
        if options.tiling is not None or len(pixels) < len(batch):
            return [self._predict(loaded, options) for loaded in batch]
        found = self._core.predict_batch(
            [each.array for each in pixels],
            colors=[each.color for each in pixels],
            **options.core,
        )
        return [self._result(one, loaded) for one, loaded in zip(found, batch, strict=True)]

    def _result(self, found: CoreResult, loaded: _Loaded) -> Result:
        class_ids = found.class_ids
        size = found.image_size
        return Result(
            boxes=found.boxes,
            scores=found.scores,
            class_ids=class_ids,
            labels=[self._class_names[class_id] for class_id in class_ids.tolist()],
            masks=Masks(found.masks, size),
            image_size=size,
            timings={
                "decode_ms": loaded.decode_ms,
                **{stage: found.timings[stage] for stage in CORE_STAGES},
            },
            source=loaded.item.source,
            source_name=loaded.item.name,
            model_name=self._model_name,
            page_index=_page_index(loaded.item),
            time_s=loaded.time_s,
            _pixels=loaded.reader(self._max_image_pixels),
        )

    def _stream(
        self, source: Any, batch_size: int, ahead: int, color: str, options: _Options
    ) -> Generator[Result, None, None]:
        def load(item: SourceItem, cancelled: Event) -> _Loaded | Result | None:
            try:
                if isinstance(item.image, PageTicket):
                    return self._load_page(item, item.image, cancelled)
                return self._load(item, color, cancelled)
            except InstsegError as error:
                return _failed(error, item)

        pages = PageExpansion(self._max_image_pixels)
        decoded = run_ahead(
            pages.expand(list_items(source)),
            load,
            weight=lambda got: got.size_bytes if isinstance(got, _Loaded) else 0,
            num_threads=min(DECODE_THREADS, ahead),
            max_items=ahead,
            max_weight=READ_AHEAD_BYTES,
        )
        try:
            present = (entry for entry in decoded if entry is not None)
            while batch := list(islice(present, batch_size)):
                yield from self._predict_each(batch, options)
        finally:
            decoded.close()
            pages.close()

    def _predict_each(
        self, batch: Sequence[_Loaded | Result], options: _Options
    ) -> Iterator[Result]:
        """Results in order. If a run over the batch fails, each image is tried by itself."""
        images = [entry for entry in batch if not isinstance(entry, Result)]
        try:
            results = iter(self._predict_batch(images, options)) if len(images) > 1 else None
        except InstsegError:
            results = None
        for entry in batch:
            if isinstance(entry, Result):
                yield entry
            elif results is not None:
                yield next(results)
            else:
                try:
                    yield self._predict(entry, options)
                except InstsegError as error:
                    yield _failed(error, entry.item)


@dataclass(frozen=True)
class _Options:
    """Checked options of one call: those of the core's predict, and how to cut the image up."""

    core: dict[str, Any]
    tiling: Tiling | None


class _Loaded:
    """A decoded image, and how to decode it again."""

    __slots__ = ("color", "decode_ms", "image", "item", "pixels", "time_s")

    def __init__(
        self,
        item: SourceItem,
        image: Any,
        color: str,
        pixels: Pixels | GpuPixels,
        decode_ms: float,
    ) -> None:
        self.item = item
        self.image = image  # what was given; of an address, what was fetched
        self.color = color
        self.pixels = pixels
        self.decode_ms = decode_ms
        self.time_s: float | None = None  # of a frame

    @property
    def size_bytes(self) -> int:
        """Of the decoded image in memory of the CPU."""
        return self.pixels.array.nbytes if isinstance(self.pixels, Pixels) else 0

    def reader(self, max_pixels: int) -> Any:
        """Gives the pixels again, without holding them; None for those on a GPU."""
        if isinstance(self.pixels, GpuPixels):
            return None
        if isinstance(self.item.image, PageTicket):
            return self.item.image.reader(Page(self.pixels, self.time_s))
        image, color, name = self.image, self.color, self.item.source
        return lambda: load_pixels(image, color=color, max_pixels=max_pixels, name=name)


def _shape(array: Any) -> list[int]:
    return [int(side) for side in getattr(array, "shape", ())]


def _page_index(item: SourceItem) -> int | None:
    return item.image.position if isinstance(item.image, PageTicket) else None


def _failed(error: InstsegError, item: SourceItem) -> Result:
    failed = Result.failed(error, item.source, item.name)
    return replace(failed, page_index=_page_index(item))


def _item(image: Any, position: int | None = None) -> SourceItem:
    """One image, taken as it is: no folder, no pattern. Raises ImageError for several in a file."""
    kind = page_kind(image)
    if kind in ("pdf", "video"):
        what = "the document" if isinstance(image, bytes | bytearray | memoryview) else repr(image)
        raise ImageError(
            f"One image is expected, but {what} is a {kind}; stream() gives a result for each of "
            "its pages or frames."
        )
    if isinstance(image, str | os.PathLike):
        where = os.fsdecode(image)
        return SourceItem(image, where, source_name(where))
    return SourceItem(image, None, "image" if position is None else f"image_{position:05d}")
