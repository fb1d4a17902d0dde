"""Content as a message in every form that a channel may want."""

from collections.abc import Mapping
from dataclasses import replace

from monitor.core.notification.message import Message
from monitor.report.layout.content import Content
from monitor.report.layout.html import as_html
from monitor.report.layout.markdown import as_markdown
from monitor.report.layout.text import as_text


def message_of(id: str, title: str, content: Content, document: Mapping[str, object]) -> Message:  # noqa: A002
    """Return content as a message whose id stands at the foot of each form; `document` is for machines."""
    content = replace(content, foot=f"Message {id}")  # to find it in the log
    return Message(
        id=id,
        title=title,
        text=as_text(content, has_links=True),  # as the other forms have them
        markdown=as_markdown(content, can_fold=False),
        html=as_html(content),
        document={"id": id, **document},
    )
