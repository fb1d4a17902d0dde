"""Names of models where several providers have the same id, and what a name means."""

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.domain.policy import Policy
from monitor.core.history.model_names import Key, models_named, nearest_names, shown_names
from monitor.core.history.selection import Selection, Watched

ALL = Selection(watched=Watched({}), is_all=True)
# few words, so that ids repeat and are what other models are called with their provider
KEYS = st.sets(
    st.tuples(st.sampled_from("abc"), st.lists(st.sampled_from("abcx"), min_size=1, max_size=4).map("/".join))
)


def test_only_an_id_that_repeats_carries_its_provider() -> None:
    names = shown_names([("a", "x"), ("b", "x"), ("b", "y")])
    assert names == {("a", "x"): "a/x", ("b", "x"): "b/x", ("b", "y"): "y"}


def test_an_id_that_reads_like_another_model_and_its_provider_carries_its_own() -> None:
    keys = [("a", "x"), ("b", "x"), ("c", "a/x")]
    assert shown_names(keys) == {("a", "x"): "a/x", ("b", "x"): "b/x", ("c", "a/x"): "c/a/x"}
    assert shown_names([("a", "x"), ("c", "a/x")]) == {("a", "x"): "x", ("c", "a/x"): "a/x"}


@given(KEYS)
def test_every_name_that_is_printed_means_the_model_it_was_printed_for(keys: set[Key]) -> None:
    names = shown_names(keys)
    assert len({*names.values()}) == len(keys)
    assert all(models_named(name, keys, ALL) == [key] for key, name in names.items())


@given(KEYS)
def test_the_provider_and_the_id_name_a_model_unless_another_is_printed_so(keys: set[Key]) -> None:
    printed = {*shown_names(keys).values()}
    for key in keys:
        assert key in models_named("/".join(key), keys, ALL) or "/".join(key) in printed


def test_an_id_of_several_providers_means_all_of_them_and_the_watched_ones_come_first() -> None:
    keys = [("a", "x"), ("b", "x"), ("former", "x"), ("former", "old")]
    selection = Selection(watched=Watched({"a": Policy(), "b": Policy()}))
    assert models_named("x", keys, selection) == [("a", "x"), ("b", "x")]
    assert models_named("old", keys, selection) == [("former", "old")]
    assert models_named("former/x", keys, selection) == [("former", "x")]
    assert models_named("X", keys, selection) == []


def test_names_that_may_have_been_meant_are_those_of_the_selection() -> None:
    keys = [("a", "meta/llama-3.1-8b-instruct"), ("a", "openai/gpt-oss-120b"), ("b", "openai/gpt-oss-120b")]
    for typed in ("Meta/Llama-3.1-8B-Instruct", "llama-3.1-8b-instruct", "meta/lama-3.1-8b-instruct"):
        assert nearest_names(typed, keys, ALL)[0] == "meta/llama-3.1-8b-instruct"
    assert set(nearest_names("gpt-oss-120b", keys, ALL)) == {"a/openai/gpt-oss-120b", "b/openai/gpt-oss-120b"}
    assert nearest_names("gpt-oss-120b", keys, Selection(watched=Watched({}))) == ()
