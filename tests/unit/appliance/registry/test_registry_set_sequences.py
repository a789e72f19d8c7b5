"""Whatever is asked of a set in whatever order: the next one is valid, or there is a sentence."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from appliance.registry import set_releases, set_routes, set_versions
from appliance.registry.newcomers import join
from appliance.registry.set_releases import (
    add_release,
    promote_release,
    remove_release,
)
from appliance.registry.set_repair import repair
from appliance.registry.set_rollback import rollback
from appliance.registry.set_routes import start_canary, start_shadow, stop_canary, stop_shadow
from appliance.registry.set_versions import (
    add_version,
    apply_policy,
    evict_version,
    promote_version,
    remove_label,
    remove_version,
    retire_replaced,
    set_label,
)
from serving.domain.errors import (
    AiboxError,
)
from serving.domain.model_set import ModelSet, Release
from tests.unit.appliance.registry.some_sets import LATEST, NEEDS, set_of, version_of

_names, _numbers = st.sampled_from(["a", "b", "c"]), st.integers(1, 4)
_references = st.builds(lambda n, v: f"{n}@{v}", st.sampled_from(["chest", "breast"]), _numbers)
_labels = st.sampled_from(["stable", "canary", "x", "Bad label"])
_pipelines = st.sampled_from(["chest", "breast", "other"])
_shares = st.sampled_from([0.0, 0.1, 1.0, 1.5, float("nan")])
_callers = st.lists(st.sampled_from(["pacs", "ris"]), max_size=2)
_releases = st.builds(
    Release,
    name=st.sampled_from(["chest", "breast"]),
    version=_numbers,
    pipeline=_pipelines,
    models=st.dictionaries(_names, _numbers, max_size=2),
)
_Change = Callable[[ModelSet], ModelSet]


def _change(function: Callable[..., ModelSet], *arguments: st.SearchStrategy) -> st.SearchStrategy:
    def bound(given: tuple[object, ...]) -> _Change:
        return lambda current: function(current, *given)

    return st.tuples(*arguments).map(bound)


_changes = st.one_of(
    _change(add_version, st.builds(version_of, _names, _numbers)),
    _change(remove_version, _names, _numbers),
    _change(evict_version, _names, _numbers),
    _change(promote_version, _names, _numbers),
    _change(set_label, _names, _labels, _numbers),
    _change(remove_label, _names, _labels),
    _change(add_release, _releases),
    _change(remove_release, _references),
    _change(promote_release, _references),
    _change(start_canary, _references, _shares, _callers),
    _change(stop_canary, _pipelines),
    _change(start_shadow, _references),
    _change(stop_shadow, _pipelines),
    _change(apply_policy, st.just(LATEST.wanted)),
    _change(
        lambda now, name, number: retire_replaced(
            now, promote_version(now, name, number), LATEST.wanted
        ),
        _names,
        _numbers,
    ),
    _change(repair, st.frozensets(st.tuples(_names, _numbers), max_size=8)),
    _change(lambda current: join(current, (), NEEDS)),
)


@given(st.lists(_changes, max_size=25), st.data())
def test_any_sequence_gives_valid_sets_or_domain_errors(
    changes: list[_Change], data: st.DataObject
) -> None:
    served = [set_of(("a", 1), ("a", 2), ("b", 1), ("c", 1))]
    for change in changes:
        current = served[-1]
        if data.draw(st.integers(0, 5)) == 0:
            earlier = data.draw(st.sampled_from(served))
            following = rollback(current, earlier)
            assert following.routes == earlier.routes
            assert earlier.labels.items() <= following.labels.items()
            assert current.keys | earlier.keys == following.keys
        else:
            try:
                following = change(current)
            except AiboxError:
                continue
        assert following.generation == current.generation + 1
        assert ModelSet.model_validate_json(following.model_dump_json()) == following
        served.append(following)


@given(st.lists(_changes, max_size=25), st.data())
def test_a_release_number_never_means_two_things(
    changes: list[_Change], data: st.DataObject
) -> None:
    served = [set_of(("a", 1), ("a", 2), ("b", 1), ("b", 2))]
    meant: dict[str, Release] = {}
    for change in changes:
        earlier = data.draw(st.sampled_from(served))
        with contextlib.suppress(AiboxError):
            served.append(change(served[-1]))
            served.append(rollback(served[-1], earlier))
        for release in served[-1].releases:
            assert meant.setdefault(release.reference, release) == release


@given(st.lists(_changes, max_size=15), _names, _numbers, _references)
def test_a_rollback_undoes_a_promotion(
    changes: list[_Change], name: str, version: int, reference: str
) -> None:
    current = set_of(("a", 1), ("a", 2), ("b", 1), ("b", 2))
    for change in changes:
        try:
            current = change(current)
        except AiboxError:
            continue
    for promote in (
        lambda: promote_version(current, name, version),
        lambda: promote_release(current, reference),
    ):
        try:
            promoted = promote()
        except AiboxError:
            continue
        back = rollback(promoted, current)
        assert (back.labels, back.routes) == (current.labels, current.routes)
        assert back.keys == promoted.keys
        assert all(release in back.releases for release in promoted.releases)


def test_every_change_of_a_set_is_in_the_random_sequences() -> None:
    """A function that is added to these modules is to be added to `_changes` too."""
    public = {
        name
        for module in (set_versions, set_releases, set_routes)
        for name, found in vars(module).items()
        if callable(found)
        and getattr(found, "__module__", "") == module.__name__
        and not name.startswith("_")
    }
    helpers = {"next_number", "exchange_model", "prune_releases", "with_new_release"}
    helpers |= {"retire_replaced"}
    assert public - helpers - {"routed_to", "replaced"} == {
        "add_version",
        "remove_version",
        "evict_version",
        "promote_version",
        "set_label",
        "remove_label",
        "apply_policy",
        "add_release",
        "remove_release",
        "promote_release",
        "start_canary",
        "stop_canary",
        "start_shadow",
        "stop_shadow",
    }
