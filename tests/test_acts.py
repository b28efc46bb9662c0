"""Who may do what: every act and every role in one table, through the API under a token and through the pages.

An act of the database that stands in no row here fails a test.
"""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import psycopg
import pytest
from nicegui import ui
from nicegui.elements.mixins.value_element import ValueElement

from auth import sessions
from components.audit_texts import ACTIONS, row_of, subject_text
from components.export_columns import DIALOGS
from components.settings_texts import GROUPS
from components.user_list import UserList
from data import Conflict, Data, DataError, NotAllowed, NotFound
from devstack.demo.salons import SALON_A
from devstack.stack import Stack
from models import (
    Alert,
    AlertRule,
    AuditLine,
    AuditQuery,
    ClientQuery,
    CommandStatus,
    GivenCommand,
    Role,
    SavedView,
    UsersQuery,
)
from pages.alerts import AlertsView, RuleForm
from pages.broadcast_form import BroadcastForm
from pages.broadcasts import BroadcastsView
from pages.clients import ClientsView
from pages.export import Exports
from pages.salons import CreateSettings, SalonsView
from pages.sessions import SessionsView
from pages.settings import SettingsView
from pages.settings_form import SettingsForm
from pages.users import UsersView
from pages.view import Address, View
from pages.wishlist import WaitingListView
from tests.conftest import Connection
from tests.simulated import Dashboard, Person, is_shown, tell, until
from tokens import Tokens

BROADCAST = """
    with going_out as (
        insert into dashboard.broadcasts (tenant_id, name, text, status)
        values (%s, 'Осень', 'x', 'running') returning id
    ), unanswered as (
        insert into dashboard.bot_commands (id, key, tenant_id, client_id, type, status)
        select gen_random_uuid(), gen_random_uuid(), b.tenant_id, %s, 'broadcast.message', 'unknown'
        from (select %s::uuid as tenant_id) b returning id, tenant_id
    ), recipient as (
        insert into dashboard.broadcast_recipients
            (broadcast_id, client_id, tenant_id, place, status, due_at, command_id, handed_at)
        select g.id, %s, u.tenant_id, 1, 'unknown', now(), u.id, now() from going_out g, unanswered u
    )
    select id from going_out
"""
PEOPLE = ('owner', 'staff', 'stranger', 'platform', 'nobody')
THESE = UsersQuery(search='acts.test')
OWNERS, EVERYBODY, PLATFORM = {'owner', 'platform'}, {'owner', 'staff', 'platform'}, {'platform'}


@dataclass
class World:
    """What there is to act on in the first salon."""

    wish: int
    client: UUID
    note: UUID
    command: UUID
    client_command: UUID
    user: int
    user_version: int
    salon: UUID
    draft: UUID
    running: UUID
    saved_view: UUID
    alert: Alert
    seen: dict[int, str] = field(default_factory=dict)
    rule = AlertRule(kind='bot_silent', is_on=True, threshold=240, usual=240, lowest=30, highest=1440)

    async def look(self, data: Data) -> None:
        """See everything as pages do, with the eyes of somebody who may."""
        self.entry = (await data.waiting_list.open(self.wish)).entry
        self.opened = await data.clients.open(self.client)
        self.listed = next(found for found in (await data.users.page(THESE)).rows if found.id == self.user)
        self.state = next(found for found in (await data.settings.salons()).salons if found.id == self.salon)
        self.settings = await data.settings.read()
        self.written, self.going_out = await data.broadcasts.open(self.draft), await data.broadcasts.open(self.running)

    @staticmethod
    def given(command: UUID) -> GivenCommand:
        """A command as a page knows it."""
        return GivenCommand(id=command, type='x', status=CommandStatus.DEAD, created_at=datetime.now(UTC))


@dataclass(frozen=True)
class Act:
    """An act: how it is done, who may do it, and where it is offered.

    On the page of `view` at the address `path`, `press` is what the browser reports when somebody clicks (if it is not
    the button named `name`), `handle` what the page does then, and `fill` what is typed into its form, by label.
    """

    do: Callable[[Data, World], Awaitable[Any]]
    allowed: set[str]
    path: str
    button: str
    view: type[View]
    name: str
    handle: Callable[[Any, World], Any]
    fill: dict[str, str] = field(default_factory=dict)
    press: Callable[[Person, World], Any] | None = None


