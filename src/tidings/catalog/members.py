"""Accounts as people and administrators see them: one's own, and everybody's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

from tidings.catalog.keys import Keys
from tidings.catalog.moving import exported
from tidings.catalog.words import email_of, name_of
from tidings.errors import ForbiddenError, NotFoundError
from tidings.people import Account, Invitation, Reader, Role, Vote, require, require_person

Exported = dict[str, Any]


class Members(Keys):
    """Looking after accounts; each method says who may."""

    # --- one's own ---

    def change_account(
        self, reader: Reader | None, *, name: str | None = None, is_named: bool | None = None
    ) -> Account:
        """Change how others see one's account; what is None stays.

        Raises:
            SignInError, ForbiddenError: nobody is signed in in person.
        """
        account = require_person(reader)
        shown = None if name is None else name_of(name)
        return self._store.accounts.change(account.id, name=shown, is_named=is_named)

    def delete_account(self, reader: Reader | None) -> None:
        """Delete one's account and everything in it; raises as ``change_account``.

        What a curator picked and hid stays so, without the name.

        Raises:
            ConflictError: it is the last administrator's, and others have accounts here.
        """
        self._store.accounts.remove(require_person(reader).id, "leave", self._clock())

    def export_account(self, reader: Reader | None) -> Exported:
        """Return everything that is kept of one's account, for oneself; raises as ``change_account``.

        Secrets are left out: only their hashes are kept.
        """
        account = require_person(reader)
        voting, proofs = self._store.voting, self._store.proofs
        return {
            "account": self._store.accounts.kept_of(account.id),
            "sessions": [
                {"label": s.label, "created": s.created, "seen": s.seen, "expires": s.expires}
                for s in proofs.sessions(account.id, self._clock())
            ],
            "tokens": [asdict(token) for token in proofs.tokens(account.id)],
            "invitations": [
                {"email": i.email, "role": str(i.role), "created": i.created, "expires": i.expires}
                for i in proofs.invitations(self._clock(), by=account.id)
            ],
            "votes": self._named(voting.votes_of(account.id)),
            "submissions": self._named(voting.submissions_of(account.id)),
            "picks": self._labelled("day", voting.picks_of(account.id)),
            "hidden": self._labelled("reason", voting.hidden_by(account.id)),
            "shelves": self._exported_shelves(account.id),
            "interests": [
                exported(self._store, each) | {"visibility": each.visibility}
                for each in self._store.interests.of(account.id)
            ],
            "rules": [asdict(rule) for rule in self._store.habits.rules(account.id)],
            "shown": self._exported_showings(account.id),
            "subscriptions": [asdict(each) for each in self._store.subscriptions.of(account.id)],
            "acts": [
                {"at": a.at, "verb": a.verb, "subject": a.subject, "detail": a.detail, "was": a.was}
                for a in self._store.journal.acts_of(account.id)
            ],
        }

    def _exported_shelves(self, account_id: int) -> list[Exported]:
        shelves = [(shelf, self._store.shelves.entries(shelf.id)) for shelf in self._store.shelves.of(account_id)]
        keys = self._keys({entry.paper_id for _, entries in shelves for entry in entries})
        return [
            {
                "name": shelf.name,
                "visibility": shelf.visibility,
                "created": shelf.created,
                "papers": [{"paper": keys[e.paper_id], "note": e.note, "at": e.at} for e in entries],
            }
            for shelf, entries in shelves
        ]

    def _exported_showings(self, account_id: int) -> list[Exported]:
        showings = self._store.habits.all_showings(account_id)
        keys = self._keys({one.paper_id for one in showings})
        return [
            {"paper": keys[one.paper_id], "at": one.at, "place": one.place, "opened": one.opened, "chance": one.chance}
            for one in showings
        ]

    def _named(self, votes: list[Vote]) -> list[Exported]:
        keys = self._keys({vote.paper_id for vote in votes})
        return [{"paper": keys[vote.paper_id], "at": vote.at} for vote in votes]

    def _labelled(self, label: str, by_paper: Mapping[int, date] | Mapping[int, str]) -> list[Exported]:
        keys = self._keys(set(by_paper))
        return [{"paper": keys[number], label: value} for number, value in by_paper.items()]

    def _keys(self, paper_ids: set[int]) -> dict[int, str]:
        """Return the external id of each paper; its internal one where it was merged while we looked."""
        known = {paper.id: paper.key for paper in self._store.papers(sorted(paper_ids))}
        return {number: known.get(number, f"paper:{number}") for number in paper_ids}

    # --- everybody's ---

    def accounts(self, reader: Reader | None) -> tuple[list[Account], list[Invitation]]:
        """Return all accounts, and the invitations that were not taken up.

        Raises:
            SignInError, ForbiddenError: the reader is no administrator.
        """
        require(reader, "admin")
        return self.members()

    def set_role(self, reader: Reader | None, number: int, role: Role) -> Account:
        """Give an account another role.

        Raises:
            SignInError, ForbiddenError: the reader is no administrator in person.
            NotFoundError: no account has that number.
            ConflictError: no administrator would be left.
        """
        return self._store.accounts.set_role(number, role, require_person(reader, "admin").id, self._clock())

    def set_disabled(self, reader: Reader | None, number: int, disabled: bool) -> Account:
        """Keep an account out, or let it in again; raises as ``set_role``.

        Its sessions, tokens, links and invitations end. Its votes do not count meanwhile; shelves and curation stay.

        Raises:
            ForbiddenError: it is one's own.
        """
        admin = require_person(reader, "admin")
        if admin.id == number:
            raise ForbiddenError("you cannot disable your own account")
        return self._store.accounts.set_disabled(number, disabled, admin.id, self._clock())

    def withdraw_invitation(self, reader: Reader | None, number: int) -> None:
        """End an invitation; raises as ``set_role``.

        Raises:
            NotFoundError: there is none of that number.
        """
        admin = require_person(reader, "admin")
        if not self._store.proofs.withdraw_invitation(number, admin.id, self._clock()):
            raise NotFoundError(f"no invitation has the number {number}")

    # --- from the command line alone, whose user has the whole archive in his hands anyway: no page asks these ---

    def members(self) -> tuple[list[Account], list[Invitation]]:
        """Return all accounts, and the invitations that were not taken up."""
        return self._store.accounts.all(), self._store.proofs.invitations(self._clock())

    def add_account(self, email: str, name: str, role: Role) -> Account:
        """Make an account.

        Raises:
            InputError: that is no address.
            ConflictError: it has an account.
        """
        address = email_of(email)
        return self._store.accounts.add(name_of(name or address), address, role, self._clock())

    def appoint(self, email: str, role: Role) -> Account:
        """Give the account of an address another role.

        Raises:
            InputError: that is no address.
            NotFoundError: it has no account.
            ConflictError: no administrator would be left.
        """
        return self._store.accounts.set_role(self._member(email).id, role, None, self._clock())

    def bar(self, email: str, disabled: bool) -> Account:
        """Keep the account of an address out, or let it in again; raises as ``appoint``."""
        return self._store.accounts.set_disabled(self._member(email).id, disabled, None, self._clock())

    def expel(self, email: str) -> None:
        """Delete the account of an address and everything in it; raises as ``appoint``."""
        self._store.accounts.remove(self._member(email).id, "delete account", self._clock())

    def adopt(self, email: str, name: str = "") -> Account:
        """Give all that the owner of a personal installation has to the person of an address, as an administrator.

        Raises:
            InputError: that is no address.
            NotFoundError: no account here is an owner's without an address.
            ConflictError: the account of the address is kept out.
        """
        address = email_of(email)
        return self._store.owners.adopt(address, name_of(name or address), self._clock())

    def has_owner(self) -> bool:
        """Tell whether somebody's votes and shelves are here from when there were no accounts, for ``adopt``."""
        return self._store.owners.has_owner()

    def _member(self, email: str) -> Account:
        address = email_of(email)
        found = self._store.accounts.by_email(address)
        if found is None:
            raise NotFoundError(f"{address} has no account")
        return found
