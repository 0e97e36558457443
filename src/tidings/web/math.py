r"""Titles and abstracts as HTML: everything escaped, matched words marked, formulas as MathML, TeX's text commands set.

Nothing of the text reaches the page as markup: text is escaped, and of a formula only MathML elements and attributes
that are known to be harmless are written, by ourselves.
"""

from __future__ import annotations

import html
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from markupsafe import Markup, escape

from tidings.rank.marks import Range, formulas
from tidings.tex import to_unicode

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

LONGEST_FORMULA = 1_000
_DEEPEST = 16  # braces inside each other within which styles are still set

_SIGNS_OF_TEX = ("\\", "$", "~", "{", "--", "``", "''")
_TAGS = {"emph": "em", "textit": "em", "textsl": "em", "textbf": "strong", "texttt": "code"}
_OLD_TAGS = {"em": "em", "it": "em", "sl": "em", "bf": "strong", "tt": "code"}
_TEX = re.compile(
    r"""
      \\(?P<style>emph|textit|textsl|textbf|texttt|textsc|textrm|textsf|textnormal|text)\s*\{
    | \{\s*\\(?P<old>em|it|sl|bf|tt|sc|rm)(?![A-Za-z])\s*
    | (?P<letters>
          (?P<wrapped>\{)?\\(?:["'`^~=.]|[uvHcdrkb](?=[\s{]))\s?
            (?:\{\\?[A-Za-z]\}|\\[ij](?![A-Za-z])|[A-Za-z])(?(wrapped)\})
        | \\(?P<command>[A-Za-z]+)(?:\{\}|(?<=\\[oOlLij])[ ])?
      )
    | \\(?P<literal>[&%$\#_{} ])
    | (?<!-)(?P<dashes>---|--(?=\s)|(?<=\S)--(?=\S))(?!-)
    | (?<=[\w.,)}])(?P<tie>~)(?=[\w\\$(])
    | (?P<quotes>``|'')
    | (?P<brace>[{}])
    """,
    re.VERBOSE,
)
_DASHES = {"--": "–", "---": "—"}
_QUOTES = {"``": "“", "''": "”"}

_ELEMENTS = frozenset(
    (
        *("math", "mrow", "mi", "mn", "mo", "mtext", "mspace", "ms", "mfrac", "msqrt", "mroot", "mstyle", "merror"),
        *("mpadded", "mphantom", "mfenced", "menclose", "msub", "msup", "msubsup", "munder", "mover", "munderover"),
        *("mmultiscripts", "mprescripts", "none", "mtable", "mtr", "mtd", "mlabeledtr"),
    )
)
_CHILDREN = {
    **dict.fromkeys(("mfrac", "mroot", "msub", "msup", "munder", "mover"), (2,)),
    **dict.fromkeys(("msubsup", "munderover"), (3,)),
}
_ATTRIBUTES = frozenset(
    (
        *("display", "displaystyle", "scriptlevel", "stretchy", "fence", "separator", "form", "lspace", "rspace"),
        *("minsize", "maxsize", "largeop", "movablelimits", "accent", "accentunder", "linethickness", "width"),
        *("height", "depth", "voffset", "notation", "open", "close", "columnalign", "rowalign", "columnspacing"),
        *("rowspacing", "columnlines", "rowlines", "symmetric", "xmlns"),
    )
)
_SAFE_VALUE = re.compile(r"[\w .%+:/|()\[\]-]{0,60}")
_REFERENCE = re.compile(r"&#x([0-9A-Fa-f]{5});")
_UNKNOWN_COMMAND = re.compile(r"\\[A-Za-z]*")
# Authors' own commands that many share, so that their meaning is plain: \R, \RR, \bR and \IR are the real numbers.
_NUMBERS = re.compile(r"\\(?:bb?|I|mathbb)?(?P<letter>[CNQRZ])(?P=letter)?(?![A-Za-z])")
_SHARED = re.compile(r"\\(?P<name>eps|ep|veps|vepsi|Om|om|hdots|mc|cal|Cal|bs|mbb|ang)(?![A-Za-z])")
_MEANINGS = {
    **dict.fromkeys(("eps", "ep", "veps", "vepsi"), r"\varepsilon"),
    **{"Om": r"\Omega", "om": r"\omega", "hdots": r"\dots", "mc": r"\mathcal", "Cal": r"\mathcal", "cal": r"\mathcal"},
    **{"bs": r"\boldsymbol", "mbb": r"\mathbb", "ang": r"\angle"},
}
_VARIANTS = {
    **{"bold": "BOLD", "italic": "ITALIC", "bold-italic": "BOLD ITALIC", "script": "SCRIPT", "fraktur": "FRAKTUR"},
    **{"bold-script": "BOLD SCRIPT", "double-struck": "DOUBLE-STRUCK", "sans-serif": "SANS-SERIF"},
    **{"monospace": "MONOSPACE", "bold-fraktur": "BOLD FRAKTUR"},
}


def render(text: str, marks: Sequence[Range] = ()) -> Markup:
    """Return the text as HTML with ``marks`` (ranges in order and apart) inside ``<mark>``."""
    if not any(sign in text for sign in _SIGNS_OF_TEX):
        return Markup(_marked(text, 0, len(text), _Marks(marks)) if marks else escape(text))  # noqa: S704 - escaped
    return Markup("".join(_pieces(text, _Marks(marks))))  # noqa: S704 - every piece is escaped


