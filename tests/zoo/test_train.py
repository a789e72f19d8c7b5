"""Training on tiny generated slices: repeatable, resumable, and it learns."""

from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip(
    "torch", reason="the zoo's tests need torch; `make test-zoo` installs it"
)

from provisioning.zoo.augment import Recipe  # noqa: E402
from provisioning.zoo.covid_ct_data import Volume, from_arrays  # noqa: E402
from provisioning.zoo.nested_unet import NestedUNet  # noqa: E402
from provisioning.zoo.objective import Score, score, segmentation_loss  # noqa: E402
from provisioning.zoo.train import Schedule, Trainer, evaluate, learning_rate, run  # noqa: E402

RECIPE = Recipe(batch=2, crop=(32, 32), lung_centre=(32.0, 32.0), centre_jitter=8.0)
SCHEDULE = Schedule(steps=6, seed=11, validate_every=3, settle_batches=2, recipe=RECIPE)


def tiny() -> torch.nn.Module:
    return NestedUNet((2, 4, 6, 8, 10))


@pytest.fixture
def volume() -> Volume:
    """Bright squares (0 HU) on air-like ground (-900 HU) are the lesions."""
    rng = np.random.default_rng(0)
    hu = rng.normal(-900, 20, (6, 64, 64)).astype(np.int16)
    mask = np.zeros(hu.shape, np.bool_)
    mask[:4, 24:40, 24:40] = True
    hu[mask] = 0
    return from_arrays("generated", hu, mask)


def _weights(trainer: Trainer) -> list[torch.Tensor]:
    return [p.detach().clone() for p in trainer.average.parameters()]


def test_two_runs_with_one_seed_are_equal(volume: Volume) -> None:
    losses = []
    for _ in range(2):
        trainer = Trainer(SCHEDULE, tiny)
        losses.append([trainer.advance([volume]) for _ in range(4)])
    assert losses[0] == losses[1]


def test_a_resumed_run_ends_where_an_uninterrupted_one_does(volume: Volume, tmp_path: Path) -> None:
    whole = Trainer(SCHEDULE, tiny)
    run(whole, [volume], [volume], tmp_path)
    run(Trainer(SCHEDULE, tiny), [volume], [volume], tmp_path, until=3)
    second = Trainer(SCHEDULE, tiny)
    second.load(tmp_path / "last.pt")
    run(second, [volume], [volume], tmp_path)
    for wanted, got in zip(_weights(whole), _weights(second), strict=True):
        torch.testing.assert_close(got, wanted)


def test_the_best_checkpoint_is_written_and_names_its_step(volume: Volume, tmp_path: Path) -> None:
    run(Trainer(SCHEDULE, tiny), [volume], [volume], tmp_path)
    state = torch.load(tmp_path / "best.pt", weights_only=True)
    assert state["step"] in (3, 6)
    assert state["seed"] == 11
    assert not list(tmp_path.glob("*.part"))


def test_the_loss_falls(volume: Volume) -> None:
    trainer = Trainer(Schedule(steps=60, seed=1, peak_rate=2e-2, recipe=RECIPE), tiny)
    losses = [trainer.advance([volume]) for _ in range(60)]
    assert sum(losses[-10:]) < 0.8 * sum(losses[:10])


def test_evaluation_counts_voxels(volume: Volume) -> None:
    trainer = Trainer(SCHEDULE, tiny)
    total = evaluate(trainer.average, volume)
    assert total.true == int(volume.infection.sum())
    assert 0 <= total.both <= min(total.true, total.called)


def test_the_learning_rate_rises_to_its_peak_and_falls_to_almost_nothing() -> None:
    schedule = Schedule(steps=1000, peak_rate=1e-3)
    rates = [learning_rate(schedule, k) for k in range(1000)]
    assert max(rates) == pytest.approx(1e-3, rel=1e-2)
    assert rates.index(max(rates)) == 150
    assert rates[-1] < 1e-5


def test_a_perfect_answer_costs_nothing_and_a_wrong_one_much() -> None:
    mask = torch.zeros(1, 1, 16, 16)
    mask[..., 4:8, 4:8] = 1
    logits = (mask * 2 - 1) * 30
    assert float(segmentation_loss([logits] * 4, mask)) < 1e-3
    assert float(segmentation_loss([-logits] * 4, mask)) > 1


def test_dice_and_volume_error_by_hand() -> None:
    true = np.array([1, 1, 1, 1, 0, 0], np.bool_)
    called = np.array([1, 1, 0, 0, 1, 0], np.bool_)
    assert score(called, true) == Score(true=4, called=3, both=2)
    assert Score(4, 3, 2).dice == pytest.approx(4 / 7)
    assert Score(4, 3, 2).volume_error == pytest.approx(-0.25)
    assert Score(0, 0, 0).dice == 1
