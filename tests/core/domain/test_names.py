"""A name that nothing has: what there is instead, and what may have been meant."""

from monitor.core.domain.names import unknown_words


def test_of_several_names_the_most_similar_one_is_suggested() -> None:
    words = unknown_words("provider", "nvidea", ["former", "nvidia"])
    assert words == 'no provider "nvidea"; there is: former, nvidia; did you mean "nvidia"?'


def test_a_single_name_is_not_suggested_again() -> None:
    assert unknown_words("provider", "nvidea", ["nvidia"]) == 'no provider "nvidea"; there is: nvidia'