async def change_settings(data: Data) -> None:
    """Change something in the person's own salon."""
    version = 0
    with suppress(NotAllowed):
        version = (await data.settings.read()).version
    await data.settings.change(uuid4(), version, {'quiet_from': '22:00', 'quiet_to': '08:00'})


async def invite(data: Data) -> None:
    """Invite an employee; the platform says into which salon."""
    salon = UUID(SALON_A.id) if data._identity.audience[0] == Role.SUPER_ADMIN else None
    email = f'{uuid4()}@acts.test'
    await data.users.invite(uuid4(), email=email, first_name='', last_name='', role=Role.STAFF, tenant=salon)


def wish(act: str, **fill: str) -> dict[str, Any]:
    """An act of the waiting list on its page."""
    begin = lambda view, w: view.acts.begin(act, [w.entry])  # noqa: E731
    return {'view': WaitingListView, 'name': act, 'handle': begin, 'fill': fill}


def card(act: str, handle: Callable[[Any, World], Any], **fill: str) -> dict[str, Any]:
    """An act on a client's card."""
    return {'view': ClientsView, 'name': act, 'handle': handle, 'fill': fill}


def user(act: str, **fill: str) -> dict[str, Any]:
    """An act of the menu beside a user."""
    return {
        'view': UsersView, 'name': act, 'handle': lambda view, w: view.acts.begin(act, w.listed), 'fill': fill,
        'press': lambda tab, w: tell(tab.one(UserList), 'act', {'act': act, 'id': w.user}),
    }  # fmt: skip


def form_of(view: Any) -> None:
    """The form of a new broadcast, as the page of those shows it who may write one."""
    BroadcastForm(view, None, ClientQuery(), []).open()


def start_export(view: Any) -> None:
    """Begin to write a file as the page of those does who may."""
    Exports(view, what='dialogs', columns=DIALOGS, rows=view.source.all).start('csv')


def broadcast(act: str, handle: Callable[[Any, World], Any], **fill: str) -> dict[str, Any]:
    """An act on the page of a broadcast."""
    return {'view': BroadcastsView, 'name': act, 'handle': handle, 'fill': fill}


