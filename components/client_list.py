"""Clients in a list, and those to win back with what is at stake.

The one rule: a row holds ready texts only, made here from a `Client` however odd its values are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from nicegui import events, ui

from components.client_words import came_back_text, interval_text, money_text, ratio_text, why_not_invite
from components.i18n import DASH, _, format_day, format_number, format_phone, salon_time
from components.labels import label_of, label_of_raw
from components.theme import asset
from models import Channel, Client, Risk

LONGEST = 120


class ClientList(ui.element, component='client_list.js'):
    """The whole list as one element; `on_invite` gets the client's key, `on_more` is asked for the rows below."""

    def __init__(self, *, on_invite: Callable[[UUID], Any], on_more: Callable[[], Any]) -> None:
        super().__init__()
        self._on_invite = on_invite
        self._props.update(icons=asset('icons.svg'), hasMore=False, kind='all', columns=[], rows=[])
        self._props['texts'] = {'invite': _('Invite back'), 'more': _('Show more'), 'loading': _('Loading')}
        self.on('invite', self._invite)
        self.on('more', on_more, args=[])

    def show(
        self,
        clients: Sequence[Client],
        *,
        is_win_back: bool,
        zone: str,
        today: date,
        currency: str,
        address: Callable[[Client], str],
        can_invite: bool = False,
        unable: str = '',
        has_more: bool = False,
    ) -> None:
        """Draw the clients; `unable` says why nobody can be invited just now."""
        row_of = win_back_row if is_win_back else client_row
        rows = [
            row_of(client, zone=zone, today=today, currency=currency)
            | {
                'key': str(client.id),
                'href': address(client),
                'canInvite': can_invite,
                'unable': why_not_invite(client, zone=zone) or unable,
            }
            for client in clients
        ]
        self._props.update(rows=rows, hasMore=has_more, kind='win-back' if is_win_back else 'all', columns=[
            _('Client'), _('Last visit'), _('How late'), _('At stake in a year'), _('Invitation'),
        ] if is_win_back else [
            _('Client'), _('Last dialog'), _('Visits'), _('Money'), _('Favourite specialist'), _('Rhythm'),
        ])  # fmt: skip
        self.run_method('rest')

    def select(self, client: UUID | None) -> None:
        """Mark the client whose card is open."""
        self._props['selected'] = str(client) if client else ''

    def _invite(self, event: events.GenericEventArguments) -> Any:
        known = [row['key'] for row in self._props['rows'] if row['canInvite'] and not row['unable']]
        return self._on_invite(UUID(event.args)) if event.args in known else None


def _who(client: Client) -> dict[str, str]:
    return {'text': cut(client.name) or _('No name'), 'note': cut(format_phone(client.phone)) if client.phone else ''}


def client_row(client: Client, *, zone: str, today: date, currency: str) -> dict[str, Any]:
    """A client as the list of all draws it."""
    channel = label_of_raw(Channel, client.channel)
    dialog = client.last_dialog_at
    risk = label_of(client.risk) if client.risk else None
    return {'cells': [
        _who(client),
        {'text': format_day(salon_time(dialog, zone).date(), today=today, short=True) if dialog else DASH,
         'note': cut(channel.text) if dialog else '', 'icon': channel.icon or label_of(Channel.UNKNOWN).icon},
        {'text': format_number(client.visits) if client.visits else DASH, 'note': visit_note(client, zone, today)},
        {'text': money_text(client.revenue, currency) if client.paid_bookings else DASH},
        {'text': cut(client.staff) or DASH},
        {'pill': risk.text if risk else '', 'tone': risk.tone if risk else '',
         'note': _('wants no messages') if client.opted_out else ''},
    ]}  # fmt: skip


def visit_note(client: Client, zone: str, today: date) -> str:
    """The visit ahead, else the last one."""
    for moment, text in ((client.next_visit_at, _('next {day}')), (client.last_visit_at, _('last {day}'))):
        if moment:
            return text.format(day=format_day(salon_time(moment, zone).date(), today=today, short=True))
    return ''


def win_back_row(client: Client, *, zone: str, today: date, currency: str) -> dict[str, Any]:
    """A client as the list of those to win back draws it."""
    risk = label_of(client.risk or Risk.NONE)
    visit = client.last_visit_at
    state, tone = came_back_text(client, zone=zone, today=today)
    return {'cells': [
        _who(client),
        {'text': format_day(salon_time(visit, zone).date(), today=today, short=True) if visit else DASH,
         'note': interval_text(client)},
        {'pill': risk.text, 'tone': risk.tone, 'note': ratio_text(client)},
        {'text': money_text(client.yearly_value, currency) if client.paid_bookings else _('no data')},
        {'note': state, 'tone': tone},
    ]}  # fmt: skip


def cut(text: str | None) -> str:
    """One line of a text."""
    line = ' '.join((text or '')[: LONGEST * 4].split())
    return line if len(line) <= LONGEST else f'{line[: LONGEST - 1]}…'
