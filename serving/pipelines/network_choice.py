"""The networks that read a study, and whether they may."""

from __future__ import annotations

from collections.abc import Mapping

from serving.domain.errors import IllegalTransition, InvalidRequest, ModelNotFound
from serving.domain.finding import Code, ModelUse
from serving.domain.slices import SliceModel
from serving.pipelines.settings import PipelineSettings

_PNEUMONIA = Code(scheme="SCT", code="233604007", meaning="Pneumonia")


def chosen_networks(
    models: Mapping[str, SliceModel], settings: PipelineSettings
) -> tuple[SliceModel, ...]:
    """The models that the settings name, in that order.

    Raises ModelNotFound where one is not served, IllegalTransition where one was never trained,
    InvalidRequest where two look for different things.
    """
    for name in settings.chest_ct_models:
        if name not in models:
            raise ModelNotFound(
                f"chest_ct needs the model {name}, and it is not served; import it, or name "
                "others in pipelines.chest_ct_models"
            )
    networks = tuple(models[name] for name in settings.chest_ct_models)
    for network in networks:
        _check_trained(network, settings)
    if len({finding_code(network) for network in networks}) > 1:
        raise InvalidRequest(
            "the models of chest_ct look for different findings and cannot be averaged; name "
            "models of the same finding in pipelines.chest_ct_models"
        )
    return networks


def finding_code(model: SliceModel) -> Code:
    """What the model's manifest says its lesions are."""
    label = next((label for label in model.manifest.labels if label.value == 1), None)
    if label is None or not label.code:
        return _PNEUMONIA
    return Code(scheme=label.scheme, code=label.code, meaning=label.meaning)


def model_use(model: SliceModel) -> ModelUse:
    """The exact model behind a result, as compiled and as its manifest describes it."""
    status = model.status
    return ModelUse(
        name=status.name,
        version=status.version,
        digest=status.digest,
        precision=status.precision,
        effective_precision=status.effective_precision,
        disclaimer=model.manifest.disclaimer,
    )


def _check_trained(model: SliceModel, settings: PipelineSettings) -> None:
    if not model.manifest.trained and not settings.allow_untrained:
        raise IllegalTransition(
            f"the model {model.status.name} has random weights and reads no studies; name a "
            "trained one in pipelines.chest_ct_models (pipelines.allow_untrained is for benchmarks)"
        )
