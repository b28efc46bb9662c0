"""The waiting list as rows that can be chosen and acted on.

The one rule: a row holds ready texts only, made here from a `WaitingEntry` however odd its values are.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from datetime import date
from typing import Any

from nicegui import events, ui

from components.i18n import _
from components.reasons import needs_bot_text
from components.theme import asset
from components.waiting_texts import row_of
from models import WaitingEntry

ACTS = {
    'convert': ('KeyB', 'check'),
    'offer': ('KeyO', 'calendar'),
    'write': ('KeyW', 'chat'),
    'note': ('KeyN', 'note'),
    'cancel': ('KeyX', 'close'),
    'reopen': ('KeyR', 'retry'),
}
"""What can be done with an entry: the key that does it, and its icon."""
TOGETHER = ('convert', 'cancel', 'note', 'reopen')
"""What can be done with several entries at once."""


def act_texts() -> dict[str, str]:
    """What the acts are called on their buttons."""
    return {
        'convert': _('Mark as booked'),
        'offer': _('Offer a time'),
        'write': _('Write'),
        'note': _('Note'),
        'cancel': _('Take off'),
        'reopen': _('Back on the list'),
    }


class WaitingRows(ui.element, component='waiting_list.js'):
    """The rows; `on_choose` gets the chosen keys, `on_act` an act and its keys, `on_more` is asked for more."""

    def __init__(
        self,
        *,
        on_choose: Callable[[list[int]], Any],
        on_act: Callable[[str, list[int]], Any],
        on_more: Callable[[], Any],
    ) -> None:
        super().__init__()
        self._on_choose, self._on_act = on_choose, on_act
        self._props.update(icons=asset('icons.svg'), hasMore=False, chosen=[], open='', rows=[], together=TOGETHER)
        self._props['texts'] = {'choose': _('Choose'), 'more': _('Show more'), 'loading': _('Loading')}
        self.set_reachable(is_reachable=True)
        self.on('choose', self._choose)
        self.on('act', self._act)
        self.on('more', on_more, args=[])

    def set_reachable(self, *, is_reachable: bool) -> None:
        """Whether the bot answers: what only it can do is not offered else, and the button says why."""
        why = needs_bot_text(is_reachable=is_reachable)
        self._props['buttons'] = {
            act: self._button(act, text, why if act in {'offer', 'write'} else '') for act, text in act_texts().items()
        }

    @staticmethod
    def _button(act: str, text: str, why: str) -> dict[str, str]:
        code, icon = ACTS[act]
        return {'text': text, 'icon': icon, 'code': code, 'why': why, 'title': why or f'{text} · {code[-1]}'}

    def show(
        self, entries: Sequence[WaitingEntry], *, zone: str, today: date, currency: str, address: Callable[[int], str],
        new: Collection[int] = (), has_more: bool = False,
    ) -> None:  # fmt: skip
        """Draw the entries; `new` ones have come since the page was opened."""
        rows = [
            row_of(entry, zone=zone, today=today, currency=currency)
            | {'href': address(entry.id), 'isNew': entry.id in new}
            for entry in entries
        ]
        if rows != self._props['rows'] or has_more != self._props['hasMore']:
            self._props.update(rows=rows, hasMore=has_more)
        self.run_method('rest')

    def highlight(self, *, chosen: Sequence[int], opened: int | None) -> None:
        """Which entries are chosen, and which one is open."""
        self._props.update(chosen=[str(key) for key in chosen], open=str(opened or ''))

    def _known(self, key: Any, act: str = '') -> bool:
        return any(row['key'] == key and (not act or act in row['acts']) for row in self._props['rows'])

    def _choose(self, event: events.GenericEventArguments) -> Any:
        keys = event.args if isinstance(event.args, list) else []
        return self._on_choose([int(key) for key in keys if self._known(key)])

    def _act(self, event: events.GenericEventArguments) -> Any:
        args = event.args if isinstance(event.args, dict) else {}
        act, keys = str(args.get('act')), args.get('keys')
        if act not in ACTS or not isinstance(keys, list) or not all(self._known(key, act) for key in keys):
            return None
        return self._on_act(act, [int(key) for key in keys]) if len(keys) == 1 or act in TOGETHER else None
