"""The users: who may come in, with which role, and how to invite somebody.

Its one rule: whom somebody manages is the database's decision; the page shows what it answers.
"""

from typing import ClassVar

from nicegui import ui

from components.button import button
from components.i18n import N_, _, format_number, ngettext
from components.labels import label_of
from components.list_filters import FilterList, ListFilters
from components.page_head import page_head
from components.states import empty_state, error_state, skeleton_rows
from components.user_list import UserList
from data import DataError
from models import ListedUser, Role, UsersQuery, UserState
from pages import page
from pages.user_acts import UserActs
from pages.view import Address, View, explain


@page('/users', title=N_('Users'), icon='user', allowed=Role.ADMIN)
class UsersView(View):
    """A search, the list, and what can be done with each."""

    reloads_on: ClassVar[tuple[str, ...]] = ('users',)

    def build(self) -> None:
        self.query, self.unknown = UsersQuery.from_params(self.address.params, self.today)
        self.listed: UsersQuery | None = None
        self.users: list[ListedUser] = []
        self.next: dict[str, object] | None = None
        self.total = 0
        self.acts = UserActs(self)
        with page_head(_('Users'), _('Who may use the dashboard, and what they may do in it')):
            button(_('Invite'), icon='plus', kind='primary', on_click=self.acts.invite)
        self.filters = ListFilters(
            placeholder=_('Name or e-mail'), on_change=self.change, on_clear=lambda: ui.navigate.to('/users')
        )
        self.unknown_note = ui.label().classes('note tone-warn')
        self.count_text = ui.label().classes('muted small').props('role=status')
        self.skeleton = skeleton_rows(5)
        with ui.element('section').classes('card user-card') as self.card:
            self.list = UserList(on_act=self.act, on_more=self.more)
        self.card.set_visibility(False)
        self.empty = ui.element('div')
        self._show_filters()

    @property
    def is_platform(self) -> bool:
        """Whether the person manages more than one salon."""
        return self.session.user.role is Role.SUPER_ADMIN

    # --- the address

    def change(self, name: str, value: str) -> None:
        """Another filter."""
        read, unknown = UsersQuery.from_params({name: value} if value else {}, self.today)
        if not unknown:
            ui.navigate.to(self.query.replace(**{name: getattr(read, name)}).address())

    async def go(self, address: Address) -> None:
        self.address = address
        self.query, self.unknown = UsersQuery.from_params(address.params, self.today)
        self._show_filters()
        await self.load()

    def _show_filters(self) -> None:
        query, roles = self.query, [role for role in Role if self.is_platform or role is not Role.SUPER_ADMIN]
        lists = [
            FilterList('role', _('Role'), query.role or '', [(role, label_of(role).text) for role in roles]),
            FilterList('state', _('State'), query.state or '', [(state, label_of(state).text) for state in UserState]),
        ]
        if self.is_platform:
            lists.append(FilterList('salon', _('Salon'), str(query.salon or ''), self.salons()))
        self.filters.show(search=query.search or '', lists=lists)

    def salons(self) -> list[tuple[str, str]]:
        """All salons of a person of the platform: key and name."""
        return [(str(salon.id), salon.name) for salon in self.session.who.salons]

    # --- reading

    async def fetch(self) -> None:
        query = self.query = UsersQuery.from_params(self.address.params, self.today)[0]
        read = await self.data.users.page(query)
        shown = len(self.users) if query == self.listed else 0
        while read.next and len(read.rows) < shown:
            more = await self.data.users.page(query, read.next)
            read = more.model_copy(update={'rows': [*read.rows, *more.rows]})
        if query == self.query:
            self.users, self.next, self.total, self.listed = read.rows, read.next, read.total, query

    async def more(self) -> None:
        """Read the next page."""
        query, key = self.query, self.next
        if key is None or query != self.listed:
            return
        try:
            read = await self.data.users.page(query, key)
        except DataError as error:
            ui.notify(explain(error))
            return
        if (query, key) == (self.query, self.next) and self.is_open:
            self.users, self.next = [*self.users, *read.rows], read.next
            self._show_rows()

    # --- drawing

    def draw(self) -> None:
        self.skeleton.set_visibility(False)
        self.unknown_note.set_visibility(bool(self.unknown))
        self.unknown_note.set_text(
            _('Not understood in the address and left out: {names}.').format(names=', '.join(self.unknown))
        )
        number = format_number(self.total)
        self.count_text.set_text(ngettext('{number} user', '{number} users', self.total).format(number=number))
        self._show_rows()
        self.empty.clear()
        if not self.users:
            with self.empty:
                empty_state(
                    _('Nobody fits'),
                    _('No user was found like this. Take a filter away.'),
                    icon_name='search',
                    action=(_('Show all users'), lambda: ui.navigate.to('/users')),
                )

    def _show_rows(self) -> None:
        self.card.set_visibility(bool(self.users))
        self.list.show(
            self.users, zone=self.salon.timezone, has_more=self.next is not None, shows_salon=self.is_platform
        )

    def show_error(self, error: DataError) -> None:
        self.skeleton.set_visibility(False)
        self.card.set_visibility(False)
        self.count_text.set_text('')
        self.empty.clear()
        with self.empty:
            error_state(explain(error), on_retry=self.load)

    # --- acts

    def act(self, act: str, number: int) -> None:
        """Something is to be done with one of those shown."""
        for user in self.users:
            if user.id == number:
                self.acts.begin(act, user)