DRAFT, RUNNING = '/broadcasts/{w.draft}', '/broadcasts/{w.running}'
WISH, CARD, USERS = '/wishlist/{w.wish}', '/clients/{w.client}', '/users?search=acts.test'
TOMORROW = datetime.now(UTC) + timedelta(days=1)
ACTS: dict[str, Act] = {
    'waitlist_converted': Act(
        lambda d, w: d.waiting_list.convert(uuid4(), w.seen), EVERYBODY, WISH, 'Записали', **wish('convert')),
    'waitlist_cancelled': Act(
        lambda d, w: d.waiting_list.cancel(uuid4(), w.seen, note='нет'), EVERYBODY, WISH, 'Снять с ожидания',
        **wish('cancel')),
    'waitlist_reopened': Act(
        lambda d, w: d.waiting_list.reopen(uuid4(), w.seen), EVERYBODY, WISH, 'Вернуть в ожидание', **wish('reopen')),
    'waitlist_offered': Act(
        lambda d, w: d.waiting_list.offer(uuid4(), w.seen, at=TOMORROW, staff='', until=None, message='да?'), EVERYBODY,
        WISH, 'Предложить время', **wish('offer')),
    'waitlist_wrote': Act(
        lambda d, w: d.waiting_list.write(uuid4(), w.seen, message='привет'), EVERYBODY, WISH, 'Написать',
        **wish('write')),
    'waitlist_noted': Act(
        lambda d, w: d.waiting_list.note(uuid4(), w.seen, note='x'), EVERYBODY, WISH, 'Заметка',
        **wish('note', Заметка='x')),
    'retry_command': Act(
        lambda d, w: d.commands.retry(uuid4(), w.command), EVERYBODY, WISH, 'Попробовать ещё раз', WaitingListView,
        'retry-{w.command}', lambda view, w: view.panel.retry(w.given(w.command))),
    'retry_command of a message from a card': Act(
        lambda d, w: d.commands.retry(uuid4(), w.client_command), OWNERS, CARD, 'Попробовать ещё раз',
        **card('retry-{w.client_command}', lambda view, w: view.acts.retry(w.given(w.client_command)))),
    'write_to_client': Act(
        lambda d, w: d.clients.write(uuid4(), w.client, 'привет'), OWNERS, CARD, 'Написать',
        **card('write', lambda view, w: view.acts.write(w.opened), Сообщение='привет')),
    'invite_client': Act(
        lambda d, w: d.clients.invite(uuid4(), w.client, 'ждём'), OWNERS, CARD, 'Пригласить',
        **card('invite', lambda view, w: view.acts.invite(w.opened))),
    'add_client_note': Act(
        lambda d, w: d.clients.add_note(uuid4(), w.client, 'x'), OWNERS, CARD, 'Заметка',
        **card('note', lambda view, w: view.acts.add_note(w.opened), Заметка='x')),
    'remove_client_note': Act(
        lambda d, w: d.clients.remove_note(uuid4(), w.note), OWNERS, CARD, '',
        **card('remove-{w.note}', lambda view, w: view.acts.remove_note(w.opened.notes[0]))),
    'export': Act(
        lambda d, w: d.exports.begin(uuid4(), 'dialogs.csv'), OWNERS | {'stranger'}, '/sessions', 'Выгрузить',
        SessionsView, '', lambda view, w: start_export(view), press=lambda tab, w: tell(tab.all(ui.item)[0], 'click')),
    'change_settings': Act(
        lambda d, w: change_settings(d), OWNERS | {'stranger'}, '/settings', 'Изменить', SettingsView, '',
        lambda view, w: SettingsForm(view, GROUPS[1], w.settings, saved=view.saved, unable=''),
        {'Тихие часы с': '22:00', 'Тихие часы до': '08:00'},
        lambda tab, w: tell(tab.view.cards['hours']._edit, 'click')  # type: ignore[union-attr]
    ),
    'acknowledge_alert': Act(
        lambda d, w: d.alerts.acknowledge(uuid4(), w.alert.id), OWNERS, '/alerts', 'Беру на себя', AlertsView,
        'acknowledge-{w.alert.id}', lambda view, w: view.acknowledge(w.alert)),
    'change_alert_rule': Act(
        lambda d, w: d.alerts.change_rule(uuid4(), 'bot_silent', is_on=True, threshold='60'), OWNERS | {'stranger'},
        '/alerts', '', AlertsView, 'rule-bot_silent', lambda view, w: RuleForm(view).open(w.rule), {'Порог': '60'}),
    'create_settings': Act(
        lambda d, w: d.settings.create(uuid4(), w.salon, timezone='Europe/Moscow', currency='RUB'), PLATFORM,
        '/salons', 'Создать настройки', SalonsView, 'create-{w.salon}',
        lambda view, w: CreateSettings(view).open(w.state)),
    'invite_user': Act(
        lambda d, w: invite(d), OWNERS | {'stranger'}, '/users', 'Пригласить', UsersView, '',
        lambda view, w: view.acts.invite(), {'Эл': 'new@acts.test'}, lambda tab, w: tab.click('Пригласить')),
    'create_reset_link': Act(lambda d, w: d.users.make_link(uuid4(), w.user), OWNERS, USERS, '', **user('link')),
    'change_user': Act(
        lambda d, w: d.users.change(
            uuid4(), w.user, role=Role.STAFF, active=False, seen=w.user_version, tenant=None), OWNERS,
        USERS, '', **user('off')),
    'rename_user': Act(
        lambda d, w: d.users.rename(uuid4(), w.user, first_name='Аня', last_name='', seen=w.user_version), OWNERS,
        USERS, '',
        **user('rename', Имя='Аня')),
    'save_broadcast': Act(
        lambda d, w: d.broadcasts.save(uuid4(), name='Осень', text='x'), OWNERS | {'stranger'}, '/broadcasts',
        'Новая рассылка',
        **broadcast('write', lambda view, w: form_of(view), **{'Название': 'Осень', 'Текст': 'x'})),
    'remove_broadcast': Act(
        lambda d, w: d.broadcasts.remove(uuid4(), w.draft), OWNERS, DRAFT, '',
        **broadcast('remove', lambda view, w: view.acts.remove(w.written.broadcast))),
    'test_broadcast': Act(
        lambda d, w: d.broadcasts.test(uuid4(), w.draft), OWNERS, DRAFT, 'Проба в чат салона',
        **broadcast('test', lambda view, w: view.acts.test(w.written))),
    'send_broadcast': Act(
        lambda d, w: d.broadcasts.send(uuid4(), w.draft, seen=1, expected=10_000), OWNERS, DRAFT, '',
        **broadcast('send', lambda view, w: view.acts.send(w.written))),
    'pause_broadcast': Act(
        lambda d, w: d.broadcasts.steer(uuid4(), w.running, 'pause'), OWNERS, RUNNING, 'Пауза',
        **broadcast('pause', lambda view, w: view.acts.steer(w.going_out.broadcast, 'pause'))),
    'resume_broadcast': Act(
        lambda d, w: d.broadcasts.steer(uuid4(), w.running, 'resume'), OWNERS, RUNNING, 'Продолжить',
        **broadcast('resume', lambda view, w: view.acts.steer(w.going_out.broadcast, 'resume'))),
    'stop_broadcast': Act(
        lambda d, w: d.broadcasts.steer(uuid4(), w.running, 'stop'), OWNERS, RUNNING, 'Остановить',
        **broadcast('stop', lambda view, w: view.acts.stop(w.going_out.broadcast))),
    'retry_broadcast': Act(
        lambda d, w: d.broadcasts.retry(uuid4(), w.running), OWNERS, RUNNING, 'Попробовать ещё раз',
        **broadcast('retry', lambda view, w: view.acts.retry(w.going_out))),
    'save_view': Act(
        lambda d, w: d.views.save(uuid4(), 'Осень', 'kind=new'), OWNERS | {'stranger'}, '/clients?kind=new',
        'Сохранить фильтры', **card('save-view', lambda view, w: view.saved.ask('kind=new'), Название='Осень')),
    'remove_view': Act(
        lambda d, w: d.views.remove(uuid4(), w.saved_view), OWNERS, '/clients?kind=booked',
        'Удалить сохранённые фильтры',
        **card('remove-view', lambda view, w: view.saved.forget(SavedView(id=w.saved_view, name='x', params='x')))),
    'end_user_sessions': Act(
        lambda d, w: d.users.end_sessions(uuid4(), w.user), OWNERS, USERS, '', **user('sessions')),
}  # fmt: skip


