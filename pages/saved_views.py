"""Filters of the clients that were given a name: as tabs, and kept or forgotten by those who manage the salon.

Its one rule: the page's address stays the only place where filters are; a name is a shortcut to one.
"""

from __future__ import annotations

from collections.abc import Awaitable

from nicegui import ui

from components.button import button
from components.form import Form
from components.i18n import _
from components.link import link
from data import DataError
from models import ClientQuery, Role, SavedView
from pages.broadcast_form import params_of
from pages.client_acts import ClientActs
from pages.view import View


class SavedViews:
    """The saved filters on the page of the clients; employees have none."""

    def __init__(self, view: View, acts: ClientActs) -> None:
        self.view, self.acts, self.data = view, acts, view.data.views
        self.views: list[SavedView] = []
        self.is_known = False
        self.is_open_here = view.session.user.role.covers(Role.ADMIN)

    async def fetch(self) -> None:
        """Read them, once and after each change here; without them the page still works."""
        if not self.is_open_here or self.is_known:
            return
        try:
            self.views = await self.data.list()
        except DataError:
            return
        self.is_known = True

    def active(self, query: ClientQuery) -> SavedView | None:
        """The one whose filters these are."""
        return next((view for view in self.views if view.params == params_of(query)), None)

    def draw_tabs(self, query: ClientQuery) -> None:
        """A tab for each."""
        active = self.active(query)
        for view in self.views:
            classes = 'tab is-active' if view is active else 'tab'
            tab = link(view.name, to=f'/clients?{view.params}', classes=classes)
            tab.props('dir=auto' + (' aria-current=page' if view is active else ''))

    def draw_acts(self, query: ClientQuery) -> None:
        """What can be done with the filters on screen."""
        if not self.is_open_here:
            return
        active = self.active(query)
        params = params_of(query)
        if active:
            remove = button(
                _('Remove the saved filters'), icon='delete', kind='quiet', on_click=lambda: self.forget(active)
            )
            remove.props['data-act'] = 'remove-view'
        elif query.is_filtered:
            save = button(_('Save these filters'), icon='star', kind='quiet', on_click=lambda: self.ask(params))
            save.props['data-act'] = 'save-view'
        target = f'/broadcasts/new?{params}' if params else '/broadcasts/new'
        button(_('Write to them'), icon='broadcast', on_click=lambda: ui.navigate.to(target))

    def ask(self, params: str) -> None:
        """Ask for the name of these filters."""
        form = Form(_('Save these filters'), submit=_('Save'), on_submit=lambda form: self._keep(form, params))
        form.text('name', _('Title'), longest=100, hint=_('Shown above the list, and as an audience of broadcasts'))
        form.open()

    async def _keep(self, form: Form, params: str) -> None:
        await self._finish(form, self.data.save(form.key, form.value('name'), params), _('The filters are saved.'))

    def forget(self, view: SavedView) -> None:
        """Ask whether saved filters are to go: everybody who manages the salon has them."""
        form = Form(
            _('Remove the saved filters'), submit=_('Delete'), on_submit=lambda form: self._forget(form, view),
            kind='danger', hint=view.name,
        )  # fmt: skip
        form.open()

    async def _forget(self, form: Form, view: SavedView) -> None:
        await self._finish(form, self.data.remove(form.key, view.id), _('The saved filters are removed.'))

    async def _finish(self, form: Form, act: Awaitable[None], text: str) -> None:
        if await self.view.attempt(act, fail=form.fail):
            form.close()
            self.acts.tell(text)
            self.is_known = False
            await self.view.load()
