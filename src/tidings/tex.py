"""TeX as it stands in titles, abstracts and names, made plain Unicode.

A page of rules rather than a library: the parsers of TeX that exist take milliseconds for an abstract,
and a hundred thousand abstracts have some TeX.
"""

from __future__ import annotations

import re
import unicodedata

_COMBINING = {
    '"': "\u0308", "'": "\u0301", "`": "\u0300", "^": "\u0302", "~": "\u0303", "=": "\u0304", ".": "\u0307",
    "c": "\u0327", "v": "\u030c", "H": "\u030b", "u": "\u0306", "r": "\u030a", "k": "\u0328", "d": "\u0323",
    "b": "\u0331",
}  # fmt: skip

_SYMBOL_TABLE = """
    alpha=α beta=β gamma=γ delta=δ epsilon=ε varepsilon=ε zeta=ζ eta=η theta=θ vartheta=θ iota=ι kappa=κ lambda=λ
    mu=μ nu=ν xi=ξ pi=π varpi=π rho=ρ varrho=ρ sigma=σ varsigma=σ tau=τ upsilon=υ phi=φ varphi=φ chi=χ psi=ψ
    omega=ω Gamma=Γ Delta=Δ Theta=Θ Lambda=Λ Xi=Ξ Pi=Π Sigma=Σ Upsilon=Υ Phi=Φ Psi=Ψ Omega=Ω ss=ß o=ø O=Ø l=ł L=Ł
    ae=æ AE=Æ oe=œ OE=Œ aa=å AA=Å i=i j=j dh=ð DH=Ð th=þ TH=Þ dj=đ DJ=Đ times=× cdot=· pm=± mp=∓ leq=≤ le=≤
    leqslant=≤ geq=≥ ge=≥ geqslant=≥ neq=≠ ne=≠ approx=≈ sim=∼ simeq=≃ equiv=≡ cong=≅ propto=∝ infty=∞ partial=∂
    nabla=∇ int=∫ iint=∬ oint=∮ sum=∑ prod=∏ sqrt=√ in=∈ notin=∉ subset=⊂ subseteq=⊆ supset=⊃ cup=∪ cap=∩
    setminus=∖ backslash=∖ textbackslash=∖ emptyset=∅ varnothing=∅ forall=∀ exists=∃ to=→ rightarrow=→
    longrightarrow=→ leftarrow=← leftrightarrow=↔ Rightarrow=⇒ Leftarrow=⇐ Leftrightarrow=⇔ implies=⇒ iff=⇔
    mapsto=↦ uparrow=↑ downarrow=↓ ll=≪ gg=≫ lesssim=≲ gtrsim=≳ otimes=⊗ oplus=⊕ circ=∘ bullet=• star=⋆ ast=∗
    dagger=† ddagger=‡ ell=ℓ hbar=ℏ Re=ℜ Im=ℑ aleph=ℵ wp=℘ angle=∠ perp=⊥ parallel=∥ mid=| vert=| lvert=| rvert=|
    Vert=‖ lVert=‖ rVert=‖ langle=⟨ rangle=⟩ lceil=⌈ rceil=⌉ lfloor=⌊ rfloor=⌋ ldots=… dots=… cdots=⋯
    textellipsis=… prime=′ degree=° textdegree=° deg=deg neg=¬ land=∧ wedge=∧ lor=∨ vee=∨ models=⊨ vdash=⊢
    square=□ Box=□ triangle=△ diamond=⋄ checkmark=✓ copyright=© textregistered=® texttrademark=™ pounds=£
    textsterling=£ euro=€ texteuro=€ S=§ P=¶ textendash=– textemdash=— textquoteright=’ textquoteleft=‘
    textquotedblleft=“ textquotedblright=” textquotesingle=' textbar=| textgreater=› textless=‹ lt=‹ gt=›
    textunderscore=_ textasciicircum=^ TeX=TeX LaTeX=LaTeX
"""
_SYMBOLS = dict(pair.split("=") for pair in _SYMBOL_TABLE.split())

# Letters that end a word in TeX and not in print: "\\AA ngstr\\"om" is one word.
_LETTER_NAMES = "ss o O l L ae AE oe OE aa AA i j dh DH th TH dj"
_LETTERS = frozenset(_LETTER_NAMES.split())

# Commands that only say how their argument looks, or nothing that is read.
_SILENT_NAMES = """
    Big Bigg Bigl Bigr Large MakeUppercase acute allowbreak bar begin bf bfseries big bigg biggl biggr bigl bigr
    bigskip bm boldmath boldsymbol breve centering check cite citep citet color ddot dfrac displaystyle dot em
    emph end ensuremath eqref fbox footnote footnotesize frac grave hat hbox hfill href hspace it item itshape
    label large left limits linebreak lowercase mathbb mathbf mathbin mathcal mathfrak mathit mathop mathord
    mathrel mathring mathrm mathscr mathsf mathstrut mathtt mbox mdseries medskip middle newline nobreak
    nobreakdash noindent nolimits nonumber normalfont normalsize operatorname overbrace overline par phantom pmb
    protect qquad quad ref relax right rm rmfamily sc scriptsize scriptstyle scshape sf sffamily sl slshape small
    smallskip text textasciitilde textbf textcolor textit textmd textnormal textquotedbl textrm textsc textsf
    textsl textstyle textsubscript textsuperscript texttt textup tfrac thanks tilde tiny tt ttfamily uline
    unboldmath underbrace underline uppercase upshape url vec vspace widehat widetilde xspace
"""
_SILENT = frozenset(_SILENT_NAMES.split())
_BLANKS = frozenset(
    ("quad", "qquad", "newline", "par", "linebreak", "hspace", "vspace", "item", "textasciitilde", "hfill")
)

