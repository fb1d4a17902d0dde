"""Which ids of a catalog can be tracked."""

from unicodedata import category

LONGEST_ID_BYTES = 512  # longer ids are no ids; a B-tree of Postgres holds 2,704 bytes


def is_path(text: str) -> bool:
    """Say whether an id can stand in an address without leading elsewhere: no empty or dotted segment."""
    return all(segment.strip(".") for segment in text.split("/"))  # ".." leaves the path


def is_trackable_id(text: str) -> bool:
    """Say whether a model id, of at most 512 bytes of UTF-8, can be tracked (rules.md 33)."""
    if not text or any(category(character) in {"Cc", "Cs"} for character in text):
        return False  # control characters, lone surrogates
    return len(text.encode()) <= LONGEST_ID_BYTES
