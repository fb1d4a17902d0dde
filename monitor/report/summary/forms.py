"""The forms that a summary is printed and kept in, by the names of the configuration."""

import json
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final

from monitor.core.summary.values import Summary
from monitor.report.layout.html import as_html
from monitor.report.layout.markdown import as_markdown
from monitor.report.layout.text import as_text
from monitor.report.summary.content import summary_content
from monitor.report.summary.document import summary_document
from monitor.report.words.paths import Links


def summary_text(summary: Summary, links: Links | None = None) -> str:
    """Return a summary as plain text of 80 columns."""
    return as_text(summary_content(summary, links))


def summary_markdown(summary: Summary, links: Links | None = None) -> str:
    """Return a summary as CommonMark."""
    return as_markdown(summary_content(summary, links))


def summary_html(summary: Summary, links: Links | None = None) -> str:
    """Return a summary as an HTML document for mail."""
    return as_html(summary_content(summary, links))


def summary_json(summary: Summary, links: Links | None = None) -> str:
    """Return the document of a summary as indented JSON."""
    # NaN is no JSON; one would be a fault of ours
    return json.dumps(summary_document(summary, links), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


FORMS: Final[Mapping[str, Callable[[Summary, Links | None], str]]] = MappingProxyType(
    {"text": summary_text, "markdown": summary_markdown, "html": summary_html, "json": summary_json}
)
SUFFIXES: Final[Mapping[str, str]] = MappingProxyType(
    {"text": ".txt", "markdown": ".md", "html": ".html", "json": ".json"}
)
