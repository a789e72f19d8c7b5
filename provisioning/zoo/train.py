"""Train a reference network: `python -m provisioning.zoo.train --network N --data D --out D`.

Seeded and counted in steps. `last.pt` holds everything a resumed run needs, `best.pt` the
averaged weights with the best pooled Dice on the validation patient. The test patient is
never read here.
"""

import argparse
import copy
import functools
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import torch
from torch import nn

from provisioning.zoo.augment import Recipe, draw_batch
from provisioning.zoo.average import blend, settle_batch_norm, warm_decay
from provisioning.zoo.covid_ct_data import TRAIN, VALIDATE, Volume, load_volumes
from provisioning.zoo.objective import Score, score, segmentation_loss
from provisioning.zoo.segmenter import SEGMENTERS, Segmenter, make_segmenter

SETTLE_SEED_OFFSET = 1_000_003
"""Batches for batch-norm statistics come from another stream than the training batches."""


@dataclass(frozen=True)
class Schedule:
    """One run: counts in steps, learning rates per step, seed of every random number."""

    steps: int = 4000
    seed: int = 7
    peak_rate: float = 2e-3
    weight_decay: float = 0.02
    warmup: float = 0.15
    average: float = 0.998
    validate_every: int = 250
    save_every: int = 50
    settle_batches: int = 24
    recipe: Recipe = field(default_factory=Recipe)


class Trainer:
    """The state of one run: raw weights, averaged weights, optimiser, step, best Dice."""

    def __init__(self, schedule: Schedule, make: Callable[[], nn.Module]) -> None:
        torch.manual_seed(schedule.seed)
        self.schedule = schedule
        self.network = make()
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = copy.deepcopy(self.network).eval()
        self.optimiser = torch.optim.AdamW(
            self.network.parameters(), weight_decay=schedule.weight_decay
        )
        self.step = 0
        self.best = -1.0

    def advance(self, volumes: Sequence[Volume]) -> float:
        """One optimiser step on the batch of the current step number; returns the loss."""
        batch = draw_batch(volumes, self.schedule.recipe, self.schedule.seed, self.step)
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(self.schedule, self.step)
        self.network.train()
        with torch.autocast("cpu", torch.bfloat16):
            logits = self.network(batch.hu)
        loss = segmentation_loss(logits, batch.mask)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        self.optimiser.step()
        self.step += 1
        blend(self.average, self.network, warm_decay(self.step, self.schedule.average))
        return float(loss.detach())

    def settle(self, volumes: Sequence[Volume]) -> None:
        """Give the averaged weights batch-norm statistics of their own."""
        seed = self.schedule.seed + SETTLE_SEED_OFFSET
        recipe = self.schedule.recipe
        count = self.schedule.settle_batches
        settle_batch_norm(
            self.average, (draw_batch(volumes, recipe, seed, k).hu for k in range(count))
        )

    def save(self, path: Path) -> None:
        """Write the whole state, replacing `path` only when the file is complete."""
        state = {
            "step": self.step,
            "steps": self.schedule.steps,
            "seed": self.schedule.seed,
            "best": self.best,
            "network": self.network.state_dict(),
            "average": self.average.state_dict(),
            "optimiser": self.optimiser.state_dict(),
        }
        part = path.with_suffix(".part")
        torch.save(state, part)
        part.replace(path)

    def load(self, path: Path) -> None:
        """Continue from a file that `save` wrote."""
        state = torch.load(path, weights_only=True)
        self.step, self.best = state["step"], state["best"]
        self.network.load_state_dict(state["network"])
        self.average.load_state_dict(state["average"])
        self.optimiser.load_state_dict(state["optimiser"])