def claims_of(db: psycopg.Connection[Any], person: str) -> dict[str, str]:
    """A token's claims, as the app makes them for a person of the demo."""
    if person == 'nobody':
        return {'app_role': '', 'tenant_id': SALON_A.id}
    row = db.execute(
        'select id, role, tenant_id::text from dashboard.users where email = %s', (f'{person}@demo.salon',)
    ).fetchone()
    assert row
    return {'sub': str(row[0]), 'app_role': row[1], 'tenant_id': row[2] or SALON_A.id}


@pytest.fixture
def admin(stack: Stack) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(stack.admin_dsn, autocommit=True) as db:
        yield db


@pytest.fixture
def world(admin: psycopg.Connection[Any]) -> Iterator[World]:
    """Things of the first salon that are made for one test."""

    def one(statement: str, *values: Any) -> Any:
        row = admin.execute(statement.encode(), values).fetchone()
        assert row
        return row[0]

    a, person = SALON_A.id, f'{uuid4()}@acts.test'
    client = one("insert into public.clients_v2 (tenant_id, full_name) values (%s, 'Проба') returning id", a)
    wish = one(
        'insert into public.wishlist_v2 (tenant_id, user_id, item_type, item_id)'
        " values (%s, %s, 'slot', 'x') returning id", a, client,
    )  # fmt: skip
    note = "insert into dashboard.client_notes (tenant_id, client_id, text) values (%s, %s, 'x') returning id"
    command = (
        'insert into dashboard.bot_commands (id, key, tenant_id, client_id, type, status)'
        " values (gen_random_uuid(), gen_random_uuid(), %s, %s, %s, 'dead') returning id"
    )
    user = "insert into dashboard.users (email, role, tenant_id) values (%s, 'staff', %s) returning id"
    made = World(
        wish=wish,
        client=client,
        note=one(note, a, client),
        command=one(command, a, client, 'waitlist.cancelled'),
        client_command=one(command, a, client, 'client.message'),
        user=one(user, person, a),
        user_version=one('select version from dashboard.users where email = %s', person),
        salon=one("insert into public.tenants_v2 (name) values ('Проба') returning id"),
        draft=one("insert into dashboard.broadcasts (tenant_id, name, text) values (%s, 'Осень', 'x') returning id", a),
        running=one(BROADCAST, a, client, a, client),
        saved_view=one(
            'insert into dashboard.saved_views (tenant_id, page, name, params)'
            " values (%s, 'clients', 'Осень', 'kind=booked') returning id",
            a,
        ),
        alert=Alert(
            id=one(
                'insert into dashboard.alerts (tenant_id, kind, opened_at)'
                " values (%s, 'data_broken', now()) returning id",
                a,
            ),
            kind='acts',
            at=datetime.now(UTC),
            is_open=True,
        ),
        seen={wish: '0:pending'},
    )
    yield made
    for table in ('dashboard.wishlist_actions', 'dashboard.wishlist_states'):
        admin.execute(f'delete from {table} where wishlist_id = %s'.encode(), (wish,))
    admin.execute('delete from public.wishlist_v2 where id = %s', (wish,))
    for table, column in (
        ('bot_commands', 'client_id'),
        ('client_notes', 'client_id'),
        ('client_figures', 'client_id'),
    ):
        admin.execute(f'delete from dashboard.{table} where {column} = %s'.encode(), (client,))
    broadcasts = "(select id from dashboard.broadcasts where name = 'Осень')"
    admin.execute(f'delete from dashboard.broadcast_recipients where broadcast_id in {broadcasts}'.encode())
    admin.execute("delete from dashboard.broadcasts where name = 'Осень'")
    admin.execute("delete from dashboard.saved_views where name = 'Осень'")
    admin.execute("delete from dashboard.bot_commands where type = 'broadcast.test'")
    admin.execute('delete from public.clients_v2 where id = %s', (client,))
    admin.execute('delete from dashboard.tenant_settings where tenant_id = %s', (made.salon,))
    admin.execute('delete from public.tenants_v2 where id = %s', (made.salon,))
    admin.execute('update dashboard.tenant_settings set quiet_from = null, quiet_to = null')
    admin.execute("delete from dashboard.bot_commands where type = 'settings.changed'")
    admin.execute("delete from dashboard.alerts where kind = 'data_broken'")
    admin.execute("delete from dashboard.alert_rules where kind = 'bot_silent'")
    for table, column in (('user_links', 'user_id'), ('audits', 'user_id'), ('users', 'id')):
        emails = "(select id from dashboard.users where email like '%%@acts.test')"
        admin.execute(f'delete from dashboard.{table} where {column} in {emails}'.encode())


