"""The settings of who may come in, and of the mail that lets them."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from pydantic import Field

from tidings.settings.group import Group, Names


class MailSettings(Group):
    """The server that mail leaves by. Without a host no mail is sent, and links are made on the command line."""

    host: str | None = Field(None, description="The name of the SMTP server.")
    port: int = Field(587, ge=1, le=65535, description="Its port.")
    security: Literal["starttls", "tls", "none"] = Field(
        "starttls", description="How the connection is protected; certificates are always verified."
    )
    user: str | None = Field(None, description="The name to log in with.")
    key_file: Path | None = Field(None, description="A file with the password of that name.")
    sender: str | None = Field(None, description="The address that mail comes from.")


class OidcSettings(Group):
    """An identity provider that people sign in with (OpenID Connect)."""

    issuer: str | None = Field(None, description="The address of the provider, as https://accounts.example.org.")
    client: str | None = Field(None, description="What the provider calls this installation.")
    key_file: Path | None = Field(None, description="A file with the secret that the provider gave it.")
    name: str = Field("your institution", description="What the button says: sign in with …")


class ProxySettings(Group):
    """A reverse proxy that has signed people in already and says who they are in a header."""

    header: str | None = Field(None, description="The header with the person's address, as X-Forwarded-Email.")
    name_header: str | None = Field(None, description="The header with the person's name.")
    networks: Names = Field(
        ["127.0.0.0/8", "::1/128"], description="The networks whose headers are believed; others' are ignored."
    )
