"""Text to vectors: the bundled static encoder."""

from tidings.embed.static import StaticEncoder, load_default, paper_text

__all__ = ["StaticEncoder", "load_default", "paper_text"]