def test_every_act_of_the_database_stands_in_the_table(db: Connection) -> None:
    rows = db.execute(
        "select proname from pg_proc where pronamespace = 'dashboard'::regnamespace and proargnames[1] = 'key'"
        " and has_function_privilege('dashboard_app', oid, 'execute')"
    ).fetchall()
    names = {
        'act_on_waiting_list': 'waitlist_converted', 'begin_export': 'export', 'end_export': 'export',
        'steer_broadcast': 'stop_broadcast',
    }  # fmt: skip
    assert {names.get(row[0], row[0]) for row in rows} <= set(ACTS)


def test_every_act_has_words_in_the_audit() -> None:
    assert {name.split(' ')[0] for name in ACTS} <= set(ACTIONS)


def prepare(db: psycopg.Connection[Any], world: World, name: str) -> None:
    """Bring the world into the state that an act needs."""
    if name == 'waitlist_reopened':
        db.execute("update public.wishlist_v2 set status = 'cancelled' where id = %s", (world.wish,))
        world.seen = {world.wish: '0:cancelled'}
    if name == 'retry_command':
        db.execute(
            'insert into dashboard.wishlist_actions (tenant_id, wishlist_id, kind, note, command_id, bot_status)'
            " values (%s, %s, 'wrote', 'x', %s, 'pending')", (SALON_A.id, world.wish, world.command),
        )  # fmt: skip
    if name == 'resume_broadcast':
        db.execute("update dashboard.broadcasts set status = 'paused' where id = %s", (world.running,))
    if name == 'end_user_sessions':
        db.execute('update dashboard.users set last_sign_in_at = now() where id = %s', (world.user,))


