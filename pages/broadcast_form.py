"""The form that writes a broadcast: text with fields, audience, when, and who is left out.

Its one rule: what is typed is kept until it is saved; fields in braces are written in the reader's own language.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime, time
from urllib.parse import parse_qsl, urlencode
from zoneinfo import ZoneInfo

from nicegui import ui

from components.broadcast_texts import (
    FIELDS,
    HELD_OUT,
    QUIET_DAYS,
    SPREADS,
    WITHOUT,
    as_read,
    as_stored,
    audience_text,
    fields_of,
    quiet_days_text,
    spread_text,
    without,
)
from components.button import button
from components.form import Form
from components.i18n import _, salon_time
from components.labels import label_of
from data import Refused
from models import Broadcast, ClientKind, ClientQuery, SavedView
from pages.view import View, explain_act

INSERT = """() => {
  const field = document.getElementById('%s');
  const area = field.matches('textarea') ? field : field.querySelector('textarea');
  area.setRangeText(%s, area.selectionStart, area.selectionEnd, 'end');
  area.dispatchEvent(new Event('input', { bubbles: true }));
  area.focus();
}"""


class BroadcastForm(Form):
    """A new broadcast, or a draft that is being changed."""

    def __init__(
        self, view: View, broadcast: Broadcast | None, audience: ClientQuery, views: Sequence[SavedView]
    ) -> None:
        super().__init__(
            _('Change the broadcast') if broadcast else _('New broadcast'), submit=_('Save and check'),
            on_submit=self._send, hint=_('Nothing goes out yet: next you see who gets it and how it reads.'),
        )  # fmt: skip
        self.view, self.broadcast = view, broadcast
        self.dialog.classes('is-wide')
        self.text('name', _('Title'), broadcast.name if broadcast else '', hint=_('Clients do not see it'))
        self._text = self.area('text', _('Text'), as_read(broadcast.text) if broadcast else '')
        self._text.props('input-style="min-height: 6.5em"')
        self._draw_fields()
        instead = without(broadcast) if broadcast else {}
        self._without = {
            name: self.text(f'without_{name}', _(label), instead.get(name), longest=100)
            for name, label in WITHOUT.items()
        }
        self._text.on_value_change(self._show_needed)
        self._show_needed()
        self._draw_audience(audience, views)
        self._draw_times(broadcast)
        self._draw_left_out(broadcast)

    def _draw_fields(self) -> None:
        with self.fields, ui.element('div').classes('row-of field-chips'):
            ui.label(_('Put in:')).classes('muted small')
            for word in FIELDS.values():
                text = f'{{{_(word)}}}'
                chip = button(text, kind='quiet')
                chip.on('click', js_handler=INSERT % (self._text.html_id, json.dumps(text)))

    def _show_needed(self) -> None:
        needed = fields_of(str(self._text.value or ''))
        for name, field in self._without.items():
            field.set_visibility(name in needed)

    def _draw_audience(self, audience: ClientQuery, views: Sequence[SavedView]) -> None:
        own = params_of(audience)
        label = self.broadcast.staff_label if self.broadcast else None
        options = {params_of(ClientQuery(kind=kind)): label_of(kind).text for kind in ClientKind
                   if kind is not ClientKind.OPTED_OUT}  # fmt: skip
        options = {'': _('All clients')} | options | {view.params: view.name for view in views}
        options |= {own: audience_text(audience, label)} if own not in options else {}
        self.choice(
            'kind', _('Who gets it'), list(options.items()), own,
            hint=_('To choose more exactly, filter the clients on their page and press “Write to them” there.'),
        )  # fmt: skip

    def _draw_times(self, broadcast: Broadcast | None) -> None:
        starts = (
            salon_time(broadcast.starts_at, self.view.salon.timezone) if broadcast and broadcast.starts_at else None
        )
        self.day(
            'starts_at', _('Begins on'), starts.date() if starts else None, first=self.view.today,
            hint=_('Empty: as soon as you send it'),
        )  # fmt: skip
        self.time('starts_time', _('at'), starts.time() if starts else time(12))
        spread = [(str(hours), spread_text(hours)) for hours in SPREADS]
        self.choice('spread_hours', _('How fast'), spread, str(broadcast.spread_hours if broadcast else 0))

    def _draw_left_out(self, broadcast: Broadcast | None) -> None:
        days = sorted({*QUIET_DAYS, broadcast.quiet_days if broadcast else 7})
        self.choice(
            'quiet_days', _('Leave out who got a message from you'), [(str(n), quiet_days_text(n)) for n in days],
            str(broadcast.quiet_days if broadcast else 7),
        )  # fmt: skip
        self._skips_booked = self.switch(
            _('Leave out who has a visit ahead'), value=broadcast.skips_booked if broadcast else True
        )
        self.choice(
            'held_out_percent', _('Hold out for comparison'),
            [(str(n), f'{n} %' if n else _('nobody')) for n in HELD_OUT],
            str(broadcast.held_out_percent if broadcast else 0),
            hint=_('They get nothing. So you see how many would have booked anyway.'),
        )  # fmt: skip

    # --- saving

    def _starts_at(self) -> datetime | None:
        if not self.value('starts_at'):
            return None
        try:
            day, at = date.fromisoformat(self.value('starts_at')), time.fromisoformat(self.value('starts_time'))
        except ValueError as error:
            raise Refused('time_format', 'starts_time') from error
        return datetime.combine(day, at, ZoneInfo(self.view.salon.timezone))

    async def _send(self, form: Form) -> None:
        if await self.view.attempt(self._save(), fail=self.fail, conflict=explain_act):
            self.close()
            ui.navigate.to(f'/broadcasts/{self.saved}')
            if self.broadcast:
                await self.view.load()

    async def _save(self) -> None:
        starts_at = self._starts_at()
        audience = dict(parse_qsl(self.value('kind')))
        seen = {'broadcast': self.broadcast.id, 'seen': self.broadcast.version} if self.broadcast else {}
        self.saved = await self.view.data.broadcasts.save(
            self.key, name=self.value('name'), text=as_stored(self.value('text')),
            **{f'without_{name}': self.value(f'without_{name}') for name in WITHOUT},
            **{name: audience.get(name) for name in ClientQuery().filters()}, **seen,
            quiet_days=int(self.value('quiet_days')), skips_booked=bool(self._skips_booked.value),
            held_out_percent=int(self.value('held_out_percent')), spread_hours=int(self.value('spread_hours')),
            starts_at=starts_at and starts_at.isoformat(),
        )  # fmt: skip


def params_of(query: ClientQuery) -> str:
    """The filters of a query as parameters of an address, without their order."""
    return urlencode({name: value for name, value in query.params().items() if name != 'sort'})
