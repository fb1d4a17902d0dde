"""What an answer must hold to be one, written anew: no look at the code that reads answers."""

_BEGINNINGS = ("message_start", "response.created", "message")


def holds_a_result(document: object) -> bool:
    """Whether a document could be an answer at all: a choice, or what other endpoints give."""
    if not isinstance(document, dict):
        return False
    has_rows = any(document.get(name) for name in ("choices", "data", "artifacts", "results", "rankings"))
    return has_rows or document.get("type") in _BEGINNINGS or document.get("object") == "response"
