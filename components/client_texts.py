"""What the bot writes to clients for the salon: suggestions that people change before they send them.

The one rule: clients read Russian here, whatever language the one who writes has chosen for the dashboard.
"""

from __future__ import annotations

from datetime import date, datetime

from components.i18n import N_, _, format_day, format_time, salon_time, speaking

CLIENT_LANGUAGE = 'ru'
OFFER = N_('Hello{name}! A place has become free{service}: {day} at {time}{staff}. Does it suit you?')
FREE_SOON = N_('Hello{name}! You are on our waiting list{service}. Which days and times would suit you this week?')
STILL_WANTED = N_('Hello{name}! You wanted to come{service}. Is it still of interest to you?')
NOT_POSSIBLE = N_('Hello{name}! Unfortunately nothing has become free{service}. Shall we look for another day?')
TEMPLATES = {
    N_('Ask for days that suit'): FREE_SOON,
    N_('Ask whether it is still wanted'): STILL_WANTED,
    N_('Nothing free'): NOT_POSSIBLE,
}


def _filled(text: str, *, name: str | None, service: str | None, wished_on: date | None = None, **more: str) -> str:
    when = f' ({format_day(wished_on, year=False)})' if wished_on else ''
    return _(text).format(
        name=f', {name.split()[0][:40]}' if name and name.split() else '',
        service=f' — {service[:80]}{when}' if service else '',
        **more,
    )


def offer_text(*, name: str | None, service: str | None, staff: str | None, at: datetime, zone: str) -> str:
    """The bot's question whether a time suits."""
    with speaking(CLIENT_LANGUAGE):
        local = salon_time(at, zone)
        return _filled(
            OFFER, name=name, service=service, day=format_day(local.date(), weekday=True, year=False),
            time=format_time(at, zone), staff=_(', with {staff}').format(staff=staff) if staff else '',
        )  # fmt: skip


def wish_texts(*, name: str | None, service: str | None, wished_on: date | None) -> list[tuple[str, str]]:
    """Suggestions for a message about a wish: pairs of a title for the one who writes, and the text for the client."""
    titles = [_(title) for title in TEMPLATES]
    with speaking(CLIENT_LANGUAGE):
        texts = [_filled(text, name=name, service=service, wished_on=wished_on) for text in TEMPLATES.values()]
    return list(zip(titles, texts, strict=True))
