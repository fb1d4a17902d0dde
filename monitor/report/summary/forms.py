"""The forms that a summary is printed and kept in, by the names of the configuration."""

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from monitor.core.summary.values import Summary
from monitor.report.summary.document import summary_document
from monitor.report.summary.html import summary_html
from monitor.report.summary.links import Links
from monitor.report.summary.markdown import summary_markdown
from monitor.report.summary.text import summary_text

Form = Callable[[Summary, Links | None], str]


def summary_json(summary: Summary, links: Links | None = None) -> str:
    """Return the document of a summary as indented JSON."""
    return json.dumps(summary_document(summary, links), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


FORMS: Final[Mapping[str, Form]] = MappingProxyType(
    {"text": summary_text, "markdown": summary_markdown, "html": summary_html, "json": summary_json}
)
SUFFIXES: Final[Mapping[str, str]] = MappingProxyType(
    {"text": ".txt", "markdown": ".md", "html": ".html", "json": ".json"}
)
