"""
The C++ core of instseg. Use the package `instseg`, which stands on it.
"""
from __future__ import annotations
import collections.abc
import numpy
import numpy.typing
import typing
__all__: list[str] = ['Mask', 'NetworkRunner', 'Predictor', 'Result', 'cpu_isa', 'engines', 'has_cuda_kernels', 'paste_mask', 'postprocess_mask_rtdetr', 'postprocess_ppyoloe_seg', 'postprocess_solov2', 'preprocess', 'rcnn_detections', 'rcnn_pool', 'rcnn_proposals', 'resize']
class Mask:
    """
    A binary mask of one image, stored as the bits of a region.
    """
    __hash__: typing.ClassVar[None] = None
    @staticmethod
    def from_crop(image_height: typing.SupportsInt | typing.SupportsIndex, image_width: typing.SupportsInt | typing.SupportsIndex, x: typing.SupportsInt | typing.SupportsIndex, y: typing.SupportsInt | typing.SupportsIndex, crop: numpy.ndarray) -> Mask:
        """
        uint8 or bool [h, w], not 0 = foreground, placed with its first pixel at (x, y).
        Raises InvalidArgument unless it lies inside the image.
        """
    @staticmethod
    def united(masks: collections.abc.Sequence[Mask]) -> Mask:
        """
        Foreground where any of the masks, all of one image size, has it.
        """
    def __eq__(self, arg0: Mask) -> bool:
        ...
    def __getstate__(self) -> tuple:
        ...
    def __setstate__(self, arg0: tuple) -> None:
        ...
    def area(self) -> int:
        """
        Number of foreground pixels.
        """
    def area_inside(self, x: typing.SupportsInt | typing.SupportsIndex, y: typing.SupportsInt | typing.SupportsIndex, width: typing.SupportsInt | typing.SupportsIndex, height: typing.SupportsInt | typing.SupportsIndex) -> int:
        """
        Number of foreground pixels inside a rectangle of whole pixels.
        """
    def bitmap(self) -> numpy.typing.NDArray[numpy.bool]:
        """
        bool [image height, image width].
        """
    def centroid(self) -> tuple[float, float] | None:
        """
        (x, y), the mean of the foreground pixels' centres; None where there is none.
        """
    def crop(self) -> numpy.typing.NDArray[numpy.bool]:
        """
        bool [region height, region width].
        """
    def extent(self) -> tuple[int, int, int, int]:
        """
        (x, y, width, height) of the smallest region that holds all foreground; zeros where
        there is none.
        """
    def intersection_area(self, other: Mask) -> int:
        """
        Number of foreground pixels that both share; the images must have one size.
        """
    def moved(self, image_height: typing.SupportsInt | typing.SupportsIndex, image_width: typing.SupportsInt | typing.SupportsIndex, dx: typing.SupportsInt | typing.SupportsIndex, dy: typing.SupportsInt | typing.SupportsIndex) -> Mask:
        """
        The mask as part of another image: pixel (x, y) comes to (x + dx, y + dy).
        """
    def oriented_box(self) -> numpy.typing.NDArray[numpy.float32] | None:
        """
        float32 [4, 2]: corners x, y of the smallest rectangle at any angle that holds all
        foreground pixels, clockwise from the topmost; None where there is none.
        """
    def polygons(self) -> list[list[numpy.typing.NDArray[numpy.int32]]]:
        """
        Exact outlines along pixel edges: per part the exterior, then its holes; each int32
        [n, 2] of x, y. Filling the exterior without the holes gives the mask back.
        """
    def rle(self) -> str:
        """
        COCO compressed run lengths of the whole image, as pycocotools' `counts`.
        """
    def rle_counts(self) -> numpy.typing.NDArray[numpy.uint32]:
        """
        uint32 [runs]: column-major run lengths of the whole image, background first.
        """
    @property
    def image_size(self) -> tuple[int, int]:
        """
        (height, width) of the image.
        """
    @property
    def region(self) -> tuple[int, int, int, int]:
        """
        (x, y, width, height) of the part of the image that can hold foreground.
        """
class Result:
    """
    The instances of one image by falling score.
    """
    def __len__(self) -> int:
        ...
    def bitmaps(self) -> numpy.typing.NDArray[numpy.bool]:
        """
        bool [n, image height, image width].
        """
    @property
    def boxes(self) -> numpy.typing.NDArray[numpy.float32]:
        """
        float32 [n, 4]: x1, y1, x2, y2 in pixels, clipped to the image.
        """
    @property
    def class_ids(self) -> numpy.typing.NDArray[numpy.int32]:
        """
        int32 [n].
        """
    @property
    def image_size(self) -> tuple[int, int]:
        """
        (height, width) of the image.
        """
    @property
    def masks(self) -> list[Mask]:
        """
        One Mask per instance.
        """
    @property
    def scores(self) -> numpy.typing.NDArray[numpy.float32]:
        """
        float32 [n], falling, in [0, 1].
        """
    @property
    def timings(self) -> dict[str, float]:
        """
        Milliseconds per stage.
        """
