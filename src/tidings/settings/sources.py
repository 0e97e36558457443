"""The settings of each source: its name begins theirs."""

from __future__ import annotations

from pathlib import Path

from pydantic import Field

from tidings.settings.group import Group, Names


class SourceGroup(Group):
    """The settings of a source."""


class ArxivSettings(SourceGroup):
    """arXiv: the day's feed, the history, single papers."""

    categories: Names = Field(
        ["cs.AI", "cs.CL", "cs.CV", "cs.IR", "cs.LG", "cs.RO", "stat.ML"],
        description="The categories whose papers are taken, cross-lists included.",
    )
    history: int = Field(7, ge=0, le=10_000, description="Days of history that the first run takes.")
    interval: float = Field(3.0, ge=3.0, description="Seconds between two requests to any of arXiv's services.")
    feed_url: str = Field("https://rss.arxiv.org/atom", description="Where the day's announcements are.")
    oai_url: str = Field("https://oaipmh.arxiv.org/oai", description="Where the history is.")
    api_url: str = Field("https://export.arxiv.org/api/query", description="Where single papers are asked for.")


class HuggingfaceSettings(SourceGroup):
    """Hugging Face Daily Papers."""

    url: str = Field("https://huggingface.co/api", description="Where the API is.")
    history: int = Field(7, ge=0, le=10_000, description="Days of history that the first run takes.")
    every: int = Field(60, ge=5, description="Minutes between two looks: votes are counted each time.")
    follow: int = Field(7, ge=1, le=60, description="Days for which a listed paper's votes are counted again.")
    key_file: Path | None = Field(None, description="A file with an access token; more requests are allowed with one.")


class OpenreviewSettings(SourceGroup):
    """OpenReview, API version 2."""

    url: str = Field("https://api2.openreview.net", description="Where the API is.")
    venues: Names = Field([], description="Venue ids, as ICLR.cc/2026/Conference.")
    every: int = Field(720, ge=30, description="Minutes between two looks.")
    user: str | None = Field(None, description="The user name to log in with, where anonymous access is refused.")
    key_file: Path | None = Field(None, description="A file with the password of that user.")


class AclSettings(SourceGroup):
    """The ACL Anthology's own XML."""

    place: str = Field(
        "https://codeload.github.com/acl-org/acl-anthology/tar.gz/refs/heads/master",
        description="A folder with a checkout of the Anthology, or the address of a tar archive of one.",
    )
    every: int = Field(10_080, ge=60, description="Minutes between two looks.")


class BiorxivSettings(SourceGroup):
    """bioRxiv and medRxiv."""

    url: str = Field("https://api.biorxiv.org", description="Where the API is.")
    servers: Names = Field(["biorxiv", "medrxiv"], description="Which of the two.")
    categories: Names = Field([], description="The subject areas that are taken, as bioinformatics; none means all.")
    history: int = Field(7, ge=0, le=10_000, description="Days of history that the first run takes.")
    every: int = Field(360, ge=30, description="Minutes between two looks.")


class SemanticscholarSettings(SourceGroup):
    """Semantic Scholar: ids, venues, citations and fields of papers that are held. Off without a key."""

    url: str = Field("https://api.semanticscholar.org", description="Where the API is.")
    key_file: Path | None = Field(None, description="A file with the API key.")
    every: int = Field(1_440, ge=60, description="Minutes between two looks.")
    again: int = Field(30, ge=1, description="Days after which a paper's citations are counted again.")


class OpenalexSettings(SourceGroup):
    """OpenAlex: DOIs, venues, citations and fields of papers that are held. Off without a key."""

    url: str = Field("https://api.openalex.org", description="Where the API is.")
    key_file: Path | None = Field(None, description="A file with the API key.")
    every: int = Field(1_440, ge=60, description="Minutes between two looks.")
    again: int = Field(30, ge=1, description="Days after which a paper's citations are counted again.")


class CrossrefSettings(SourceGroup):
    """Crossref: venues and citations of papers with a DOI."""

    url: str = Field("https://api.crossref.org", description="Where the API is.")
    every: int = Field(1_440, ge=60, description="Minutes between two looks.")
    again: int = Field(30, ge=1, description="Days after which a paper's citations are counted again.")


class ZoteroSettings(SourceGroup):
    """A reader's Zotero library: for interests only, never shown to others. Off without a key."""

    url: str = Field("https://api.zotero.org", description="Where the API is.")
    key_file: Path | None = Field(None, description="A file with the API key; it says by itself whose library it is.")
    every: int = Field(60, ge=5, description="Minutes between two looks.")


class FolderSettings(SourceGroup):
    """Folders that are watched for files with papers."""

    paths: Names = Field([], description="The folders, separated by commas.")
    every: int = Field(1, ge=1, description="Minutes between two looks.")
