"""The settings of digests: how they leave, and what is done about mail that comes back."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from tidings.settings.group import Group, Names


class DigestSettings(Group):
    """How digests are made and sent; the server is that of the settings of mail."""

    send: bool = Field(True, description="Whether `tidings serve` makes and sends the editions that are due.")
    words: int = Field(
        238,
        ge=50,
        le=1_000,
        description="Words that a reader reads in a minute; a reading budget is spent at this pace.",
    )
    tries: int = Field(6, ge=1, le=50, description="Attempts after which an edition that is refused is given up.")
    again: int = Field(
        10,
        ge=1,
        le=10_080,
        description="Minutes until an edition that was put off is tried again; twice as many each time.",
    )
    rate: int = Field(60, ge=1, le=100_000, description="Mails that one domain is given in a minute.")
    errors: int = Field(10, ge=1, le=10_000, description="Refusals in a row after which sending pauses.")
    pause: int = Field(30, ge=1, le=10_080, description="Minutes that it pauses then.")
    soft_bounces: int = Field(5, ge=1, le=1_000, description="Soft bounces after which an address gets no more mail.")
    soft_days: int = Field(14, ge=1, le=365, description="Days in which they are counted.")
    hooks: Names = Field(
        [], description="Hosts in your own network that webhooks may call, as mattermost.lab or 10.0.0.7:8065."
    )


class BouncesSettings(Group):
    """The mailbox that mail comes back to. Without a host none is looked into."""

    host: str | None = Field(None, description="The name of the IMAP server.")
    port: int = Field(993, ge=1, le=65535, description="Its port.")
    security: Literal["tls", "starttls", "none"] = Field(
        "tls", description="How the connection is protected; certificates are always verified."
    )
    user: str | None = Field(None, description="The name to log in with.")
    key_file: Path | None = Field(None, description="A file with the password of that name.")
    folder: str = Field("INBOX", description="The folder that is looked into.")
    every: int = Field(15, ge=1, le=10_080, description="Minutes between two looks.")
