"""The change summary for people and machines: one value as text, Markdown, HTML and JSON.

`words.py` says everything once; the renderings only lay it out.
"""

from monitor.report.summary.counts import headline, summary_title
from monitor.report.summary.document import summary_document
from monitor.report.summary.forms import FORMS, SUFFIXES, summary_json
from monitor.report.summary.html import summary_html
from monitor.report.summary.links import Links
from monitor.report.summary.markdown import summary_markdown
from monitor.report.summary.message import summary_message
from monitor.report.summary.text import summary_text

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
    "summary_text",
    "summary_title",
]
