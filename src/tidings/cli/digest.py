"""The commands of digests: what is due, sending it, seeing it before, who is subscribed, what came back."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tidings.cli.commands import HOME, cli, opened
from tidings.errors import MailError
from tidings.types.digests import KINDS

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from tidings.digest.sending import Report
    from tidings.types import Edition, Subscription

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_JSON = click.option("--json", "as_json", is_flag=True, help="For programs.")


@cli.group()
def digest() -> None:
    """What is told to readers by mail. Whoever runs these needs no account.

    \b
    tidings digest add ada@lab.example --zone Europe/Paris   subscribe somebody to what trends
    tidings digest list                                      who is subscribed, and the last mail of each
    tidings digest preview 1                                 what number 1 would be told now
    tidings digest due                                       what is due, and what went wrong
    tidings digest send                                      make and send what is due
    """


@digest.command("due")
@HOME
@_JSON
def due(home: Path | None, as_json: bool) -> None:
    """List the editions that are due now, and those that are on their way, failed, or of which nobody knows."""
    from tidings.cli.output import print_json
    from tidings.digest.making import due_now
    from tidings.store.editions import Draft

    with opened(home) as catalog:
        drafts = [found for found in due_now(catalog) if isinstance(found, Draft)]
        unsettled, progress = catalog.unsettled_editions(), catalog.digest_progress()
        rests, now = catalog.digests_rest_until(), catalog.now()
    if as_json:
        ready = [
            {"subscription": d.digest.subscription, "name": d.digest.name, "papers": len(d.digest.stories)}
            for d in drafts
        ]
        states = [{"subscription": subscription, "edition": edition} for subscription, edition in unsettled]
        print_json({"due": ready, "unsettled": states, "error": progress.error, "rests_until": rests})
        return
    for one in drafts:
        told = f"{len(one.digest.stories)} papers" if one.state == "waiting" else "nothing to tell"
        click.echo(f"due      {_said(one.digest.subscription)}: {told}")
    for subscription, edition in unsettled:
        click.echo(f"{edition.state:<8} {_said(subscription)}, {edition.name}: {edition.answer or 'not tried yet'}")
    if not (drafts or unsettled):
        click.echo("Nothing is due, and nothing went wrong.")
    if rests and progress.error:
        from tidings.moments import at

        click.echo(f"Sending rests until {at(rests, now)}: {progress.error}", err=True)


@digest.command("send")
@HOME
@click.option("--dry-run", is_flag=True, help="Say what would be sent; write and send nothing.")
def send(home: Path | None, dry_run: bool) -> None:
    """Make every edition that is due, and send what waits; what `tidings serve` does by itself."""
    from tidings.digest.making import due_now
    from tidings.digest.sending import run
    from tidings.store.editions import Draft

    with opened(home) as catalog:
        if dry_run:
            for found in due_now(catalog):
                if isinstance(found, Draft) and found.state == "waiting":
                    click.echo(f"{_said(found.digest.subscription)}: {len(found.digest.stories)} papers")
            for waiting in catalog.waiting_editions(10_000):
                click.echo(f"{waiting.address}: edition {waiting.id} waits")
            return
        report = run(catalog)
    _print_report(report)
    if report.error or report.rests:
        sys.exit(MailError.exit_status)


@digest.command("preview")
@click.argument("number", type=int)
@HOME
@click.option("--html", "as_html", is_flag=True, help="The HTML of the mail instead of its text.")
def preview(number: int, home: Path | None, as_html: bool) -> None:
    """Print what the subscription NUMBER would be told now, as its reader would get it; nothing is sent."""
    from tidings.digest.compose import compose, text_of
    from tidings.digest.links import Linker
    from tidings.digest.making import preview as previewed

    with opened(home) as catalog:
        now = catalog.now()
        found = previewed(catalog, catalog.link_subscription(number))
        links = Linker.of(catalog.settings).edition(number, 0, now.date())
        message = compose(found, catalog.settings, links, now)
    click.echo(f"{message['Subject']}\n" if not as_html else "", nl=not as_html)
    click.echo(text_of(message, "html" if as_html else "plain").replace("\r\n", "\n"))


@digest.command("list")
@HOME
@_JSON
def list_(home: Path | None, as_json: bool) -> None:
    """List who is subscribed to what, and the last mail of each with the server's answer."""
    from tidings.cli.output import print_json

    with opened(home) as catalog:
        found, now = catalog.every_last_edition(), catalog.now()
    if as_json:
        print_json([{"subscription": subscription, "last": edition} for subscription, edition in found])
    else:
        _print_subscriptions(found, now)


