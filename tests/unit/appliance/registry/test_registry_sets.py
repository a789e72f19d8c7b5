"""Whatever is asked of a set in whatever order: the next one is valid, or there is a sentence."""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from appliance.registry import set_releases, set_routes, set_versions
from appliance.registry.newcomers import PipelineNeeds, join
from appliance.registry.policy import Every, Latest, VersionPolicy
from appliance.registry.set_releases import (
    KEPT_UNROUTED,
    add_release,
    next_number,
    promote_release,
    prune_releases,
    remove_release,
)
from appliance.registry.set_repair import repair
from appliance.registry.set_rollback import rollback, rollback_target
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
from appliance.registry.settings import RegistrySettings
from appliance.registry.successor import same_content
from serving.domain.errors import (
    AiboxError,
    IllegalTransition,
    InvalidRequest,
    ModelNotFound,
    VersionExists,
)
from serving.domain.model_set import ModelSet, Release, Route, ServedVersion

NEEDS = (PipelineNeeds("chest", ("a", "b"), {"p": "1"}), PipelineNeeds("breast", ("b",)))
LATEST = RegistrySettings(default_policy=VersionPolicy(latest=Latest()))


def _version(name: str, version: int) -> ServedVersion:
    return ServedVersion(name=name, version=version, manifest_sha256="0" * 64)


def _set(*keys: tuple[str, int]) -> ModelSet:
    return join(ModelSet(generation=0), (_version(*key) for key in keys), NEEDS)


def _two() -> ModelSet:
    """a and b at 1, and a newer a that nobody runs yet."""
    return add_version(_set(("a", 1), ("b", 1)), _version("a", 2))


# --- any sequence ---------------------------------------------------------------------------

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
    _change(add_version, st.builds(_version, _names, _numbers)),
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
    served = [_set(("a", 1), ("a", 2), ("b", 1), ("c", 1))]
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
    served = [_set(("a", 1), ("a", 2), ("b", 1), ("b", 2))]
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
    current = _set(("a", 1), ("a", 2), ("b", 1), ("b", 2))
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


# --- versions and labels --------------------------------------------------------------------


def test_the_first_version_of_a_model_is_stable_and_later_ones_are_not() -> None:
    current = add_version(ModelSet(generation=0), _version("a", 3))
    assert add_version(current, _version("a", 5)).labels == {"a": {"stable": 3}}
    with pytest.raises(VersionExists, match="model a version 3 serves already"):
        add_version(current, _version("a", 3))


def test_promoting_a_version_derives_releases_of_every_pipeline_that_runs_its_like() -> None:
    current = add_version(_set(("a", 1), ("b", 1)), _version("b", 2))
    promoted = promote_version(current, "b", 2)
    assert promoted.labels["b"] == {"stable": 2}
    assert promoted.labels["a"] == {"stable": 1}
    assert {route.pipeline: route.stable for route in promoted.routes} == {
        "chest": "chest@2",
        "breast": "breast@2",
    }
    chest = promoted.release("chest@2")
    assert chest is not None
    assert chest.models == {"a": 1, "b": 2}
    assert chest.parameters == {"p": "1"}
    assert promoted.release("chest@1") == current.release("chest@1")
    assert promoted.generation == current.generation + 1


def test_promoting_back_and_forth_uses_the_same_releases_again() -> None:
    once = promote_version(_two(), "a", 2)
    back = promote_version(once, "a", 1)
    again = promote_version(back, "a", 2)
    assert len(again.releases) == len(once.releases) == 3
    assert same_content(again, once)
    assert same_content(promote_version(once, "a", 2), once)


def test_promoting_a_version_ends_the_canary_that_it_makes_stable() -> None:
    current = add_release(
        _two(),
        Release(
            name="chest",
            version=2,
            pipeline="chest",
            models={"a": 2, "b": 1},
            parameters={"p": "1"},
        ),
    )
    current = start_canary(current, "chest@2", 0.5, ["pacs"])
    assert promote_version(current, "a", 2).route("chest") == Route(
        pipeline="chest", stable="chest@2"
    )


