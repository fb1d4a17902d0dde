"""Gives a mail our own text beside its HTML.

A mail has both, and Apprise makes the text of the HTML: bullets and addresses of links are lost. It cannot
be given both, so its plugins' converter is replaced by one that knows the text of the message that is being
sent in this thread; everything else is converted as before.
"""

import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

_NAME: Final = "convert_between"  # as Apprise's plugins call it


class _Sent(threading.local):
    """The HTML that this thread sends, and its text; each message is sent in a thread of its own."""

    html: str = ""
    text: str = ""


_SENT: Final = _Sent()


@contextmanager
def plain_part(service: object, html: str, text: str) -> Iterator[None]:
    """Let a service send `text` where it would make text of this whole `html`."""
    for kind in type(service).__mro__:
        module = sys.modules[kind.__module__]
        convert = getattr(module, _NAME, None)
        if convert is not None and not isinstance(convert, _Converter):
            setattr(module, _NAME, _Converter(convert))
    _SENT.html, _SENT.text = html.strip(), text
    try:
        yield
    finally:
        _SENT.html = _SENT.text = ""


class _Converter:
    """Apprise's function, but for the message that is being sent."""

    def __init__(self, convert: Callable[[Any, Any, str], str]) -> None:
        self._convert = convert

    def __call__(self, from_format: Any, to_format: Any, content: str) -> str:  # noqa: ANN401 - Apprise's
        from apprise import NotifyFormat  # noqa: PLC0415 - slow to load, and loaded by now

        is_ours = bool(_SENT.html) and content.strip() == _SENT.html  # a part of a split message is not
        if is_ours and (from_format, to_format) == (NotifyFormat.HTML, NotifyFormat.TEXT):
            return _SENT.text
        return self._convert(from_format, to_format, content)
