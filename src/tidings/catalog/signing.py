"""Who asks: people let in by a link, a password, an identity provider, a trusted proxy, or as the owner."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from ipaddress import IPv6Address, IPv6Network, ip_address
from urllib.parse import urlsplit

from tidings.catalog.keys import Keys
from tidings.catalog.words import email_of, name_of, one_line
from tidings.credentials import digest, hash_password, is_password, new_secret
from tidings.errors import NotFoundError, SignInError, TooManyError
from tidings.people import Account, Reader, Role, require_person, require_recent
from tidings.settings import Settings

LINK_LIFE = timedelta(minutes=20)
INVITATION_LIFE = timedelta(days=14)

_LOOPBACK = re.compile(r"localhost|127(?:\.[0-9]{1,3}){3}|::1")
_LONGEST_NETWORK = 100
# How many for one address, and from one network, in what time. A person mistypes a password now and then, and a whole
# lab may stand behind one address; a program tries thousands.
_LINKS = (5, 50, timedelta(hours=1))
_PASSWORDS = (10, 50, timedelta(minutes=15))


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail that is to be sent: a link that lets its reader in, once. Its secret is in no log: it is not printed."""

    kind: str  # sign-in or invitation
    to: str
    secret: str = field(repr=False)
    by: str = ""  # the name of whoever invites