@pytest.mark.parametrize(
    ("current", "key", "sentence"),
    [
        (_two(), ("a", 1), "a version 1 is labelled stable"),
        (set_label(_two(), "a", "next", 2), ("a", 2), "a version 2 is labelled next"),
        (_set(("a", 1), ("b", 1)), ("a", 1), "release chest@1 needs a version 1"),
        (promote_version(_two(), "a", 2), ("a", 1), "release chest@1 needs a version 1"),
    ],
)
def test_what_is_needed_is_not_removed(
    current: ModelSet, key: tuple[str, int], sentence: str
) -> None:
    with pytest.raises(IllegalTransition, match=sentence):
        remove_version(current, *key)


def test_the_last_version_of_a_model_takes_its_labels_along() -> None:
    current = add_version(_two(), _version("c", 1))
    left = remove_version(current, "c", 1)
    assert left.keys == _two().keys
    assert "c" not in left.labels
    with pytest.raises(ModelNotFound, match="no version of a model c is in service"):
        remove_version(left, "c", 1)


def test_an_eviction_takes_spare_releases_along_and_spares_routed_ones() -> None:
    promoted = promote_version(_two(), "a", 2)
    evicted = evict_version(promoted, "a", 1)
    assert ("a", 1) not in evicted.keys
    assert evicted.release("chest@1") is None
    with pytest.raises(IllegalTransition, match="release breast@1 needs b version 1"):
        evict_version(promoted, "b", 1)


