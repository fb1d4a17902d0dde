"""How `--help` is laid out: no line ends inside an option or a date, and lists of words fit the terminal."""

from collections.abc import Iterable
from typing import Final

import click

_HYPHEN: Final = "\N{NON-BREAKING HYPHEN}"  # textwrap breaks lines behind any other


class HelpFormatter(click.HelpFormatter):
    """Click's layout, but `--max-age` stays whole, and a long `[a|b|c]` goes on in the next line."""

    def write_text(self, text: str) -> None:
        """Write a paragraph."""
        super().write_text(text.replace("-", _HYPHEN))

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        """Write names, each with its explanation."""
        whole = [(self._broken(name), words.replace("-", _HYPHEN)) for name, words in rows]
        super().write_dl(whole, min(col_max, self.width // 3), col_spacing)

    def _broken(self, name: str) -> str:
        """Return the name of an option with its choices in lines that fit."""
        indent = " " * (self.current_indent + name.find("[") + 1)
        lines = [""]
        for choice in name.split("|"):
            if lines[-1] and self.current_indent + len(lines[-1]) + len(choice) + 1 > self.width:
                lines.append(indent)
            lines[-1] += f"{choice}|"
        return "\n".join(lines).removesuffix("|")

    def getvalue(self) -> str:
        """Return what was written."""
        return super().getvalue().replace(_HYPHEN, "-")