@pytest.mark.parametrize('person', PEOPLE)
@pytest.mark.parametrize('name', ACTS)
async def test_who_may_do_what_through_the_api(
    app: Stack, admin: psycopg.Connection[Any], world: World, name: str, person: str
) -> None:
    act, claims = ACTS[name], claims_of(admin, person)
    prepare(admin, world, name)
    before = admin.execute("select count(*) from dashboard.audits where action = 'refused'").fetchone()
    try:
        await act.do(Data(Tokens(claims)), world)
    except DataError as error:
        outcome: type[DataError] | None = type(error)
    else:
        outcome = None
    if person in act.allowed:
        assert outcome is None
        return
    assert outcome in {NotFound, NotAllowed}
    after = admin.execute("select count(*) from dashboard.audits where action = 'refused'").fetchone()
    assert before and after
    assert after[0] - before[0] == (outcome is NotAllowed and person != 'nobody')


async def tab_of(dashboard: Dashboard, person: str) -> Person:
    """A tab of somebody; the platform looks at the first salon."""
    tab = await dashboard.signed_in(person, '/')
    if person == 'platform':
        await sessions.choose_salon(tab.session, UUID(SALON_A.id))
        await tab.open('/')
    return tab


async def send_form(tab: Person, values: dict[str, str]) -> None:
    """Fill the form that is open, if there is one, and send it."""
    forms = [form for form in tab.all(ui.element) if form.tag == 'form' and 'form' in form.classes]
    if not forms:
        return
    fields = [field for field in forms[0].descendants() if isinstance(field, ValueElement)]
    with tab.client:
        for label, value in values.items():
            next(field for field in fields if str(field.props.get('label')).startswith(label)).set_value(value)
    tell(forms[0], 'submit')


def done(dashboard: Dashboard, name: str) -> int:
    """How often an act was done."""
    return int(dashboard.run('select count(*) from dashboard.audits where action = %s', name.split(' ', 1)[0])[0][0])


@pytest.mark.parametrize(('name', 'person'), [(name, person) for name in ACTS for person in PEOPLE[:-1]])
async def test_who_may_do_what_through_the_pages(
    dashboard: Dashboard, admin: psycopg.Connection[Any], world: World, name: str, person: str
) -> None:
    act = ACTS[name]
    prepare(admin, world, name)
    await world.look(Data(Tokens(claims_of(admin, 'platform'))))
    tab, before = await tab_of(dashboard, person), done(dashboard, name)
    if person in act.allowed:
        await click_through(tab, act, world)
        await until(lambda: done(dashboard, name) == before + 1)
        await asyncio.sleep(0.1)
        assert done(dashboard, name) == before + 1
    else:
        await call_the_handler(tab, act, world)
        await until(lambda: 'Ничего не изменено' in ''.join(tab.received + tab.user.notify.messages))
        assert done(dashboard, name) == before


async def click_through(tab: Person, act: Act, world: World) -> None:
    """Do what somebody does whom the page offers the act."""
    await tab.go(act.path.format(w=world))
    if act.press:
        act.press(tab, world)
    else:
        named = act.name.format(w=world)
        (found,) = [button for button in tab.all(ui.button) if button.props.get('data-act') == named]
        assert is_shown(found)
        tell(found, 'click')
    await asyncio.sleep(0.05)
    await send_form(tab, act.fill)