@pytest.mark.parametrize(
    ("change", "error", "sentence"),
    [
        (lambda s: set_label(s, "a", "stable", 2), IllegalTransition, "moved by promoting"),
        (lambda s: remove_label(s, "a", "stable"), IllegalTransition, "moved by promoting"),
        (lambda s: set_label(s, "a", "7", 2), InvalidRequest, "a small letter first"),
        (lambda s: set_label(s, "a", "x", 9), ModelNotFound, "it has 1, 2"),
        (lambda s: remove_label(s, "a", "x"), ModelNotFound, "has that label"),
        (lambda s: promote_version(s, "a", 9), ModelNotFound, "it has 1, 2"),
        (lambda s: promote_release(s, "chest@9"), ModelNotFound, "there are: "),
        (lambda s: start_canary(s, "chest@1", 0.5), IllegalTransition, "is the stable release"),
        (lambda s: start_canary(s, "chest@1", 0), InvalidRequest, "sees no study"),
        (lambda s: start_canary(s, "chest@1", 2), InvalidRequest, "from 0 to 1"),
        (lambda s: start_shadow(s, "chest@1"), IllegalTransition, "cannot be its shadow"),
        (lambda s: stop_canary(s, "chest"), IllegalTransition, "no canary of chest"),
        (lambda s: stop_shadow(s, "brain"), IllegalTransition, "no release of brain is stable"),
        (lambda s: remove_release(s, "chest@1"), IllegalTransition, "in the route of chest"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(
    change: _Change, error: type[AiboxError], sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        change(_two())


def test_labels_are_moved_and_removed() -> None:
    labelled = set_label(set_label(_two(), "a", "next", 1), "a", "next", 2)
    assert labelled.labels["a"] == {"stable": 1, "next": 2}
    assert remove_label(labelled, "a", "next").labels == _two().labels


# --- releases and routes --------------------------------------------------------------------


def _canary() -> ModelSet:
    """The newer a in a release of its own, which half of the studies run."""
    release = Release(name="chest", version=2, pipeline="chest", models={"a": 2, "b": 1})
    return start_canary(add_release(_two(), release), "chest@2", 0.5, ["pacs", "pacs"])


def test_a_canary_is_started_changed_and_stopped() -> None:
    current = _canary()
    route = current.route("chest")
    assert route is not None
    assert (route.stable, route.canary, route.share, route.callers) == (
        "chest@1",
        "chest@2",
        0.5,
        ("pacs",),
    )
    wider = start_canary(current, "chest@2", 0.9).route("chest")
    assert wider is not None
    assert (wider.share, wider.callers) == (0.9, ())
    assert stop_canary(current, "chest").routes == _two().routes


def test_promoting_a_release_moves_its_models_and_ends_its_canary_and_shadow() -> None:
    promoted = promote_release(start_shadow(_canary(), "chest@2"), "chest@2")
    assert promoted.route("chest") == Route(pipeline="chest", stable="chest@2")
    assert promoted.stable("a") == 2
    breast = promoted.route("breast")
    assert breast is not None
    assert breast.stable == "breast@1"


def test_another_canary_outlives_a_promotion() -> None:
    current = start_shadow(_canary(), "chest@2")
    current = add_release(
        current, Release(name="chest", version=3, pipeline="chest", models={"b": 1})
    )
    route = promote_release(current, "chest@3").route("chest")
    assert route is not None
    assert (route.stable, route.canary, route.shadow) == ("chest@3", "chest@2", "chest@2")
    assert stop_shadow(current, "chest").route("chest") == _canary().route("chest")


def test_a_new_pipeline_is_routed_by_promoting_its_first_release() -> None:
    release = Release(name="knee", version=1, pipeline="knee", models={"a": 1})
    promoted = promote_release(add_release(_two(), release), "knee@1")
    assert promoted.route("knee") == Route(pipeline="knee", stable="knee@1")


def test_a_number_that_was_given_before_is_refused() -> None:
    removed = remove_release(stop_canary(_canary(), "chest"), "chest@2")
    assert next_number(removed, "chest") == 3
    release = Release(name="chest", version=2, pipeline="chest", models={"b": 1})
    with pytest.raises(VersionExists, match="the next one is chest@3"):
        add_release(removed, release)


def test_spare_releases_are_pruned_and_routed_ones_never() -> None:
    current = _two()
    for number in range(2, 12):
        release = Release(name="chest", version=number, pipeline="chest", models={"b": 1})
        current = add_release(current, release)
    pruned = prune_releases(current)
    assert [r.version for r in pruned.releases if r.name == "chest"] == [1, 7, 8, 9, 10, 11]
    assert KEPT_UNROUTED == 5
    assert pruned.generation == current.generation


# --- policy, rollback, repair ---------------------------------------------------------------


def test_a_policy_drops_what_nobody_needs() -> None:
    current = _two()
    for number in (3, 4, 5):
        current = add_version(current, _version("a", number))
    current = set_label(current, "a", "kept", 3)
    left = apply_policy(current, LATEST.wanted)
    # 1 is stable and in a release, 3 has a label, 5 is the latest.
    assert {v.version for v in left.versions if v.name == "a"} == {1, 3, 5}


def test_a_policy_holds_on_to_no_more_than_the_newest_spare_releases() -> None:
    current = _two()
    for number in range(3, 10):
        current = add_version(current, _version("a", number))
        release = Release(name="chest", version=number, pipeline="chest", models={"a": number})
        current = add_release(current, release)
    left = apply_policy(current, LATEST.wanted)
    assert {v.version for v in left.versions if v.name == "a"} == {1, 5, 6, 7, 8, 9}


def test_what_was_stable_leaves_with_its_release_once_it_is_replaced() -> None:
    before = _set(("a", 1), ("b", 1))
    promoted = promote_version(add_version(before, _version("a", 2)), "a", 2)
    after = retire_replaced(before, promoted, LATEST.wanted)
    assert after.keys == {("a", 2), ("b", 1)}
    assert {release.reference for release in after.releases} == {"chest@2", "breast@1"}
    back = rollback(after, before)
    assert back.stable("a") == 1
    assert back.routes == before.routes


def test_what_was_stable_stays_where_something_needs_it() -> None:
    before = set_label(_set(("a", 1), ("b", 1)), "a", "before", 1)
    promoted = promote_version(add_version(before, _version("a", 2)), "a", 2)
    assert retire_replaced(before, promoted, LATEST.wanted).keys == promoted.keys
    every = RegistrySettings(default_policy=VersionPolicy(all=Every()))
    plain = _set(("a", 1), ("b", 1))
    promoted = promote_version(add_version(plain, _version("a", 2)), "a", 2)
    assert retire_replaced(plain, promoted, every.wanted).keys == promoted.keys
    spare = Release(name="chest", version=2, pipeline="chest", models={"a": 1, "b": 1})
    with_spare = add_release(plain, spare)
    promoted = promote_version(add_version(with_spare, _version("a", 2)), "a", 2)
    after = retire_replaced(with_spare, promoted, LATEST.wanted)
    assert ("a", 1) in after.keys, "a release that was made and never ran is somebody's plan"


def test_a_rollback_brings_removed_versions_and_releases_back() -> None:
    before = _two()
    promoted = evict_version(promote_version(before, "a", 2), "a", 1)
    back = rollback(promoted, before)
    assert ("a", 1) in back.keys
    assert back.stable("a") == 1
    route = back.route("chest")
    assert route is not None
    assert route.stable == "chest@1"
    assert {r.reference for r in back.releases} == {"chest@1", "breast@1", "chest@2"}
    assert back.generation == promoted.generation + 1


def test_a_rollback_keeps_models_that_came_later() -> None:
    before = _two()
    later = add_version(promote_version(before, "a", 2), _version("new", 1))
    back = rollback(later, before)
    assert back.stable("new") == 1
    assert back.stable("a") == 1


def test_a_rollback_passes_over_sets_in_which_the_same_answered() -> None:
    first = _two()
    promoted = promote_version(first, "a", 2)
    loaded = add_version(promoted, _version("a", 3))
    assert rollback_target(loaded, (promoted, first)) == first
    back = rollback(loaded, first)
    assert rollback_target(back, (loaded, promoted, first)) == loaded
    with pytest.raises(IllegalTransition, match="nothing to roll back to"):
        rollback_target(first, (first,))


def test_a_repair_falls_back_to_what_is_left() -> None:
    current = promote_version(_canary(), "a", 2)
    sound = repair(current, current.keys - {("a", 2)})
    assert sound.stable("a") == 1
    assert sound.route("chest") == Route(pipeline="chest", stable="chest@1")
    assert {r.reference for r in sound.releases} == {"chest@1", "breast@1"}
    nothing = repair(current, frozenset({("a", 1)}))
    assert nothing.routes == ()
    assert nothing.labels == {"a": {"stable": 1}}
    # What comes back gets a number that no result names yet.
    again = join(nothing, (_version("b", 1),), NEEDS)
    assert {route.stable for route in again.routes} == {"chest@4", "breast@2"}


def test_a_repair_leaves_stable_where_it_can() -> None:
    current = add_version(_two(), _version("a", 3))
    assert repair(current, current.keys - {("a", 2)}).stable("a") == 1


def test_a_repair_ends_a_canary_whose_model_is_gone() -> None:
    sound = repair(_canary(), _canary().keys - {("a", 2)})
    assert sound.route("chest") == Route(pipeline="chest", stable="chest@1")


def test_joining_leaves_stable_and_routes_as_they_are() -> None:
    current = _set(("a", 1), ("b", 1))
    joined = join(current, (_version("a", 2), _version("c", 1), _version("c", 2)), NEEDS)
    assert joined.labels == {"a": {"stable": 1}, "b": {"stable": 1}, "c": {"stable": 2}}
    assert joined.routes == current.routes
    assert joined.generation == current.generation + 1


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
