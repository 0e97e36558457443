"""The commands of people: who has an account, what each may do, and links that let them in."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidings.cli.commands import HOME, cli, opened
from tidings.people import Role

if TYPE_CHECKING:
    from tidings.catalog import Catalog

_ROLE = click.Choice([str(role) for role in Role])


@cli.group()
def user() -> None:
    """Who has an account, and what each may do. Whoever runs these needs no account.

    \b
    tidings user add ada@lab.example --admin     make an account; it prints a link that signs her in
    tidings user link ada@lab.example            another link: it works once, for 20 minutes
    tidings user adopt ada@lab.example           what was yours before there were accounts becomes hers
    tidings user list                            who there is
    """


@user.command("add")
@click.argument("email")
@click.option("--name", default="", help="The name that others see; else what stands before the @.")
@click.option("--role", type=_ROLE, default="reader", show_default=True, help="What the account may do.")
@click.option("--admin", "role", flag_value="admin", help="The same as --role admin.")
@HOME
def add(email: str, name: str, role: str, home: Path | None) -> None:
    """Make an account for EMAIL, and print a link that signs its owner in."""
    from tidings.mail import site_address

    with opened(home) as catalog:
        site_address(catalog.settings)  # no account is made whose link would lead nowhere
        made = catalog.add_account(email, name, Role.named(role))
        click.echo(f"{made.email} is {made.role} number {made.id}.", err=True)
        if catalog.has_owner():
            hint = "what the owner of this machine voted for and saved waits for `tidings user adopt EMAIL`"
            click.echo(f"{hint}: it gives all of it to an account.", err=True)
        _print_link(catalog, email)


@user.command("adopt")
@click.argument("email")
@click.option("--name", default="", help="The name that others see, where EMAIL has no account yet.")
@HOME
def adopt(email: str, name: str, home: Path | None) -> None:
    """Give what the owner of this machine has to EMAIL: likes, votes, shelves, all; and print a link that signs in.

    Before there were accounts, whoever sat at the machine was the owner and signed in nowhere. This is the way from
    there to a lab: the owner gets an address, or an account that is there already gets everything, and administers.
    """
    from tidings.mail import site_address

    with opened(home) as catalog:
        site_address(catalog.settings)  # nothing is given to somebody whose link would lead nowhere
        made = catalog.adopt(email, name)
        click.echo(f"{made.email} is {made.role} number {made.id}, and has all that was the owner's.", err=True)
        _print_link(catalog, email)


@user.command("link")
@click.argument("email")
@HOME
def link(email: str, home: Path | None) -> None:
    """Print a link that signs the owner of an account in, once: where no mail is set up, or none arrives."""
    with opened(home) as catalog:
        _print_link(catalog, email)


@user.command("list")
@HOME
@click.option("--json", "as_json", is_flag=True, help="For programs.")
def list_(home: Path | None, as_json: bool) -> None:
    """List who has an account, and who is invited."""
    from tidings.cli.output import print_json, print_members

    with opened(home) as catalog:
        accounts, invitations = catalog.members()
        now = catalog.now()
    if as_json:
        people = [asdict(account) | {"role": str(account.role)} for account in accounts]
        invited = [{"email": one.email, "role": str(one.role), "expires": one.expires} for one in invitations]
        print_json({"accounts": people, "invited": invited})
    else:
        print_members(accounts, invitations, now)


@user.command("role")
@click.argument("email")
@click.argument("role", type=_ROLE)
@HOME
def set_role(email: str, role: str, home: Path | None) -> None:
    """Give the account of EMAIL another ROLE: reader, curator or admin."""
    with opened(home) as catalog:
        changed = catalog.appoint(email, Role.named(role))
    click.echo(f"{changed.email} is {changed.role}.")


@user.command("disable")
@click.argument("email")
@HOME
def disable(email: str, home: Path | None) -> None:
    """Keep EMAIL out: every way in ends at once. Votes and shelves stay."""
    with opened(home) as catalog:
        catalog.bar(email, True)
    click.echo(f"{email} is kept out.")


@user.command("enable")
@click.argument("email")
@HOME
def enable(email: str, home: Path | None) -> None:
    """Let EMAIL in again."""
    with opened(home) as catalog:
        catalog.bar(email, False)
    click.echo(f"{email} may sign in again.")


@user.command("delete")
@click.argument("email")
@click.option("--yes", is_flag=True, help="Do not ask.")
@HOME
def delete(email: str, home: Path | None, yes: bool) -> None:
    """Delete the account of EMAIL with its votes, shelves and tokens, for ever."""
    if not yes:
        click.confirm(f"Delete the account of {email} and everything in it?", abort=True)
    with opened(home) as catalog:
        catalog.expel(email)
    click.echo(f"The account of {email} is deleted.")


def _print_link(catalog: Catalog, email: str) -> None:
    """Print the link alone, so that a script can hand it on."""
    from tidings.mail import link_to

    click.echo(link_to(catalog.settings, catalog.sign_in_letter(email).secret))
