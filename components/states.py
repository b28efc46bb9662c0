"""What a list or a chart shows when it has nothing to show: not yet, nothing at all, or an error.

The one rule: an empty state says what will appear and why it is empty now; an error never looks like a zero.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from nicegui import ui

from components.button import button
from components.i18n import _, format_time
from components.icons import icon


def empty_state(
    title: str, text: str = '', *, icon_name: str = 'inbox', action: tuple[str, Callable[..., Any]] | None = None
) -> ui.element:
    """Nothing here yet; `action` is a button's text and what it does."""
    with ui.element('div').classes('state') as element:
        icon(icon_name, classes='state-icon')
        ui.label(title).classes('state-title')
        if text:
            ui.label(text).classes('state-text')
        if action:
            button(action[0], on_click=action[1])
    return element


def error_state(text: str = '', *, on_retry: Callable[..., Any] | None = None) -> ui.element:
    """Something could not be read; the figures are unknown and not zero."""
    with ui.element('div').classes('state state-error').props('role=alert') as element:
        icon('warning', classes='state-icon')
        ui.label(_('This could not be loaded')).classes('state-title')
        ui.label(text or _('The data did not arrive. Nothing is lost; please try again.')).classes('state-text')
        if on_retry:
            button(_('Try again'), on_click=on_retry, icon='retry')
    return element


def counting_state(text: str) -> ui.element:
    """It will be here in a moment, by itself."""
    with ui.element('div').classes('state').props('role=status') as element:
        icon('clock', classes='state-icon')
        ui.label(text).classes('state-title')
    return element


def skeleton_rows(count: int = 6) -> ui.element:
    """Grey rows while a list is on its way."""
    return _skeleton('skeleton-rows', count)


def _skeleton(name: str, count: int) -> ui.element:
    with ui.element('div').classes(f'skeleton {name}').props('role=status aria-busy=true') as element:
        for _bone in range(count):
            ui.element('i')
    element.props['aria-label'] = _('Loading')
    return element


def stale_note(as_of: datetime | None, *, zone: str) -> ui.element:
    """A note that the data shown is that of an earlier time, on the salon's clock."""
    return note(_('No connection. Shown as of {time}.').format(time=format_time(as_of, zone)), icon_name='clock')


def note(text: str, *, title: str = '', tone: str = 'warn', icon_name: str = '') -> ui.element:
    """A line that stands out, under a title of its own if need be; `tone` is one of `theme.TONES`."""
    with ui.element('div').classes(f'note tone-{tone}').props('role=status') as element:
        icon(icon_name or ('warning' if tone in {'warn', 'bad'} else 'info'))
        with ui.element('div'):
            if title:
                ui.label(title).classes('note-title')
            ui.label(text)
    return element