# Quantifiers are bounded: an unclosed bracket must not make every command scan to the end of the text.
_REFERENCE = re.compile(
    r"\\(?:cite[a-z]{0,8}|label|ref|eqref|[hv]space|includegraphics|color|begin|end)\*?"
    r"(?:\s?\[[^\]\\{}]{0,200}\])?\s?\{[^{}]{0,300}\}"
    r"|\\(?:href|textcolor)\s?\{[^{}]{0,500}\}"
)
_FRACTION = re.compile(r"\\[dt]?frac\s?\{([^{}]{0,200})\}\s?\{([^{}]{0,200})\}")
_ACCENT = re.compile(
    r"""\\(?P<mark>["'`^~=.])\s?(?:\{\s?(?P<braced>\\[ij]|[^\W\d_])\s?\}|(?P<bare>\\[ij](?![A-Za-z])|[A-Za-z]))"""
    r"""|\\(?P<letter>[cvHurkdb])(?:\s?\{\s?(?P<inner>\\[ij]|[^\W\d_])\s?\}|\s+(?P<spaced>\\[ij](?![A-Za-z])|[A-Za-z])(?![A-Za-z]))"""
    r"""|\{\\(?P<group>[cvHurkdb])\s(?P<grouped>[A-Za-z])\}"""
)
_COMMAND = re.compile(r"(?P<before>[^\W_])?\\(?P<name>[A-Za-z]+)\*?(?P<blank>\s*)")
_ESCAPE = re.compile(r"\\(.?)", re.DOTALL)
_DOLLAR = re.compile(r"(?<!\\)\$+")
_MATH_SCRIPT = re.compile(r"[\^_]+")
_DASHES = re.compile(r"---?")


def to_unicode(text: str) -> str:
    """Return the text without TeX: accents composed, symbols as characters, formatting and braces gone."""
    if "$" in text:
        text = "".join(_mathless(text))
    if "\\" in text:
        text = _without_commands(text)
    text = text.replace("{", "").replace("}", "").replace("~", " ")
    text = text.replace("``", "“").replace("''", "”")
    return _DASHES.sub(lambda match: "—" if len(match[0]) == 3 else "–", text) if "--" in text else text


def readable(text: str) -> str:
    """Return the text as people read it, its formulas left in TeX between dollars: what BibTeX means by a title."""
    if "\\" not in text and "{" not in text and "$" not in text and "--" not in text:
        return text
    parts = _DOLLAR.split(text)
    if len(parts) % 2 == 0:
        return to_unicode(text)
    parts[::2] = [to_unicode(part) for part in parts[::2]]
    return "$".join(parts)


def _mathless(text: str) -> list[str]:
    """Split at the dollars; every second part is mathematics, where hats and low lines only place things.

    An odd dollar is no mathematics but money. A dollar that is escaped is, too.
    """
    parts = text.replace(r"\$", "").replace("$$", "$").split("$")
    if len(parts) % 2 == 0:
        parts[-2:] = [parts[-2] + parts[-1]]
    parts[1::2] = [
        _MATH_SCRIPT.sub("", part.replace("\\_", " ")) if "\\^" not in part else part for part in parts[1::2]
    ]
    return parts


def _without_commands(text: str) -> str:
    text = _REFERENCE.sub(" ", text)
    text = _FRACTION.sub(r"\1/\2", text)
    text = _ACCENT.sub(_accented, text)
    text = _COMMAND.sub(_spoken, text)
    return _ESCAPE.sub(_escaped, text)


def _accented(match: re.Match[str]) -> str:
    mark = match["mark"] or match["letter"] or match["group"]
    base = (match["braced"] or match["bare"] or match["inner"] or match["spaced"] or match["grouped"]).lstrip("\\")
    return unicodedata.normalize("NFC", base + _COMBINING[mark])


def _spoken(match: re.Match[str]) -> str:
    """A symbol becomes its character, formatting nothing, and an unknown command its own name as a word."""
    before, name, blank = match["before"] or "", match["name"], " " if match["blank"] else ""
    if name in _SYMBOLS:
        return before + _SYMBOLS[name] + ("" if name in _LETTERS else blank)
    if name in _BLANKS:
        return before + " "
    if name in _SILENT:
        return before
    following = match.string[match.end() : match.end() + 1]
    return before + (" " if before else "") + name + (blank or (" " if following.isalnum() else ""))


def _escaped(match: re.Match[str]) -> str:
    r"""``\%`` is a per cent sign; ``\,`` and its like are blanks; a line break is a blank."""
    if match[1] in "\\;: \n\t":
        return " "
    return "" if match[1] in "$,!/-()[]{}<>" else match[1]