class Predictor:
    """
    Runs one network folder on images; threads may share it.
    """
    def __init__(self, network_folder: str, *, device: str = 'cpu', engine: str = 'auto', precision: str = 'fp32', num_threads: typing.SupportsInt | typing.SupportsIndex = 0, num_streams: typing.SupportsInt | typing.SupportsIndex = 1, cache_dir: str = '', max_image_pixels: typing.SupportsInt | typing.SupportsIndex = 178956970, progress: collections.abc.Callable[[str], None] | None = None) -> None:
        """
        num_threads 0 = every core; cache_dir "" = compile the network at every load;
        progress = called with lines of text while a compilation takes minutes.
        Raises ModelError, InvalidArgument or EngineError.
        """
    def info(self) -> dict:
        """
        What was loaded, by which engine, with which options.
        """
    def predict(self, image: numpy.ndarray, *, color: str = 'bgr', threshold: typing.SupportsFloat | typing.SupportsIndex | None = None, max_detections: typing.SupportsInt | typing.SupportsIndex | None = None, class_ids: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex] | None = None, clip_masks: bool = True) -> Result:
        """
        Segments uint8 [H, W] ("gray") or [H, W, channels], not copied.
        Raises InvalidArgument or EngineError.
        """
    def predict_batch(self, images: collections.abc.Sequence[numpy.ndarray], *, colors: collections.abc.Sequence[str], threshold: typing.SupportsFloat | typing.SupportsIndex | None = None, max_detections: typing.SupportsInt | typing.SupportsIndex | None = None, class_ids: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex] | None = None, clip_masks: bool = True) -> list[Result]:
        """
        One Result per image, in order; sizes and colors may differ.
        """
    def predict_dlpack(self, capsule: typing.Any, *, color: str = 'bgr', threshold: typing.SupportsFloat | typing.SupportsIndex | None = None, max_detections: typing.SupportsInt | typing.SupportsIndex | None = None, class_ids: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex] | None = None, clip_masks: bool = True) -> Result:
        """
        Segments uint8 [H, W], [H, W, 1], [H, W, 3] or [H, W, 4] in memory of the predictor's
        GPU, not copied. capsule: what __dlpack__(stream=1) gives, whose tensor is let go at
        the end. color: "bgr" or "rgb". Raises InvalidArgument or EngineError.
        """
    def warm_up(self) -> None:
        """
        Runs one prediction on a blank image.
        """
class NetworkRunner:
    """
    Runs the networks of a folder one by one on given tensors, to compare engines.
    """
    def __init__(self, network_folder: str, *, device: str = 'cpu', engine: str = 'auto', precision: str = 'fp32', num_threads: typing.SupportsInt | typing.SupportsIndex = 0, cache_dir: str = '') -> None:
        """
        num_threads 0 = every core; cache_dir "" = compile the networks at every load.
        Raises ModelError, InvalidArgument or EngineError.
        """
    def roles(self) -> list[str]:
        """
        Of the networks, in the folder's order.
        """
    def run(self, role: str, inputs: collections.abc.Sequence[numpy.ndarray]) -> dict:
        """
        float32 arrays, in the order of the network's description -> meaning -> float32 array, a copy.
        Raises InvalidArgument or EngineError.
        """
def cpu_isa() -> str:
    """
    Instruction set of the kernels in use: "scalar", "avx2" or "avx512".
    """
def engines() -> list:
    """
    Every engine, in the order in which "auto" tries them: dicts with name, available, version,
    devices, precisions and remedy.
    """
def has_cuda_kernels() -> bool:
    """
    Whether this build holds the CUDA kernels (INSTSEG_CUDA).
    """
def paste_mask(probabilities: numpy.ndarray, box: collections.abc.Sequence[typing.SupportsFloat | typing.SupportsIndex], image_height: typing.SupportsInt | typing.SupportsIndex, image_width: typing.SupportsInt | typing.SupportsIndex, *, threshold: typing.SupportsFloat | typing.SupportsIndex = 0.5) -> Mask:
    """
    probabilities [M, M] float32 of a box x1, y1, x2, y2 -> Mask, not clipped to the box.
    """
def postprocess_mask_rtdetr(boxes: numpy.ndarray, logits: numpy.ndarray, mask_coefficients: numpy.ndarray, prototypes: numpy.ndarray, image_height: typing.SupportsInt | typing.SupportsIndex, image_width: typing.SupportsInt | typing.SupportsIndex, *, threshold: typing.SupportsFloat | typing.SupportsIndex, top_k: typing.SupportsInt | typing.SupportsIndex = 100, max_detections: typing.SupportsInt | typing.SupportsIndex | None = None, class_ids: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex] | None = None, clip_masks: bool = True) -> Result:
    """
    The post-processing of Mask-RT-DETR alone, on one thread; float32 arrays: boxes [Q, 4]
    (cx, cy, w, h; sides of the image = 1), logits [Q, K], mask_coefficients [Q, P],
    prototypes [P, h, w].
    """
