"""The daily summary, in words and as JSON."""

from monitor.report.summary.counts import headline, summary_title
from monitor.report.summary.document import summary_document
from monitor.report.summary.forms import (
    FORMS,
    SUFFIXES,
    summary_html,
    summary_json,
    summary_markdown,
    summary_text,
)
from monitor.report.summary.message import summary_message
from monitor.report.summary.subject import summary_subject
from monitor.report.words.paths import Links

__all__ = [
    "FORMS",
    "SUFFIXES",
    "Links",
    "headline",
    "summary_document",
    "summary_html",
    "summary_json",
    "summary_markdown",
    "summary_message",
    "summary_subject",
    "summary_text",
    "summary_title",
]