class _Marks:
    """Ranges that can be cut out of by place, in the time of a binary search."""

    def __init__(self, ranges: Sequence[Range]) -> None:
        self._ranges = ranges
        self._ends = [end for _, end in ranges]

    def within(self, start: int, end: int) -> Iterator[Range]:
        """Yield the parts of the ranges that lie between ``start`` and ``end``."""
        for at in range(bisect_right(self._ends, start), len(self._ranges)):
            low, high = self._ranges[at]
            if low >= end:
                return
            yield max(low, start), min(high, end)


def _marked(text: str, start: int, end: int, marks: _Marks) -> str:
    """Return a part of the text, escaped and marked."""
    found: list[str] = []
    at = start
    for low, high in marks.within(start, end):
        found += (html.escape(text[at:low]), "<mark>", html.escape(text[low:high]), "</mark>")
        at = high
    found.append(html.escape(text[at:end]))
    return "".join(found)


def _pieces(text: str, marks: _Marks) -> Iterator[str]:
    setting = _Setting()
    at = 0
    for start, end in formulas(text):
        yield from _prose(text, at, start, marks, setting)
        yield formula(text[start:end])
        at = end
    yield from _prose(text, at, len(text), marks, setting)
    yield from setting.rest()


def _prose(text: str, start: int, end: int, marks: _Marks, setting: _Setting) -> Iterator[str]:
    """Yield what stands between formulas."""
    at = start
    for match in _TEX.finditer(text, start, end):
        yield _marked(text, at, match.start(), marks)
        yield setting.of(match)
        at = match.end()
    yield _marked(text, at, end, marks)


class _Setting:
    """TeX's text commands as HTML, and the braces that are open."""

    def __init__(self) -> None:
        self._open: list[str] = []

    def of(self, match: re.Match[str]) -> str:
        """Return what a command shows."""
        kind = match.lastgroup
        if match["style"] or match["old"]:
            return self._begin(_TAGS.get(match["style"] or "") or _OLD_TAGS.get(match["old"] or "", ""))
        if kind == "brace":
            return self._brace(match["brace"])
        return str(escape(_symbol(match)))

    def _begin(self, tag: str) -> str:
        if len(self._open) >= _DEEPEST:
            tag = ""
        self._open.append(f"</{tag}>" if tag else "")
        return f"<{tag}>" if tag else ""

    def _brace(self, brace: str) -> str:
        if brace == "{":
            self._open.append("}")
            return "{"
        return self._open.pop() if self._open else "}"

    def rest(self) -> Iterator[str]:
        """Yield the ends of what was never closed."""
        yield from (end for end in reversed(self._open) if end != "}")


def _symbol(match: re.Match[str]) -> str:
    if match["letters"]:
        return _letters(match)
    if match["literal"]:
        return match["literal"]
    if match["tie"]:
        return "\u00a0"
    return _DASHES[match["dashes"]] if match["dashes"] else _QUOTES[match["quotes"]]


def _letters(match: re.Match[str]) -> str:
    """Return an accented letter or a symbol; a command that is neither as it was written."""
    letters = to_unicode(match[0])
    return letters if not match["command"] or not letters.isascii() or match["command"] in "ij" else match[0]


@lru_cache(maxsize=16_384)
def formula(source: str) -> str:
    r"""Return a formula with its delimiters as MathML; its source as ``<code class="tex">`` where that fails."""
    wide = source.startswith(("$$", r"\["))
    size = 2 if wide or source.startswith("\\") else 1
    inner = source[size:-size].strip()
    if inner and len(inner) <= LONGEST_FORMULA:
        written = _mathml(inner, "block" if wide else "inline")
        if written is not None:
            return written
    return f'<code class="tex">{escape(source)}</code>'


def _mathml(inner: str, display: str) -> str | None:
    from latex2mathml.converter import convert_to_element

    known = _SHARED.sub(lambda match: _MEANINGS[match["name"]], _NUMBERS.sub(r"\\mathbb{\g<letter>}", inner))
    try:
        return "".join(_written(convert_to_element(known, display=display)))
    except Exception:  # noqa: BLE001 - a parser given anything at all raises anything at all; the source is shown
        return None


def _written(element: Element) -> Iterator[str]:
    """Yield an element as text. Raises ValueError for what is not MathML, incomplete or not understood."""
    if element.tag not in _ELEMENTS:
        raise ValueError(f"not an element of MathML: {element.tag}")
    if len(element) not in _CHILDREN.get(element.tag, (len(element),)):
        raise ValueError(f"an incomplete {element.tag}")
    yield f"<{element.tag}{''.join(_attributes(element))}>"
    yield str(escape(_characters(element)))
    for child in element:
        yield from _written(child)
    yield f"</{element.tag}>"


def _attributes(element: Element) -> Iterator[str]:
    for name, value in element.attrib.items():
        if name in _ATTRIBUTES and _SAFE_VALUE.fullmatch(value):
            yield f' {name}="{escape(value)}"'


def _characters(element: Element) -> str:
    text = _REFERENCE.sub(lambda match: chr(int(match[1], 16)), element.text or "")
    if _UNKNOWN_COMMAND.fullmatch(text):
        raise ValueError(f"an unknown command: {text}")
    variant = _VARIANTS.get(element.get("mathvariant", ""))
    return "".join(_in_variant(character, variant) for character in text) if variant else text


def _in_variant(character: str, variant: str) -> str:
    """Return a letter in a style of its own: browsers know the styled letters, but no longer the attribute."""
    if not (character.isascii() and character.isalpha()) or variant == "ITALIC":
        return character
    name = f"{variant} {'CAPITAL' if character.isupper() else 'SMALL'} {character.upper()}"
    for candidate in (f"MATHEMATICAL {name}", name, name.replace("FRAKTUR", "BLACK-LETTER")):
        try:
            return unicodedata.lookup(candidate)
        except KeyError:
            continue
    return character
