"""Settings of the clinical pipelines."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from serving.domain.manifest import Name

CHEST_CT = "chest_ct"
"""Name of the pipeline."""


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class LungSettings(_Settings):
    """How lungs are told from the rest of the chest."""

    coarse_in_plane_mm: float = Field(default=1.5, gt=0)
    coarse_slice_mm: float = Field(default=2.0, gt=0)
    air_below_hu: int = -400
    """Half the way from aerated lung to soft tissue."""
    dense_lung_below_hu: float = -130.0
    """Denser than aerated lung, lighter than fat: lung that is ground-glass or consolidated."""
    airway_below_hu: int = -900
    smallest_lung_ml: float = Field(default=60.0, gt=0)
    """Less aerated tissue than this in all is taken as no lung."""
    gas_below_hu: float = -965.0
    """A pocket whose mean lies below this is free gas (bowel, outside air), not lung."""
    closing_mm: float = Field(default=12.0, gt=0)
    """Dents up to twice this width in a lung's outline are filled: vessels, lesions at the wall."""


class LesionSettings(_Settings):
    """How the model is asked and its answer taken."""

    threshold: float = Field(default=0.5, gt=0, lt=1)
    smallest_lesion_mm3: float = Field(default=30.0, ge=0)
    """Smaller specks are noise of the model and dropped."""
    field_of_view_mm: float = Field(default=360.0, gt=0)
    """Side of the square field that the model sees; about that of its training images."""
    crop: bool = True
    """Of each slice, only the lungs and a margin are sent to models that take crops."""
    crop_margin_mm: float = Field(default=24.0, ge=0)
    """What a network sees around the lungs in a crop. On P001 and volume 008 the reference networks
    lose up to 0.3 points of Dice against whole planes with 12 mm, 0.12 with 24 and 0.04 with 48."""


class PipelineSettings(_Settings):
    """All clinical pipelines."""

    lungs: LungSettings = LungSettings()
    lesions: LesionSettings = LesionSettings()
    chest_ct_models: Annotated[tuple[Name, ...], Field(min_length=1, max_length=2)] = (
        "nested_unet_covid",
        "hrnet_covid",
    )
    """The networks of `chest_ct`; of two, the average counts, and how far they agree is told."""
    allow_untrained: bool = False
    """Lets networks of random weights read studies; for benchmarks, never for patients."""
    thick_slices_mm: float = Field(default=10.0, gt=0)
    """Slices further apart than this are beyond what the measurements were tested for."""

    @field_validator("chest_ct_models")
    @classmethod
    def _each_once(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        if len(set(names)) < len(names):
            raise ValueError("name each network of chest_ct once")
        return names
