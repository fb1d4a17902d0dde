"""Secrets are masked wherever they stand in what is shown, stored or logged, however they are written.

A secret is known as it is; a server, a library or a page may write it with escapes (of addresses, HTML, JSON,
Python, shells, in any mixture and any number of layers), in base64 as a part of a longer text, or in
hexadecimal.
"""

from monitor.masking.masker import MASK, Masker, holds_secret, masked

__all__ = ["MASK", "Masker", "holds_secret", "masked"]
