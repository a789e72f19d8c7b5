"""Model sets with a stable, a canary and a shadow release of one pipeline, for tests of jobs."""

from __future__ import annotations

from serving.domain.model_set import ModelSet, Release, Route, ServedVersion

STABLE, CANARY, SHADOW = (f"chest_ct@{n}" for n in (1, 2, 3))


def release(number: int, pipeline: str = "chest_ct") -> Release:
    return Release(
        name="chest_ct",
        version=number,
        pipeline=pipeline,
        models={"net": number},
        parameters={"of": str(number)},
    )


def model_set(
    *numbers: int, stable: int = 1, pipeline: str = "chest_ct", **changes: object
) -> ModelSet:
    """Releases `chest_ct@n` with the models `net` n; changes go to the route."""
    wanted = numbers or (1, 2, 3)
    route = {"pipeline": pipeline, "stable": f"chest_ct@{stable}", **changes}
    return ModelSet(
        generation=1,
        versions=tuple(
            ServedVersion(name="net", version=n, manifest_sha256="0" * 64) for n in wanted
        ),
        labels={"net": {"stable": stable}},
        releases=tuple(release(n, pipeline) for n in wanted),
        routes=(Route.model_validate(route),),
    )


class FixedSets:
    """A `ModelSets` whose set a test changes by hand."""

    def __init__(self, now: ModelSet | None) -> None:
        self.now = now

    def current(self) -> ModelSet | None:
        return self.now
