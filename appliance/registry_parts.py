"""The registry and its switcher put together; settles what the box serves when it starts."""

from __future__ import annotations

from dataclasses import dataclass

from appliance.admin.operations.steps import steps_to
from appliance.box_config import BoxConfig, product_repositories, serving_settings
from appliance.client.replicas import LocalReplicas
from appliance.registry.admission import Admission, Reached, unwatched
from appliance.registry.boot import Boot
from appliance.registry.newcomers import PipelineNeeds
from appliance.registry.registry_store import RegistryStore
from appliance.registry.stage import Stage
from appliance.registry.switch_audit import SwitchAudit
from appliance.registry.switcher import Switcher
from appliance.run_files import read_nodes
from provisioning.trial.trial import SandboxTrial
from provisioning.trial.trusted import TrustedFolders
from serving.audit.log import AuditLog
from serving.engine.catalog import scan
from serving.pipelines.settings import CHEST_CT


@dataclass(frozen=True, slots=True)
class RegistryParts:
    """What holds, changes and witnesses what the box serves."""

    store: RegistryStore
    admission: Admission
    switcher: Switcher
    auditor: AuditLog
    stage: Stage
    pipelines: tuple[PipelineNeeds, ...]


def build_registry(config: BoxConfig, reached: Reached = unwatched) -> RegistryParts:
    """Commits the set that the replicas start with; call before any of them does.

    Raises CorruptModel where the committed set cannot be read, AuditUnavailable.
    """
    told = serving_settings(config)
    store = RegistryStore.open(told.jobs_db, config.settings.registry.keep_sets)
    auditor = AuditLog(told.audit_dir, told.audit)
    stage = Stage()
    trial = SandboxTrial(told.engine, told.cache_dir, stage)
    trusting = TrustedFolders(product_repositories(config), trial)
    pipelines = (PipelineNeeds(CHEST_CT, config.settings.pipelines.chest_ct_models),)
    Boot(
        store=store,
        set_path=told.model_set_file,
        imported=config.state.models,
        pipelines=pipelines,
        settings=config.settings.registry,
        admission=Admission(store.versions, trusting),
        audit=SwitchAudit(auditor),
    ).run(scan(told.engine.repositories))
    replicas = LocalReplicas(config.state.run, lambda: [n.node for n in read_nodes(config.state)])
    switcher = Switcher(
        store, replicas, trial, told.model_set_file, auditor, steps_to(stage, reached)
    )
    admission = Admission(store.versions, trial)
    return RegistryParts(store, admission, switcher, auditor, stage, pipelines)
