"""Which places become queries, and what the heads see."""

from __future__ import annotations

import numpy as np
import paddle
import paddle.nn.functional as F
import pytest
from models.mask_rtdetr.drawn_objects import RememberedDraws, drawn_truth
from models.mask_rtdetr.test_decoder import drawn
from models.mask_rtdetr.test_deformable_attention import scrambled

from instseg.errors import InvalidArgument
from instseg_train.models.mask_rtdetr.anchors import AnchorTable
from instseg_train.models.mask_rtdetr.box_geometry import first_boxes, inverse_sigmoid
from instseg_train.models.mask_rtdetr.denoising import DenoisingSettings, denoising_groups
from instseg_train.models.mask_rtdetr.transformer import Transformer

SIZES = [(60, 4), (4, 2), (2, 1)]  # some of the first level's anchors lie at the border
PLACES = sum(height * width for height, width in SIZES)


def a_transformer(queries: int = 10, classes: int = 3) -> Transformer:
    transformer = Transformer(
        [6, 6, 6],
        classes,
        channels=8,
        heads=2,
        feedforward=12,
        layers=2,
        points=2,
        prototypes=4,
        queries=queries,
    )
    scrambled(transformer, seed=0, spread=0.5)
    transformer.eval()  # also where it trains, the norms should use the scrambled statistics
    for name, tensor in transformer.state_dict().items():
        if "_variance" in name:
            tensor.set_value(tensor.abs() + 0.5)
    return transformer


def levels() -> list[paddle.Tensor]:
    return [drawn(seed, 2, 6, *size) for seed, size in enumerate(SIZES)]


def test_the_best_places_become_queries_with_the_extents_of_their_masks() -> None:
    """So many queries that places at the border are among them."""
    transformer, prototypes = a_transformer(queries=240), drawn(7, 2, 4, 12, 9)
    memory = drawn(8, 2, PLACES, 8)
    anchors = AnchorTable()(SIZES)
    found = transformer._select(memory, prototypes, anchors)
    seen = memory.numpy() * anchors.valid.numpy()  # places at the border count as zeros
    assert (~anchors.valid.numpy()).sum() == 8
    for image in range(2):
        content = transformer.enc_output(paddle.to_tensor(seen[image]))
        scores = transformer.score_head(content).numpy().max(-1)
        best = sorted(range(PLACES), key=lambda place: -scores[place])[:240]
        # Places at the border are all alike: their order is the sorting's.
        np.testing.assert_allclose(
            transformer.score_head(found.query[image]).numpy().max(-1), scores[best], rtol=1e-5
        )
        normed = transformer.dec_norm(found.query[image])
        logits, weights = transformer.score_head(normed), transformer.mask_query_head(normed)
        np.testing.assert_allclose(found.prediction.logits[image], logits, atol=1e-5)
        shifts = transformer.bbox_head(found.query[image])
        for query, place in enumerate(best):
            own = content.numpy()[scores == scores[place]][0]
            np.testing.assert_allclose(found.query[image, query].numpy(), own, rtol=1e-4, atol=1e-5)
            mask = np.tensordot(weights.numpy()[query], prototypes.numpy()[image], 1)
            extent = first_boxes(paddle.to_tensor(mask)[None, None])
            np.testing.assert_allclose(
                found.box_logits[image, query], inverse_sigmoid(extent)[0, 0], atol=1e-5
            )
            if anchors.valid.numpy()[0, place, 0]:
                box = F.sigmoid(shifts[query] + anchors.box_logits[place])
                np.testing.assert_allclose(found.prediction.boxes[image, query], box, atol=1e-5)


def test_the_decoder_does_not_train_what_it_starts_from() -> None:
    transformer = a_transformer()
    transformer.training = True
    found = transformer._select(drawn(8, 2, PLACES, 8), drawn(7, 2, 4, 12, 9), AnchorTable()(SIZES))
    assert found.query.stop_gradient
    assert found.box_logits.stop_gradient
    assert not any(tensor.stop_gradient for tensor in found.prediction)


def test_evaluation_gives_the_encoders_and_the_last_layers_predictions() -> None:
    transformer = a_transformer()
    first, last = transformer(levels(), drawn(7, 2, 4, 12, 9))
    for prediction in (first, last):
        assert prediction.logits.shape == [2, 10, 3]
        assert prediction.boxes.shape == [2, 10, 4]
        assert prediction.coefficients.shape == [2, 10, 4]


def test_denoising_queries_come_first_and_leave_the_others_as_they_are() -> None:
    transformer, prototypes = a_transformer(), drawn(7, 2, 4, 12, 9)
    truth = drawn_truth(np.random.default_rng(0), [2, 1], 3, (8, 8))
    settings = DenoisingSettings(queries=6)
    groups = denoising_groups(truth, settings, 3, transformer.queries, RememberedDraws())
    assert groups is not None
    assert groups.size == 6
    # Training, but with the norms of the projections as in evaluation.
    transformer.training = transformer.decoder.training = True
    encoder, start, *trained = transformer(levels(), prototypes, groups)
    alone_encoder, *alone = transformer(levels(), prototypes)
    assert len(trained) == len(alone) == 2
    for ours, others in zip((encoder, *trained), (alone_encoder, *alone), strict=True):
        kept = ours if ours is encoder else ours.split(6)[1]
        for tensor, other in zip(kept, others, strict=True):
            np.testing.assert_allclose(tensor.numpy(), other.numpy(), rtol=1e-4, atol=1e-5)
    noisy, own = start.split(6)
    np.testing.assert_allclose(noisy.boxes, F.sigmoid(groups.box_logits), atol=1e-6)
    content = transformer._embedded(groups.labels)
    table = transformer.denoising_class_embed.weight.numpy()
    for (image, slot), label in np.ndenumerate(groups.labels.numpy()):
        expected = table[label] if label < 3 else np.zeros(8, np.float32)
        np.testing.assert_array_equal(content[image, slot].numpy(), expected)
    logits = transformer.score_head(transformer.dec_norm(content))
    np.testing.assert_allclose(noisy.logits, logits, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(own.logits, encoder.logits, rtol=1e-4, atol=1e-5)


def test_an_image_with_fewer_places_than_queries_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="300 queries cannot be chosen among the 250 places"):
        a_transformer(queries=300)(levels(), drawn(7, 2, 4, 12, 9))


def test_first_scores_are_one_in_a_hundred_and_boxes_unmoved() -> None:
    transformer = Transformer(
        [6], 3, channels=8, heads=2, feedforward=8, layers=1, points=1, prototypes=4, queries=2
    )
    np.testing.assert_allclose(F.sigmoid(transformer.score_head.bias), [0.01] * 3, rtol=1e-5)
    assert float(transformer.bbox_head(drawn(0, 3, 8)).abs().max()) == 0
