"""Names of environment variables and paths of files, as against the secrets that they should lead to."""

import re

_NAME = re.compile(r"[A-Z_][A-Z0-9_]{0,63}")
# how a variable is written elsewhere: in shells, in LiteLLM's files, in this file's other keys
_WRITTEN = re.compile(r"(?:\$\{?|%|env:|os\.environ/|\{\{\s*env\.)(?P<name>[A-Za-z_]\w*)(?:\}|%|\s*\}\})?")
_KEY = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z])[\w.+=-]{20,}|(?:sk|nvapi|gsk|hf|xai|pplx|csk|fw|r8)[-_][\w-]+")


def checked_variable(name: str) -> str:
    """Return the name of an environment variable; raises ValueError, without showing what may be a key."""
    if _is_name(name):
        return name
    if written := written_variable(name):
        raise ValueError(f'must be the name alone; write "{written}"')
    raise ValueError("must be the name of an environment variable in capitals, not the key itself")


def written_variable(text: str) -> str | None:
    """Return the variable that a text such as `$NAME` or `os.environ/NAME` means; None for any other text."""
    written = _WRITTEN.fullmatch(text)
    if written and (_is_name(written["name"]) or not is_like_a_key(written["name"])):
        return written["name"].upper()
    return None


def _is_name(text: str) -> bool:
    # Capitals only: hardly a provider's keys look like that, so a key pasted here is refused and never shown.
    return _NAME.fullmatch(text) is not None and ("_" in text or not is_like_a_key(text))


def checked_secret_path(path: str) -> str:
    """Return the path of a file that holds a secret; raises ValueError for what looks like the secret."""
    if is_like_a_key(path):
        raise ValueError("must be the path of a file that holds the key, not the key itself")
    return path


def is_like_a_key(text: str) -> bool:
    """Return whether a text looks like a key rather than like a name or a path."""
    return _KEY.fullmatch(text) is not None