def learning_rate(schedule: Schedule, step: int) -> float:
    """One cycle: a cosine rise from a 25th of the peak, then a cosine fall to almost zero."""
    rise = max(1, round(schedule.warmup * schedule.steps))
    low = schedule.peak_rate / 25
    if step < rise:
        return low + (schedule.peak_rate - low) * (1 - math.cos(math.pi * step / rise)) / 2
    done = (step - rise) / max(1, schedule.steps - rise)
    return schedule.peak_rate * (1 + math.cos(math.pi * min(1.0, done))) / 2 + 1e-6


@torch.no_grad()
def evaluate(network: nn.Module, volume: Volume, stride: int = 1) -> Score:
    """Pooled counts at threshold 0.5 over every `stride`-th slice, whole slices, bf16."""
    network.eval()
    predict = cast(Segmenter, network).predict
    hu, true = volume.hu[::stride], volume.infection[::stride]
    total = Score(0, 0, 0)
    for start in range(0, len(hu), 8):
        codes = torch.from_numpy(hu[start : start + 8])[:, None]
        with torch.autocast("cpu", torch.bfloat16):
            called = (predict(codes) > 0)[:, 0].numpy()
        part = score(called, true[start : start + 8])
        total = Score(total.true + part.true, total.called + part.called, total.both + part.both)
    return total


def run(
    trainer: Trainer,
    train: Sequence[Volume],
    validate: Sequence[Volume],
    out: Path,
    until: int | None = None,
) -> None:
    """Train to the last scheduled step, or to step `until`, validating and saving on the way."""
    schedule = trainer.schedule
    began, smooth = time.monotonic(), math.nan
    first = trainer.step
    while trainer.step < min(schedule.steps, until or schedule.steps):
        loss = trainer.advance(train)
        smooth = loss if math.isnan(smooth) else 0.98 * smooth + 0.02 * loss
        if trainer.step % 20 == 0:
            pace = (time.monotonic() - began) / (trainer.step - first)
            left = pace * (schedule.steps - trainer.step) / 60
            print(f"step {trainer.step}/{schedule.steps} loss {smooth:.4f} "
                  f"{pace:.2f} s/step {left:.0f} min left", flush=True)  # fmt: skip
        if trainer.step % schedule.save_every == 0:
            trainer.save(out / "last.pt")
        if trainer.step % schedule.validate_every == 0 or trainer.step == schedule.steps:
            _judge(trainer, train, validate, out)


def _judge(
    trainer: Trainer, train: Sequence[Volume], validate: Sequence[Volume], out: Path
) -> None:
    trainer.settle(train)
    last = trainer.step >= trainer.schedule.steps
    scores = [evaluate(trainer.average, v, 1 if last else 2) for v in validate]
    dice = sum(s.dice for s in scores) / len(scores)
    errors = ", ".join(f"{s.volume_error:+.2f}" for s in scores)
    better = dice > trainer.best
    trainer.best = max(dice, trainer.best)
    print(f"validation step {trainer.step} dice {dice:.4f} volume error {errors}"
          f"{' best' if better else ''}", flush=True)  # fmt: skip
    trainer.save(out / "last.pt")
    if better:
        trainer.save(out / "best.pt")


def main() -> None:
    """Command line: where the data lies, where checkpoints go, how many steps, which seed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--network", choices=SEGMENTERS, default="nested_unet")
    parser.add_argument("--data", type=Path, required=True, help="folder of coronacases_*.npz")
    parser.add_argument("--out", type=Path, required=True, help="folder for checkpoints")
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--until", type=int, help="stop early at this step of the schedule")
    parser.add_argument("--resume", type=Path, help="a last.pt to continue from")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    options.out.mkdir(parents=True, exist_ok=True)
    trainer = Trainer(
        Schedule(steps=options.steps, seed=options.seed),
        functools.partial(make_segmenter, options.network),
    )
    if options.resume:
        trainer.load(options.resume)
    train = load_volumes(options.data, TRAIN)
    validate = load_volumes(options.data, VALIDATE)
    run(trainer, train, validate, options.out, options.until)


if __name__ == "__main__":
    main()