def postprocess_ppyoloe_seg(boxes: numpy.ndarray, scores: numpy.ndarray, mask_coefficients: numpy.ndarray, prototypes: numpy.ndarray, image_height: typing.SupportsInt | typing.SupportsIndex, image_width: typing.SupportsInt | typing.SupportsIndex, *, input_height: typing.SupportsInt | typing.SupportsIndex = 640, input_width: typing.SupportsInt | typing.SupportsIndex = 640, threshold: typing.SupportsFloat | typing.SupportsIndex, nms_score_threshold: typing.SupportsFloat | typing.SupportsIndex = 0.009999999776482582, nms_threshold: typing.SupportsFloat | typing.SupportsIndex = 0.699999988079071, nms_top_k: typing.SupportsInt | typing.SupportsIndex = 1000, keep_top_k: typing.SupportsInt | typing.SupportsIndex = 300, mask_threshold: typing.SupportsFloat | typing.SupportsIndex = 0.5, max_detections: typing.SupportsInt | typing.SupportsIndex | None = None, class_ids: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex] | None = None, clip_masks: bool = True) -> Result:
    """
    The post-processing of PP-YOLOE_seg alone, on one thread; float32 arrays: boxes [A, 4]
    (x1, y1, x2, y2 in pixels of the network's input), scores [K, A] (probabilities),
    mask_coefficients [P, A], prototypes [P, h, w].
    """
def postprocess_solov2(scores: collections.abc.Sequence[numpy.ndarray], kernels: collections.abc.Sequence[numpy.ndarray], mask_features: numpy.ndarray, resized_size: tuple[typing.SupportsInt | typing.SupportsIndex, typing.SupportsInt | typing.SupportsIndex], image_size: tuple[typing.SupportsInt | typing.SupportsIndex, typing.SupportsInt | typing.SupportsIndex], *, level_strides: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex], threshold: typing.SupportsFloat | typing.SupportsIndex, nms_decay: str = 'gaussian', nms_sigma: typing.SupportsFloat | typing.SupportsIndex = 2.0, pre_nms_top_k: typing.SupportsInt | typing.SupportsIndex = 500, top_k: typing.SupportsInt | typing.SupportsIndex = 100, max_detections: typing.SupportsInt | typing.SupportsIndex | None = None, class_ids: collections.abc.Sequence[typing.SupportsInt | typing.SupportsIndex] | None = None, num_threads: typing.SupportsInt | typing.SupportsIndex = 1) -> Result:
    """
    The post-processing of SOLOv2 alone; float32 arrays: scores [g, g, K] (after points NMS)
    and kernels [D, g, g] per level, mask_features [D, h, w]; sizes are (height, width), the
    resized one without padding.
    """
def preprocess(image: numpy.ndarray, *, color: str = 'bgr', spec: dict, num_threads: typing.SupportsInt | typing.SupportsIndex = 1) -> numpy.typing.NDArray[numpy.float32]:
    """
    uint8 pixels -> float32 [3, height, width], the network's input. spec: "preprocess" of
    instseg.json.
    """
def rcnn_detections(spec: dict, boxes: numpy.ndarray, scores: numpy.ndarray, deltas: numpy.ndarray, image_height: typing.SupportsInt | typing.SupportsIndex, image_width: typing.SupportsInt | typing.SupportsIndex, *, threshold: typing.SupportsFloat | typing.SupportsIndex = 0.0) -> tuple:
    """
    boxes [R, 4], scores [R, K + 1], deltas [R, 4] or [R, 4 * K] of the last stage -> (boxes
    [n, 4], scores [n], class_ids [n]) by falling score, in pixels of the network's input.
    """
def rcnn_pool(spec: dict, features: collections.abc.Sequence[numpy.ndarray], boxes: numpy.ndarray, *, head: str, num_threads: typing.SupportsInt | typing.SupportsIndex = 1) -> numpy.typing.NDArray[numpy.float32]:
    """
    Per level features [h, w, C], boxes [R, 4] -> pooled features [R, height, width, C];
    float32. head: "box" or "mask".
    """
def rcnn_proposals(spec: dict, logits: collections.abc.Sequence[numpy.ndarray], deltas: collections.abc.Sequence[numpy.ndarray], image_height: typing.SupportsInt | typing.SupportsIndex, image_width: typing.SupportsInt | typing.SupportsIndex, *, num_threads: typing.SupportsInt | typing.SupportsIndex = 1) -> numpy.typing.NDArray[numpy.float32]:
    """
    Per level logits [A, h, w] and deltas [4 * A, h, w] -> boxes [R, 4]; float32.
    spec: "postprocess" of instseg.json.
    """
def resize(image: numpy.ndarray, height: typing.SupportsInt | typing.SupportsIndex, width: typing.SupportsInt | typing.SupportsIndex, *, interpolation: str = 'bicubic', num_threads: typing.SupportsInt | typing.SupportsIndex = 1) -> numpy.typing.NDArray[numpy.uint8]:
    """
    uint8 [H, W] or [H, W, 3 or 4] -> uint8 [height, width(, channels)] as cv2.resize gives it.
    interpolation: "nearest", "bilinear" or "bicubic".
    """
__version__: str = '0.1.0'