class Signing(Keys):
    """Proof of who somebody is. Every refusal says the same, whether the address is known or not."""

    def owner(self) -> Reader:
        """Return the one owner of a personal installation, who needs no proof; made when first asked for.

        Only for requests that come from this machine, by no proxy: the caller sees to that.

        Raises:
            SignInError: there are other accounts, or the settings are those of an installation for several people.
        """
        owner = None if _is_shared(self.settings) else self._store.accounts.owner("Owner", self._clock())
        if owner is None:
            raise SignInError("this installation is for several people: sign in")
        return Reader(owner)

    # --- by a link in a mail ---

    def ask_sign_in(self, email: str, network: str) -> Letter | None:
        """Return the letter that lets the person of an address in, or None where nobody is to be let in.

        Whoever asks must be told the same in both cases, and as soon: the answer comes first, then the mail.
        ``network`` is the address that the request comes from.

        Raises:
            InputError: it is no address.
            TooManyError: too many were asked for, for this address or from this network.
        """
        address = email_of(email)
        self._limit("link", address, network, _LINKS)
        found = self._store.accounts.by_email(address)
        welcome = self._may_join(address) if found is None else not found.disabled
        # a link is made for nobody too, so that the time it takes says nothing either
        letter = self._sign_in_letter(address if welcome else "", address)
        return letter if welcome else None

    def sign_in_letter(self, email: str) -> Letter:
        """Return the letter that lets the person of an account in, for the command line: nobody else may ask so.

        Raises:
            InputError: it is no address.
            NotFoundError: it has no account.
            SignInError: its account is disabled.
        """
        address = email_of(email)
        found = self._store.accounts.by_email(address)
        if found is None:
            raise NotFoundError(f"{address} has no account")
        self._able(found)
        return self._sign_in_letter(address, address)

    def _sign_in_letter(self, welcome: str, address: str) -> Letter:
        secret, now = new_secret(), self._clock()
        kind = "sign-in" if welcome else "nobody"
        self._store.proofs.add_link(kind, digest(secret), welcome, now=now, expires=now + LINK_LIFE)
        return Letter("sign-in", address, secret)

    def sign_in(self, secret: str, label: str) -> str:
        """Use the link of a letter or an invitation, once; return the secret of the session that it opens.

        ``label`` says where that is, as the browser calls itself.

        Raises:
            SignInError: it was used, or is too old, or never was; or the account is disabled.
        """
        hashed, now = digest(secret), self._clock()
        address = self._store.proofs.link(hashed, now)  # a read, so that trying secrets at random costs no write
        account = address and self._store.accounts.enter(
            hashed, name_of(address), now, strangers=self._may_join(address)
        )
        if not account:
            raise SignInError("this link was used already or is too old; ask for a new one")
        return self._open_session(self._appointed(account), label)

    def knows_link(self, secret: str) -> str | None:
        """Return the address that a link would let in, if any: its page shows a button, and only that uses the link."""
        return self._store.proofs.link(digest(secret), self._clock())

    def invite(self, reader: Reader | None, email: str, role: Role) -> Letter:
        """Return the letter that invites somebody to be a member, in place of an earlier one.

        Raises:
            SignInError, ForbiddenError: whoever asks is no administrator in person.
            InputError: it is no address.
            ConflictError: it has an account.
        """
        admin, address = require_person(reader, "admin"), email_of(email)
        secret, now = new_secret(), self._clock()
        self._store.proofs.invite(admin.id, digest(secret), address, role, now=now, expires=now + INVITATION_LIFE)
        return Letter("invitation", address, secret, admin.name)

    # --- by a password ---

    def sign_in_with_password(self, email: str, password: str, network: str, label: str) -> str:
        """Return the secret of a new session.

        Raises:
            InputError: it is no address.
            SignInError: the address is unknown, has no password, or has another one; the same words for each. Whoever
                has the right password of a disabled account is told that it is.
            TooManyError: too many passwords were tried, for this address or from this network.
        """
        address = email_of(email)
        self._limit("password", address, network, _PASSWORDS)
        account, hashed = self._store.accounts.with_password(address) or (None, None)
        if not is_password(password, hashed) or account is None:
            raise SignInError("this address and this password do not belong together")
        return self._open_session(self._appointed(account), label)

    def set_password(self, reader: Reader | None, password: str) -> None:
        """Give one's account a password; every session of it ends, this one too.

        Raises:
            SignInError, ForbiddenError: nobody is signed in, or by a token.
            SignInAgainError: one signed in too long ago.
            InputError: it is too short or too long.
        """
        account = require_recent(reader, self._clock())
        self._store.accounts.set_password(account.id, hash_password(password))

    def _limit(self, what: str, address: str, network: str, allowed: tuple[int, int, timedelta]) -> None:
        own, of_network, within = allowed
        limits = {f"{what} {digest(address)}": own, f"{what} from {network_of(network)}": of_network}
        wait = self._store.proofs.attempt(limits, within, self._clock())
        if wait is not None:
            minutes = -(-wait // timedelta(minutes=1))
            words = "a minute" if minutes == 1 else f"{minutes} minutes"
            raise TooManyError(f"too many attempts; try again in {words}", -(-wait // timedelta(seconds=1)))

    # --- by somebody else's word ---

    def sign_in_as(self, subject: str, email: str | None, name: str, label: str) -> str:
        """Return the secret of a new session for somebody whom the identity provider vouches for.

        ``subject`` is what the provider calls the person; ``email`` is None unless it verified the address. Strangers
        get an account where signing up is open.

        Raises:
            SignInError: nobody here is that person, and signing up is closed; or the account is disabled, or another
                person's by the provider's word.
            InputError: the address is none.
        """
        known_as = f"{self.settings.oidc.issuer} {subject}"
        address = email_of(email) if email is not None else None
        found = self._store.accounts.by_subject(known_as)
        if found is None and address is not None and (by_email := self._store.accounts.by_email(address)):
            found = self._store.accounts.bind(self._able(by_email).id, known_as)
        return self._open_session(self._appointed(found or self._join(name, address, known_as)), label)

    def vouched_for(self, email: str, name: str) -> Reader:
        """Return the reader whom a trusted proxy vouches for by an address; no session is kept.

        Raises:
            SignInError: as for an identity provider.
            InputError: the proxy gave no address.
        """
        address = email_of(email)
        found = self._able(self._store.accounts.by_email(address) or self._join(name, address, None))
        return Reader(self._appointed(found))

    def _join(self, name: str, email: str | None, subject: str | None) -> Account:
        if not self._may_join(email):
            raise SignInError("you have no account here; ask an administrator to invite you")
        return self._store.accounts.join(name_of(name or email or ""), email, subject, self._clock())

    # --- the first administrator ---

    def _may_join(self, address: str | None) -> bool:
        """Tell whether somebody without an account may make one: strangers, or the first administrator."""
        return self.settings.sign_up or self._is_awaited(address)

    def _is_awaited(self, address: str | None) -> bool:
        """Tell whether the settings await an address as the first administrator. Where one is, none is awaited."""
        return address is not None and address == self.settings.admin and not self._store.owners.has_administrator()

    def _appointed(self, account: Account) -> Account:
        """Return who came in, an administrator from now on if they are the first that the settings await."""
        if self._is_awaited(account.email):
            return self._store.owners.appoint_first(account.id, self._clock())
        return account


def network_of(address: str) -> str:
    """Return the network that an address stands for when attempts are counted.

    Whoever has one IPv6 address has the 2⁶⁴ of its network (RFC 6177), so they count as one.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return one_line(address, _LONGEST_NETWORK)
    if not isinstance(parsed, IPv6Address):
        return str(parsed)
    return str(parsed.ipv4_mapped or IPv6Network((int(parsed), 64), strict=False))


def _is_shared(settings: Settings) -> bool:
    """Tell whether the settings are those of an installation for several people."""
    host = urlsplit(settings.public_url or "").hostname
    named = host is not None and not _LOOPBACK.fullmatch(host)
    return bool(settings.sign_up or settings.admin or settings.oidc.issuer or settings.proxy.header or named)