async def call_the_handler(tab: Person, act: Act, world: World) -> None:
    """Do what no page offers to this person: the same handler, form and events, in a page made by force."""
    assert tab.view
    with tab.client:
        view = act.view(tab.session, tab.view.salon, Address())
        view.open()
        with view.root:
            outcome = act.handle(view, world)
            if isinstance(outcome, Awaitable):
                await outcome
    await send_form(tab, act.fill)


@pytest.mark.parametrize('person', ['owner', 'staff', 'stranger', 'platform'])
async def test_the_pages_offer_what_a_role_may_do_and_nothing_else(
    dashboard: Dashboard, world: World, person: str
) -> None:
    tab = await tab_of(dashboard, person)
    for name in ('waitlist_converted', 'waitlist_cancelled', 'waitlist_offered', 'waitlist_wrote', 'waitlist_noted',
                 'retry_command of a message from a card', 'write_to_client', 'invite_client', 'add_client_note',
                 'export', 'change_settings', 'create_settings', 'invite_user'):  # fmt: skip
        act = ACTS[name]
        await tab.go(act.path.format(w=world))
        offered = any(button.text == act.button and is_shown(button) for button in tab.all(ui.button))
        assert offered == (person in act.allowed), name


@pytest.mark.parametrize('name', ACTS)
async def test_the_audit_tells_every_act_in_words(
    app: Stack, admin: psycopg.Connection[Any], world: World, name: str
) -> None:
    prepare(admin, world, name)
    platform, staff = (Data(Tokens(claims_of(admin, person))) for person in ('platform', 'staff'))
    is_refused = False
    try:
        if 'staff' not in ACTS[name].allowed:
            await ACTS[name].do(staff, world)
    except NotFound:
        pass
    except NotAllowed:
        is_refused = True
    await ACTS[name].do(platform, world)
    lines = (await platform.audit.page(AuditQuery(), size=1 + is_refused)).rows
    assert [line.action for line in lines] == [name.split(' ', maxsplit=1)[0], 'refused'][: 1 + is_refused]
    for line in lines:
        row = row_of(line, zone='Asia/Tokyo')
        told = [row['what'], row['about'], *(text for fact in row['facts'] + row['changes'] for text in fact)]
        assert re.findall('[a-z]{2,}|[0-9a-f]{8}-', re.sub(r'\S+@\S+', '', '\n'.join(told))) == [], told
    if name == 'waitlist_offered':
        at = TOMORROW.astimezone(ZoneInfo('Asia/Tokyo'))
        assert f'{at:%H:%M}' in str(row_of(lines[0], zone='Asia/Tokyo')['facts'])


def test_a_word_of_machines_that_nobody_knows_is_left_out_of_the_audit() -> None:
    line = AuditLine(id=1, at=TOMORROW, action='refused', description='some_new.function')
    assert subject_text(line) == ''
    assert subject_text(line.model_copy(update={'description': f'salon {uuid4()}'})) == 'Другой салон'
    assert subject_text(line.model_copy(update={'description': '/users/7'})) == 'Пользователи'


async def test_a_page_that_a_role_may_not_open_is_refused_and_audited(dashboard: Dashboard) -> None:
    tab = await dashboard.signed_in('staff', '/')
    for path in ('/settings', '/users', '/audit', '/salons'):
        await tab.go(path)
        await tab.sees('Эта страница вам недоступна')
    owner = await dashboard.signed_in('owner', '/salons')
    await owner.sees('Эта страница вам недоступна')
    refused = "select description from dashboard.audits where action = 'refused' order by id desc limit 5"
    expected = [(path,) for path in ('/salons', '/salons', '/audit', '/users', '/settings')]
    await until(lambda: dashboard.run(refused) == expected)


async def test_an_act_that_came_too_late_is_a_conflict_and_not_a_refusal(
    app: Stack, admin: psycopg.Connection[Any], world: World
) -> None:
    data = Data(Tokens(claims_of(admin, 'owner')))
    await data.clients.invite(uuid4(), world.client, 'ждём')
    with pytest.raises(Conflict):
        await data.clients.invite(uuid4(), world.client, 'ждём')
