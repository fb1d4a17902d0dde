"""Counts in words, in every place alike."""


def counted(number: int, one: str, several: str = "") -> str:
    """Return `1 model`, `1,200 models`; `several` is the plural where it is not `one` with an s."""
    return f"{number:,} {one if number == 1 else several or f'{one}s'}"
