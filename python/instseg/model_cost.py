"""What a model costs for one image: every network of its folder, at its nominal size."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from instseg.errors import ModelError
from instseg.network_cost import NetworkCost, network_cost


@dataclass(frozen=True)
class NetworkRuns:
    """One network, and how much of it an image needs.

    per    "image"; of an R-CNN's heads, which take any number of boxes, "box" (of a proposal) or
           "instance" (each that is kept): `cost` is that of one
    count  how many of these an image has: 1, or as many proposals as the model makes at most; None
           where it depends on the image
    """

    role: str
    per: str
    count: int | None
    cost: NetworkCost


@dataclass(frozen=True)
class ModelCost:
    """networks, and the size (height, width) of the input that they were counted at."""

    input_size: tuple[int, int]
    networks: Sequence[NetworkRuns]

    @property
    def parameters(self) -> int:
        return sum(network.cost.parameters for network in self.networks)

    @property
    def flops(self) -> int | None:
        """Of an image without instances; None where a size is unknown."""
        total = 0
        for network in self.networks:
            if network.count is None:
                continue
            if network.cost.flops is None:
                return None
            total += network.count * network.cost.flops
        return total

    @property
    def flops_per_instance(self) -> int | None:
        """On top of that for each instance; None where a size is unknown."""
        costs = [network.cost.flops for network in self.networks if network.count is None]
        known = [flops for flops in costs if flops is not None]
        return sum(known) if len(known) == len(costs) else None

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        height, width = self.input_size
        return {
            "input_height": height,
            "input_width": width,
            "parameters": self.parameters,
            "flops": self.flops,
            "flops_per_instance": self.flops_per_instance,
            "networks": [
                {
                    "role": network.role,
                    "per": network.per,
                    "count": network.count,
                    "flops": network.cost.flops,
                    "parameters": network.cost.parameters,
                    "parameter_bytes": network.cost.parameter_bytes,
                    "operators": network.cost.operators,
                }
                for network in self.networks
            ],
        }


def model_cost(folder: Path, manifest: dict[str, Any]) -> ModelCost:
    """Counts a network folder whose `instseg.json` is `manifest`. Raises ModelError."""
    height, width = nominal_input_size(manifest["preprocess"])
    networks = []
    for network in manifest["networks"]:
        shapes = {}
        per = "image"
        count: int | None = 1
        for tensor in network["inputs"]:
            if tensor["meaning"] == "roi_features":
                is_mask = network["role"] == "mask"
                per = "instance" if is_mask else "box"
                count = None if is_mask else most_boxes(manifest["postprocess"])
            sides = tensor["shape"]
            if tensor["meaning"] == "image":
                sides = [1, 3, height, width]
            shapes[tensor["name"]] = [1 if side == -1 else side for side in sides]
        cost = network_cost(folder / network["file"], shapes)
        networks.append(NetworkRuns(network["role"], per, count, cost))
    return ModelCost((height, width), networks)


def nominal_input_size(preprocess: dict[str, Any]) -> tuple[int, int]:
    """(height, width) that the network is made for.

    Where the aspect ratio is kept, that of the landscape image which fills it, padded as usual:
    800 x 1333 becomes 800 x 1344.
    """
    resize, stride = preprocess["resize"], preprocess["pad_stride"]
    height, width = (-(-resize[side] // stride) * stride for side in ("height", "width"))
    return height, width


def most_boxes(postprocess: dict[str, Any]) -> int:
    """Proposals that an R-CNN hands to its box stage at most; usual images have as many."""
    try:
        proposals = postprocess["rcnn"]["proposals"]
        of_levels = int(proposals["post_nms_top_n"]) * len(proposals["levels"])
        return min(of_levels, int(proposals["keep_top_n"]) or of_levels)  # 0: all are kept
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"instseg.json: 'postprocess' does not say how many proposals there are ({error!r}); "
            "import the model again"
        ) from None
