"""One broadcast: its pre-flight while it is a draft, its progress while it goes out, its result and its journal.

Its one rule: what can be done stands at the top, and only what can be done now.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from uuid import UUID

from nicegui import ui

from bot import bot
from components.broadcast_card import (
    how_they_stand,
    progress,
    result_card,
    what_they_read,
    when_it_goes,
    who_gets_it,
)
from components.broadcast_journal import journal_rows
from components.broadcast_texts import as_read, clients_text
from components.button import button
from components.i18n import _, format_day_time
from components.labels import label_of, person_text
from components.link import link
from components.page_head import page_head, section
from components.place import Place
from components.states import skeleton_rows
from data import DataError
from models import BroadcastStatus, OpenBroadcast, Preflight, Recipient, RecipientStatus
from pages.view import View, explain, failure

if TYPE_CHECKING:
    from pages.broadcast_acts import BroadcastActs

LONGEST_JOURNAL = 500


class OpenBroadcastPanel:
    """One broadcast on the page of a view."""

    def __init__(self, view: View, acts: BroadcastActs) -> None:
        self.view, self.acts = view, acts
        self.data = view.data.broadcasts
        self.key: UUID | None = None
        self.status: RecipientStatus | None = None
        self.opened: OpenBroadcast | None = None
        self.journal: list[Recipient] = []
        self.next: Mapping[str, Any] | None = None
        self.root = ui.element('div').classes('stack broadcast-page')
        with self.root:
            self.top, self.middle, self.bottom = (Place(ui.element('div').classes('stack')) for _place in range(3))

    def open(self, rest: str, params: Mapping[str, str]) -> None:
        """Show the broadcast of an address; none for an address of the list."""
        self.root.set_visibility(bool(rest))
        before = (self.key, self.status)
        try:
            self.key = UUID(rest) if rest else None
        except ValueError:
            self.key = UUID(int=0)  # no broadcast has this one
        known = [status.value for status in RecipientStatus]
        self.status = RecipientStatus(params['status']) if params.get('status') in known else None
        if self.key != before[0]:
            self.opened = None
        if (self.key, self.status) != before:
            self.journal, self.next = [], None
        if self.key and not self.opened:
            self._clear()
            with self.top.root:
                skeleton_rows(6)

    # --- reading

    async def fetch(self) -> None:
        """Read it again, with its journal as far as it was shown. May raise DataError."""
        key, status = self.key, self.status
        assert key
        size = min(max(50, len(self.journal)), LONGEST_JOURNAL)
        opened, page = await asyncio.gather(self.data.open(key), self.data.recipients(key, status, size=size))
        if (key, status) == (self.key, self.status):
            self.opened, self.journal, self.next = opened, page.rows, page.next

    async def more(self) -> None:
        """Read the next page of the journal."""
        key, status, after = self.key, self.status, self.next
        if key is None or after is None:
            return
        try:
            page = await self.data.recipients(key, status, after)
        except DataError as error:
            self.acts.tell(explain(error))
            return
        if (key, status, after) == (self.key, self.status, self.next) and self.view.is_open:
            self.journal, self.next = self.journal + page.rows, page.next
            with self.view.root:
                self.draw()

    # --- drawing

    def _clear(self) -> None:
        for place in (self.top, self.middle, self.bottom):
            place.clear()

    def draw(self) -> None:
        """Show what was read. Figures move several times a second while it goes out: buttons are drawn anew only when
        there are other ones, so that nobody presses what has just gone."""
        opened = self.opened
        if not opened:
            return
        broadcast = opened.broadcast
        acts = (broadcast.status, broadcast.version, opened.preflight, opened.can_test, bool(opened.can_retry))
        if self.top.is_new(broadcast.id, broadcast.name, *acts, bot.is_reachable):
            with self.top.root:
                self._draw_head(opened)
        if self.middle.is_new(opened, self.status):
            with self.middle.root:
                self._draw_figures(opened)
        shown = tuple(status for status in RecipientStatus if broadcast.number(status))
        if self.bottom.is_new(broadcast.id, self.journal, self.next, self.status, shown):
            with self.bottom.root:
                if not opened.preflight:
                    self._draw_journal(opened)

    def show_error(self, error: DataError) -> None:
        """Say why there is nothing to show."""
        self._clear()
        with self.top.root:
            link('← ' + _('All broadcasts'), to='/broadcasts')
            failure(error, on_retry=self.view.load)

    def _draw_head(self, opened: OpenBroadcast) -> None:
        broadcast, status = opened.broadcast, label_of(opened.broadcast.status)
        link('← ' + _('All broadcasts'), to='/broadcasts')
        with page_head(broadcast.name, self._about(opened)) as head:
            ui.label(status.text).classes(f'pill tone-{status.tone}')
            if broadcast.is_going_on or opened.preflight or opened.can_retry:
                with ui.element('div').classes('row-of broadcast-acts'):
                    self._draw_acts(opened)
        head.classes('broadcast-head')

    def _draw_figures(self, opened: OpenBroadcast) -> None:
        broadcast, zone = opened.broadcast, self.view.salon.timezone
        if opened.preflight:
            with ui.element('div').classes('grid-2'):
                who_gets_it(broadcast, opened.preflight)
                when_it_goes(broadcast, opened.preflight.times, zone=zone)
            what_they_read(broadcast, opened.preflight)
            return
        with ui.element('div').classes('grid-2'):
            progress(broadcast, zone=zone, ends_at=format_day_time(opened.ends_at, zone) if opened.ends_at else '')
            how_they_stand(broadcast, opened.reasons, chosen=self.status)
        if opened.result:
            result_card(
                opened.result, zone=zone, currency=self.view.salon.currency,
                held_out_percent=broadcast.held_out_percent, is_over=not broadcast.is_going_on,
            )  # fmt: skip
        with section(_('Text')):
            ui.label(as_read(broadcast.text)).classes('preview-text').props('dir=auto')

    def _about(self, opened: OpenBroadcast) -> str:
        broadcast = opened.broadcast
        is_draft = broadcast.status is BroadcastStatus.DRAFT
        who, at = (broadcast.created_by, broadcast.created_at) if is_draft else (broadcast.sent_by, broadcast.sent_at)
        words = _('Written by {who}, {time}') if is_draft else _('Sent by {who}, {time}')
        return words.format(who=person_text(who, '—'), time=format_day_time(at, self.view.salon.timezone))

    def _draw_acts(self, opened: OpenBroadcast) -> None:
        status, acts, broadcast = opened.broadcast.status, self.acts, opened.broadcast
        if opened.preflight:
            self._draw_draft_acts(opened, opened.preflight)
        elif status in {BroadcastStatus.RUNNING, BroadcastStatus.SCHEDULED}:
            act('pause', button(_('Pause'), icon='pause', on_click=lambda: acts.steer(broadcast, 'pause')))
        elif status is BroadcastStatus.PAUSED:
            resume = button(_('Resume'), icon='play', kind='primary', on_click=lambda: acts.steer(broadcast, 'resume'))
            act('resume', resume)
        if broadcast.is_going_on:
            act('stop', button(_('Stop'), icon='stop', kind='danger', on_click=self._stop))
        if opened.can_retry:
            act('retry', button(_('Try again'), icon='retry', on_click=self._retry))

    def _stop(self) -> None:
        if self.opened:
            self.acts.stop(self.opened.broadcast)

    def _retry(self) -> None:
        if self.opened:
            self.acts.retry(self.opened)

    def _draw_draft_acts(self, opened: OpenBroadcast, plan: Preflight) -> None:
        acts, unable, broadcast = self.acts, self.acts.unable, opened.broadcast
        act('change', button(_('Change'), icon='edit', on_click=lambda: acts.change(broadcast)))
        test = act('test', button(_('Test to the salon’s chat'), icon='chat', on_click=lambda: acts.test(opened)))
        test.set_enabled(not unable and opened.can_test)
        test.props['title'] = unable or ('' if opened.can_test else _('Enter the salon’s chat in the settings first.'))
        delete = button(
            icon='delete', kind='quiet', label=_('Delete the draft'), on_click=lambda: acts.remove(broadcast)
        )
        act('remove', delete)
        text = _('Send to {clients}').format(clients=clients_text(plan.getting))
        send = act('send', button(text, kind='primary', icon='broadcast', on_click=lambda: acts.send(opened)))
        send.set_enabled(not unable and bool(plan.getting))
        send.props['title'] = unable

    def _draw_journal(self, opened: OpenBroadcast) -> None:
        with section(_('Journal')):
            with ui.element('nav').classes('tabs') as tabs:
                tabs.props['aria-label'] = _('Which recipients')
                for status in (None, *RecipientStatus):
                    if status is not None and not opened.broadcast.number(status):
                        continue
                    query = f'?status={status.value}' if status else ''
                    text = label_of(status).text if status else _('All')
                    is_active = status is self.status
                    tab = link(
                        text, to=f'/broadcasts/{opened.broadcast.id}{query}',
                        classes='tab is-active' if is_active else 'tab',
                    )  # fmt: skip
                    tab.props('aria-current=page' if is_active else '')
            journal_rows(self.journal, zone=self.view.salon.timezone)
            if self.next:
                with ui.element('div').classes('dialog-more'):
                    button(_('Show more'), on_click=self.more)


def act(name: str, element: ui.button) -> ui.button:
    """Name a button, so that focus finds it again after a live update."""
    element.props['data-act'] = name
    return element