@digest.command("add")
@click.argument("address")
@HOME
@click.option("--kind", type=click.Choice(KINDS), default="trending", show_default=True)
@click.option("--of", "subject", default="", help="A category, a query, the number of an interest or a shelf.")
@click.option("--weekly", type=click.Choice(_WEEKDAYS), help="Every week on that day; else every day.")
@click.option("--hour", type=click.IntRange(0, 23), default=7, show_default=True, help="By the clocks of the zone.")
@click.option("--zone", default="UTC", show_default=True, help="A time zone, as Europe/Paris.")
@click.option("--most", type=int, default=10, show_default=True, help="Papers in an edition.")
@click.option("--minutes", type=int, help="A reading budget: fewer papers where they take longer to read.")
@click.option("--say-when-empty", is_flag=True, help="Send a line that says why when there is nothing.")
def add(
    *,
    address: str,
    home: Path | None,
    kind: str,
    subject: str,
    weekly: str | None,
    hour: int,
    zone: str,
    most: int,
    minutes: int | None,
    say_when_empty: bool,
) -> None:
    """Subscribe ADDRESS, without asking whoever reads it; an https address is a webhook.

    \b
    tidings digest add ada@lab.example --of cs.CL --zone Europe/Paris
    tidings digest add bob@lab.example --kind search --of "graph kernels" --weekly monday
    tidings digest add https://chat.lab.example/hooks/abc --most 5
    """
    from tidings.moments import at
    from tidings.types import Pace

    weekday = _WEEKDAYS.index(weekly) if weekly else None
    empty = "say" if say_when_empty else "skip"
    pace = Pace("weekly" if weekly else "daily", hour, zone, weekday, most, minutes, empty)
    channel = "mail" if "://" not in address else "webhook"
    with opened(home) as catalog:
        made = catalog.add_subscription(address, kind, subject, pace, channel=channel)
        secret, now = catalog.secret_of_hook(made), catalog.now()
    first = f"; the first edition is due {at(made.due, now)}" if made.due else ""
    click.echo(f"{made.address} is subscribed to {made.name}, number {made.id}{first}.", err=True)
    if secret:
        click.echo(secret)


@digest.command("bounces")
@HOME
@click.option("--allow", metavar="ADDRESS", help="Let an address be subscribed again that gets no mail.")
@_JSON
def bounces(home: Path | None, allow: str | None, as_json: bool) -> None:
    """List what came back and which addresses get no more mail, after a look into the mailbox for bounces."""
    from tidings.cli.output import print_json
    from tidings.digest.bounces import read_mailbox

    with opened(home) as catalog:
        if allow is not None:
            catalog.allow_address(allow)
            click.echo(f"{allow} can be subscribed again.", err=True)
            return
        if catalog.settings.bounces.host is not None:
            click.echo(f"{read_mailbox(catalog)} bounces came.", err=True)
        returned, suppressed = catalog.all_returned(), catalog.all_suppressed()
    if as_json:
        print_json({"returned": returned, "suppressed": suppressed})
        return
    for one in returned:
        click.echo(f"{one.at:%Y-%m-%d %H:%M}  {one.kind:<9}  {one.address}  {one.detail}")
    for each in suppressed:
        click.echo(f"{each.address} gets no mail: {each.reason}")
    if not (returned or suppressed):
        click.echo("Nothing came back.")


def _said(subscription: Subscription) -> str:
    return f"{subscription.address} ({subscription.name}, number {subscription.id})"


def _print_report(report: Report) -> None:
    parts = [
        f"{report.made} made" if report.made else "",
        f"{report.sent} sent",
        f"{report.empty} with nothing to tell" if report.empty else "",
        f"{report.put_off} put off" if report.put_off else "",
        f"{report.failed} failed for good" if report.failed else "",
        f"{report.unknown} of which nobody knows" if report.unknown else "",
        f"{report.stopped} subscriptions stopped" if report.stopped else "",
    ]
    click.echo(f"{', '.join(filter(None, parts))}.")
    for problem in filter(None, (report.rests, report.error)):
        click.echo(f"tidings: {problem}", err=True)


def _print_subscriptions(found: Sequence[tuple[Subscription, Edition | None]], now: datetime) -> None:
    from tidings.cli.output import cell, console, table
    from tidings.moments import away

    shown = table("id>", "address", "of", "when", "state", "next!", "last!", "answer")
    for one, last in found:
        when = f"{one.cadence} at {one.hour}:00 {one.zone}"
        due = away(one.due, now) if one.due else "–"
        told = f"{last.name} {last.state}" if last else "–"
        answer = (last.answer if last else one.note) or ""
        shown.add_row(
            str(one.id), cell(one.address), cell(one.name), when, one.state, due, told, cell(one.note or answer)
        )
    console().print(shown)
