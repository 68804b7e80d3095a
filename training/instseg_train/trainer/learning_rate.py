"""The learning rate as a function of the step alone, so that a resumed run goes on exactly."""

from __future__ import annotations

import math
from dataclasses import dataclass

from instseg_train.trainer.recipes import Recipe


@dataclass(frozen=True)
class LearningRate:
    """base: the rate after the warm-up; steps: of the whole run; warmup_steps: rising linearly from
    `recipe.warmup_start * base`."""

    base: float
    steps: int
    warmup_steps: int
    recipe: Recipe

    def at(self, step: int) -> float:
        """The rate of the step with this number, from 0."""
        after = self._scheduled(step)
        if step >= self.warmup_steps:
            return after
        first = self.recipe.warmup_start
        return after * (first + (1 - first) * step / self.warmup_steps)

    def _scheduled(self, step: int) -> float:
        if self.recipe.schedule == "cosine":
            share = step / (self.steps * self.recipe.cosine_end)
            return self.base * 0.5 * (1 + math.cos(math.pi * min(share, 1.0)))
        fallen = sum(step >= part * self.steps for part in self.recipe.milestones)
        return self.base * 0.1**fallen
