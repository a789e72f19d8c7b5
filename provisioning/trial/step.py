"""The step `try_version`: verifies, compiles, warms up and self-tests as every node would."""

from __future__ import annotations

from provisioning.trial.order import Tried, TryOrder
from serving.domain.errors import CorruptModel
from serving.domain.slices import Progress
from serving.engine.binding import bind_all_threads
from serving.engine.catalog import ModelVersion
from serving.engine.compiled_model import CompiledModel
from serving.engine.compiler import CompileOptions
from serving.engine.machine import read_machine
from serving.engine.plan import make_plan
from serving.engine.runtime import ov
from serving.engine.self_test import check_answers


def try_version(order: TryOrder, report: Progress) -> Tried:
    """Leaves compiled forms in each node's cache, so that replicas load it in a moment.

    Runs on the batch CPUs; whoever calls it makes it idle work. Raises CorruptModel and
    InvalidRequest.
    """
    plan = make_plan(read_machine(), order.engine)
    bind_all_threads(plan.batch_cpus)
    version = ModelVersion.read(order.folder)
    manifest = version.manifest
    variant = order.engine.precisions.get(manifest.name, manifest.default_variant)
    if variant not in manifest.variants:
        raise CorruptModel(f"{manifest.name} has no variant {variant}, which the settings ask for")
    precision = ""
    for done, node in enumerate(plan.nodes):
        report(done / len(plan.nodes), f"trying {manifest.name} version {manifest.version}")
        cache = order.cache_dir / f"node-{node.index}" if order.engine.compile_cache else None
        options = CompileOptions.for_node(node, cache)
        model = CompiledModel.loaded(ov.Core(), version, variant, options)
        check_answers(model)
        precision = model.status.effective_precision
    return Tried(variant=variant, precision=precision)
