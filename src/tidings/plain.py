"""Text as it is compared and indexed: TeX and markup made plain, blanks collapsed, names and titles in normal form.

What a record says is kept as its source wrote it; these forms are derived and never shown in its place.
"""

from __future__ import annotations

import html
import re
import unicodedata

from tidings.tex import to_unicode

# Control characters, lone surrogates, marks of direction that can disguise text, and blanks of no width.
# The joiners U+200C and U+200D stay: Persian and Indic words need them.
_UNWANTED = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ud800-\udfff\ufeff]"
)

_AMPERSANDS = re.compile(r"&(?:amp;)+", re.IGNORECASE)
_TAG = re.compile(
    r"</?(?P<name>b|i|u|s|em|strong|sub|sup|tt|code|small|span|a|p|br|div|li|ul|ol|(?:jats|mml):[a-z-]{1,30})"
    r"(?:\s[\w:-]{1,40}\s?=\s?(?:\"[^\"<>]{0,500}\"|'[^'<>]{0,500}'))*\s?/?>",
    re.IGNORECASE,
)
_BREAKS = frozenset(("p", "br", "div", "li", "ul", "ol", "jats:p", "jats:title", "jats:sec"))
_LEFT_OVER = re.compile(r"[\\$&<>~`{}]+|-{2,}|'{2,}")

_SMALL_WORDS = """
    a an the of for and or in on with to via from using by is are be at as its it that this towards toward based into
    through over under without within between across beyond not no can do does how what when why where we you our their
    your all more less et al
"""
SMALL_WORDS = frozenset(_SMALL_WORDS.split())
"""Words that say nothing of a subject: no topic is named by one, and none is a reason."""

_GREEK_NAMES = """
    alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon phi chi
    psi omega
"""
_GREEK = str.maketrans(dict(zip("αβγδεζηθικλμνξοπρστυφχψω", _GREEK_NAMES.split(), strict=True)))
# Letters that Unicode does not decompose though people type them without their stroke.
_STROKES = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "ħ": "h", "×": "x"}
)
_NOT_PLAIN_ASCII = re.compile(r"[^a-z0-9]+")

_PARENTHESES = re.compile(r"[(\[{][^()\[\]{}]{0,500}[)\]}]")
_SUFFIXES = frozenset(("jr", "sr", "ii", "iii", "iv", "phd", "md", "esq"))
_NOT_A_LETTER = re.compile(r"[\W\d_]+")


def collapse(text: str) -> str:
    """Return the text on one line, blanks collapsed, without control characters and lone surrogates."""
    if "\n" in text:
        text = text.replace("\n", " ")
    if text.isprintable() and "  " not in text and text[:1] != " " and text[-1:] != " ":
        return text
    text = " ".join(text.split())
    if text.isprintable():
        return text
    return " ".join(_UNWANTED.sub("", text).split())


def plain(text: str) -> str:
    """Return the text without TeX and markup, for indexing and comparing: ``$x^2$`` gives x2, ``\\"o`` gives ö.

    Idempotent. Text without any mark comes back as it is, at once. Dollars and braces are always dropped.
    """
    if not _is_marked(text):
        return text
    for _ in range(4):  # what one pass uncovers (an entity that was a tag), the next one takes away
        shorter = _without_marks(text)
        if shorter == text:
            return text
        text = shorter
    return " ".join(_LEFT_OVER.sub(" ", text).split())


def title_key(title: str) -> str:
    """Return what two spellings of one title share: letters and digits of any script, casefolded, without accents.

    Greek letters count as their names and ``&`` as "and", as sources write either. A title of signs alone gives "".
    """
    text = plain(title).casefold()
    if "&" in text:
        text = text.replace("&", "and")
    if text.isascii():
        return _NOT_PLAIN_ASCII.sub("", text)
    text = _unaccented(text).translate(_GREEK)
    return "".join(filter(_counts, text))


def surname(name: str) -> str:
    """Return the last word of a person's surname, lower-case, unaccented letters only; "" where there is none.

    Particles fall away ("Jane van der Berg" and "Berg, Jane van der" give berg), and so do "Jr." and affiliations.
    """
    text = plain(name)
    if "(" in text or "[" in text:
        text = _PARENTHESES.sub(" ", text)
    family, comma, _ = text.partition(",")
    words = _words(family) or _words(text)
    if not comma and len(words) > 1 and len(words[-1]) == 1 and len(words[-2]) > 1 and name.rstrip()[-1:] == ".":
        return words[-2]  # "Berg J.": initials after the surname, as indexes of medicine print it
    return words[-1] if words else ""


def _is_marked(text: str) -> bool:
    """Whether any character of TeX or markup occurs; separate searches, as each is a memchr and a regex is not."""
    return (
        "\\" in text
        or "$" in text
        or "{" in text
        or "}" in text
        or "<" in text
        or "&" in text
        or "~" in text
        or "`" in text
        or "--" in text
        or "''" in text
    )


def _without_marks(text: str) -> str:
    if "&" in text:
        text = collapse(html.unescape(_AMPERSANDS.sub("&", text)))  # an entity may name a control character
    if "<" in text:
        text = _TAG.sub(_tag, text)
    return " ".join(to_unicode(text).split())


def _tag(match: re.Match[str]) -> str:
    return " " if match["name"].lower() in _BREAKS else ""


def _unaccented(text: str) -> str:
    """Casefold and decompose until nothing changes (a decomposed letter may have a case of its own), drop accents."""
    for _ in range(4):
        folded = unicodedata.normalize("NFKD", text).casefold()
        if folded == text:
            break
        text = folded
    return "".join(character for character in text if not unicodedata.combining(character)).translate(_STROKES)


def _counts(character: str) -> bool:
    """Letters and digits, and the vowel signs without which words of Indic scripts fall together."""
    return character.isalnum() or unicodedata.category(character) in {"Mn", "Mc"}


def _words(text: str) -> list[str]:
    """Return the words of a name, normalised, without suffixes unless nothing else is left."""
    if not text.isascii():
        text = _unaccented(text)
    words = [_NOT_A_LETTER.sub("", word) for word in text.casefold().split()]
    words = [word for word in words if word]
    while len(words) > 1 and words[-1] in _SUFFIXES:
        words.pop()
    return words
