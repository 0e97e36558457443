"""Text as any feed reader can show it: no TeX, no markup, no character that XML cannot hold."""

from __future__ import annotations

import re
from functools import lru_cache

from tidings.plain import collapse, plain

# https://www.w3.org/TR/xml/#charsets
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# Readers take titles for HTML, whatever the format says: no text of a source may begin a tag, or name a character.
_TAG = re.compile(r"<(?=[A-Za-z/!?])")
_ENTITY = re.compile(r"&(?=#?\w{1,32};)")
_RAISED = re.compile(r"\^\s*(?:\{\s*([-+]?[0-9n]{1,4})\s*\}|([0-9n](?![0-9A-Za-z])))")
_LOWERED = re.compile(r"_\s*(?:\{\s*([0-9]{1,4})\s*\}|([0-9](?![0-9A-Za-z])))")
_SUPERSCRIPTS = str.maketrans("0123456789+-n", "⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿ")
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


@lru_cache(maxsize=8192)
def shown(text: str) -> str:
    """Return a text of a source on one line, to be read as plain text: ``$O(n^2)$`` gives O(n²).

    Where a reader takes it for HTML after all, it is the same text: ``<script>`` gives ‹script>. Idempotent.
    """
    text = _RAISED.sub(lambda match: (match[1] or match[2]).translate(_SUPERSCRIPTS), text)
    text = _LOWERED.sub(lambda match: (match[1] or match[2]).translate(_SUBSCRIPTS), text)
    return collapse(_ENTITY.sub("＆", _TAG.sub("‹", without_controls(plain(text)))))


def without_controls(text: str) -> str:
    """Return a text without what XML 1.0 cannot hold: control characters, lone surrogates, U+FFFE and U+FFFF."""
    return _NOT_XML.sub("", text)
