"""The users: who may come in, with which role, and how to invite somebody.

Its one rule: whom somebody manages is the database's decision; the page shows what it answers.
"""

from typing import ClassVar

from nicegui import ui

from components.button import button
from components.filters import USERS, FilterBar
from components.i18n import N_, _, format_number, ngettext
from components.labels import label_of
from components.page_head import page_head
from components.states import empty_state
from components.user_list import UserList
from data import UserData
from models import Count, ListedUser, Role, UsersQuery, UserState
from pages import page
from pages.list_view import ListView
from pages.user_acts import UserActs


@page('/users', title=N_('Users'), icon='user', allowed=Role.ADMIN)
class UsersView(ListView[UsersQuery, ListedUser]):
    """A search, the list, and what can be done with each."""

    reloads_on: ClassVar[tuple[str, ...]] = ('users',)
    query_type = UsersQuery

    @property
    def source(self) -> UserData:
        return self.data.users

    def build(self) -> None:
        self.acts = UserActs(self)
        with page_head(_('Users'), _('Who may use the dashboard, and what they may do in it')):
            button(_('Invite'), icon='plus', kind='primary', on_click=self.acts.invite)
        self.filters = FilterBar(query=self.query, on_change=self.apply, kind=USERS)
        self.build_unknown()
        self.build_number()
        with ui.element('section').classes('card user-card') as card:
            self.list = UserList(on_act=self.act, on_more=self.more)
        self.build_rows(card)

    @property
    def is_platform(self) -> bool:
        """Whether the person manages more than one salon."""
        return self.session.user.role is Role.SUPER_ADMIN

    def relink(self) -> None:
        roles = [role for role in Role if self.is_platform or role is not Role.SUPER_ADMIN]
        choices = {
            'role': [(role.value, label_of(role).text) for role in roles],
            'state': [(state.value, label_of(state).text) for state in UserState],
        }
        self.filters.show(self.query, choices=choices | ({'salon': self.salons()} if self.is_platform else {}))

    def salons(self) -> list[tuple[str, str]]:
        """All salons of a person of the platform: key and name."""
        return [(str(salon.id), salon.name) for salon in self.session.who.salons]

    # --- drawing

    def show_rows(self) -> None:
        self.list.show(
            self.rows, zone=self.salon.timezone, has_more=self.next is not None, shows_salon=self.is_platform
        )

    def draw_empty(self) -> None:
        empty_state(
            _('Nobody fits'),
            _('No user was found like this. Take a filter away.'),
            icon_name='search',
            action=(_('Show all users'), lambda: ui.navigate.to('/users')),
        )

    def words_of(self, count: Count) -> str:
        return ngettext('{number} user', '{number} users', count.rows).format(number=format_number(count.rows))

    # --- acts

    def act(self, act: str, number: int) -> None:
        """Something is to be done with one of those shown."""
        for user in self.rows:
            if user.id == number:
                self.acts.begin(act, user)
