"""A dialog's messages, to read.

The one rule: a message's text is data and stays text; whatever a client wrote, it is drawn as written.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime
from typing import Any

from nicegui import ui

from components.i18n import _, format_day, format_duration, format_time, language, ngettext, salon_time
from models import Message

LONG_GAP_SECONDS = 3600
SIDES = {'user': 'client', 'assistant': 'bot', 'operator': 'operator', 'system': 'system'}


class ChatViewer(ui.element, component='chat_viewer.js'):
    """All messages as one element; `on_older` is asked when the reader comes near the top."""

    def __init__(self, *, zone: str, on_older: Callable[[], Any] | None = None) -> None:
        """`zone` is the salon's time zone."""
        super().__init__()
        self._zone = zone
        self._client_name = ''
        self._messages: dict[int, Message] = {}
        self._drawn: dict[tuple[int, int, date], dict[str, Any]] = {}
        self._props.update(messages=[], dialog='', hasOlder=False, locale=language(), texts=_texts())
        if on_older:
            self.on('older', on_older, args=[])

    def set_messages(
        self, messages: Sequence[Message], *, dialog: str, client_name: str = '', has_older: bool = False
    ) -> None:
        """Show another dialog (`dialog` is its id), or the same one anew without moving what is being read."""
        self._client_name = client_name or _('Client')
        if dialog != self._props['dialog']:
            self._messages, self._drawn = {}, {}
        self._messages |= {message.id: message for message in messages}
        self._props['messages'] = self._rows()
        self._props['hasOlder'] = has_older
        self._props['dialog'] = dialog

    def append(self, messages: Iterable[Message]) -> None:
        """Add new messages below; those that are there already change nothing."""
        self._add(messages)

    def prepend(self, messages: Iterable[Message], *, has_older: bool) -> None:
        """Add older messages above what is being read."""
        self._add(messages)
        self._props['hasOlder'] = has_older

    def older_failed(self) -> None:
        """The older messages could not be read: let the reader ask again."""
        self.run_method('rest')

    def _add(self, messages: Iterable[Message]) -> None:
        before = {row['id']: row for row in self._props['messages']}
        self._messages |= {message.id: message for message in messages}
        rows = self._rows()
        with self._props.suspend_updates():
            self._props['messages'] = rows
        self.run_method('merge', [row for row in rows if row != before.get(row['id'])])

    def _rows(self) -> list[dict[str, Any]]:
        ordered = sorted(self._messages.values(), key=lambda message: (message.created_at, message.id))
        today = salon_time(datetime.now(UTC), self._zone).date()
        rows, before = [], None
        for message in ordered:
            key = (message.id, before.id if before else 0, today)
            if key not in self._drawn:
                self._drawn[key] = self._row(message, before, today=today)
            rows.append(self._drawn[key])
            before = message
        return rows

    def _row(self, message: Message, before: Message | None, *, today: date) -> dict[str, Any]:
        moment = salon_time(message.created_at, self._zone)
        pause = (_moment(message) - _moment(before)).total_seconds() if before else 0
        return {
            'id': message.id,
            'at': _moment(message).timestamp(),
            'side': SIDES.get(message.role, 'system'),
            'who': self._who(message.role),
            'text': message.text,
            'time': format_time(message.created_at, self._zone),
            'day': moment.date().isoformat(),
            'dayText': format_day(moment.date(), today=today),
            'gap': _('after {time}').format(time=format_duration(pause)) if pause >= LONG_GAP_SECONDS else '',
        }

    def _who(self, role: str) -> str:
        names = {'assistant': _('Bot'), 'operator': _('Salon'), 'system': _('System')}
        return self._client_name if role == 'user' else names.get(role, role[:40])


def _moment(message: Message) -> datetime:
    return salon_time(message.created_at, 'UTC')


def _texts() -> dict[str, Any]:
    unseen = {form: ngettext('{number} new message', '{number} new messages', number) for form, number in PLURALS}
    return {
        'label': _('Messages of the dialog'),
        'older': _('Show older messages'),
        'loading': _('Loading'),
        'start': _('The dialog begins here'),
        'empty': _('There are no messages in this dialog.'),
        'whole': _('Show whole'),
        'less': _('Show less'),
        'unseen': unseen,
    }


PLURALS = (('one', 1), ('few', 2), ('many', 5), ('other', 5))
"""Numbers that stand for the plural forms browsers name, so that the browser can count by itself."""
