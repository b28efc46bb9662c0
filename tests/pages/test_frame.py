"""What surrounds every page: who gets in, where one is sent, and what is left when one goes."""

import asyncio
import json
from collections.abc import Iterator
from uuid import UUID

import pytest
from nicegui import Client, ui

from auth import sessions
from bot import bot
from components.native_select import NativeSelect
from devstack.demo.salons import SALON_A, SALON_B
from live import feed
from models import BotState, Role
from pages import PAGES, page
from pages.overview import OverviewView
from pages.sessions import SessionsView
from pages.view import View
from tests.pages.conftest import PASSWORD, SmallSalon
from tests.simulated import Dashboard, tell, until

CAST = {'owner': SALON_A.name, 'staff': SALON_A.name, 'stranger': SALON_B.name}
VIEWS = {'/': OverviewView, '/sessions': SessionsView}


@pytest.fixture
def owners_page() -> Iterator[str]:
    """The address of a page that only owners may open."""

    class OwnersView(View):
        def build(self) -> None:
            ui.label('Только для владельца')

        async def fetch(self) -> None: ...

        def draw(self) -> None: ...

    page('/owners', title='Owners', icon='lock', allowed=Role.ADMIN)(OwnersView)
    yield '/owners'
    del PAGES['/owners']


@pytest.mark.parametrize('name', CAST)
async def test_everybody_opens_every_page_of_the_own_salon(dashboard: Dashboard, name: str) -> None:
    person = await dashboard.signed_in(name, None)
    for path, view in VIEWS.items():
        await person.open(path)
        assert type(person.view) is view
        assert person.view.error is None
        await person.sees(CAST[name])


async def test_the_platform_opens_every_page_of_a_chosen_salon(dashboard: Dashboard) -> None:
    person = await dashboard.signed_in('platform', None)
    for path, view in VIEWS.items():
        await person.open(path)
        assert type(person.view) is view
    names = [name for _key, name in person.one(NativeSelect)._props['options']]
    assert {SALON_A.name, SALON_B.name} <= set(names)


@pytest.mark.parametrize('path', ['/', '/sessions', '/sessions/x?figure=bookings', '/no-such-page'])
async def test_who_is_not_signed_in_comes_back_to_the_address_after_signing_in(dashboard: Dashboard, path: str) -> None:
    person = dashboard.browser()
    await person.open(path)
    assert person.path.startswith('/login')
    form = next(element for element in person.client.elements.values() if element.tag.endswith('login_form'))
    wanted = form._props['hidden']['next']
    assert (await person.sign_in(path=wanted)).headers['location'] == path


async def test_without_signing_in_no_page_holds_anything_of_a_salon(dashboard: Dashboard) -> None:
    person = await dashboard.browser().open('/sessions')
    assert not any(salon in ''.join(person.received) for salon in CAST.values())
    assert feed.subscriptions == 0


@pytest.mark.parametrize('name', [*CAST, 'platform'])
@pytest.mark.parametrize('path', ['/no-such-page', '/Sessions', '/%2e%2e/etc/passwd', '/<script>alert(1)</script>'])
async def test_an_address_that_is_no_page_says_so(dashboard: Dashboard, name: str, path: str) -> None:
    person = await dashboard.signed_in(name, path)
    await person.sees('Такой страницы нет')
    assert '<script>alert(1)' not in person.received[-1]


async def test_who_asks_for_no_page_gets_none_built(dashboard: Dashboard) -> None:
    person = dashboard.browser()
    answer = await person.http.get('/robots.txt', headers={'accept': '*/*'})
    assert answer.status_code == 404
    assert (await person.http.get('/healthz')).json() == {'status': 'ok'}


async def test_a_page_that_breaks_says_so_and_nothing_of_how(
    dashboard: Dashboard, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(_request: object) -> None:
        raise RuntimeError('a secret of ours')

    person = await dashboard.signed_in('owner', '/')
    monkeypatch.setattr(sessions, 'current', broken)
    answer = await person.http.get('/', headers={'accept': 'text/html'})
    assert answer.status_code == 500
    assert 'Это сбой на нашей стороне' in answer.text
    assert 'a secret of ours' not in answer.text
    assert 'a secret of ours' in caplog.text
    caplog.clear()


# --- rights


async def test_a_page_beyond_ones_role_is_refused_and_written_down(dashboard: Dashboard, owners_page: str) -> None:
    person = await dashboard.signed_in('staff', owners_page)
    await person.sees('Эта страница вам недоступна')
    assert 'Только для владельца' not in ''.join(person.received)
    wanted = "select description from dashboard.audits where action = 'refused' and user_id = %s order by id desc"
    await until(lambda: dashboard.run(wanted, person.session.user.id)[:1] == [(owners_page,)])


async def test_a_move_inside_the_tab_is_refused_as_well(dashboard: Dashboard, owners_page: str) -> None:
    person = await dashboard.signed_in('staff')
    await person.go(owners_page)
    await person.sees('Эта страница вам недоступна')
    assert person.view is None
    assert 'Только для владельца' not in person.texts()
    assert 'Owners' not in person.texts(), 'the menu does not offer it either'


async def test_who_may_sees_the_page_and_its_entry(dashboard: Dashboard, owners_page: str) -> None:
    person = await dashboard.signed_in('owner', owners_page)
    await person.sees('Только для владельца', 'Owners')


# --- choices


async def test_language_and_theme_are_kept_for_the_next_browser(dashboard: Dashboard, small_salon: SmallSalon) -> None:
    person = await dashboard.signed_in(small_salon.email, password=PASSWORD)
    language, theme = person.all(ui.toggle)
    row = 'select language, theme from dashboard.users where email = %s'
    tell(theme, 'update:modelValue', 2)
    await until(lambda: dashboard.run(row, small_salon.email) == [('ru', 'dark')])
    assert person.one(ui.dark_mode).value is True
    tell(language, 'update:modelValue', 1)
    await until(lambda: dashboard.run(row, small_salon.email) == [('en', 'dark')])
    another = await dashboard.signed_in(small_salon.email, password=PASSWORD)
    await another.sees('Overview', 'Sign out')
    assert another.one(ui.dark_mode).value is True


async def test_the_sign_in_page_speaks_the_language_that_was_chosen_there(dashboard: Dashboard) -> None:
    person = await dashboard.browser().open('/login?lang=en&next=/sessions')
    form = next(element for element in person.client.elements.values() if element.tag.endswith('login_form'))
    assert form._props['texts']['submit'] == 'Sign in'
    assert form._props['hidden'] == {'next': '/sessions'}
    await person.open('/login?lang=xx')
    assert 'lang=en' in person.received[-1] or '"language":"en"' in person.received[-1]


async def test_the_platform_changes_the_salon_in_the_header(dashboard: Dashboard) -> None:
    person = await dashboard.signed_in('platform')
    person.sent_to.clear()
    tell(person.one(NativeSelect), 'choose', SALON_B.id)
    await until(lambda: person.sent_to == ['/'])
    await person.open('/')
    assert person.one(NativeSelect)._props['value'] == SALON_B.id
    assert person.view and str(person.view.salon.id) == SALON_B.id
    tell(person.one(NativeSelect), 'choose', 'not-a-salon')
    await asyncio.sleep(0.2)
    assert str(person.session.tenant_id) == SALON_B.id


# --- coming and going


async def test_going_round_the_pages_leaves_nothing_behind(dashboard: Dashboard) -> None:
    person = await dashboard.signed_in()
    await person.go('/sessions')
    await person.go('/')
    before, elements = feed.subscriptions, len(person.client.elements)
    for _round in range(10):
        for path in ('/sessions', '/sessions?figure=bookings', '/no-such-page', '/'):
            await person.go(path)
    assert feed.subscriptions == before == 4
    assert len(person.client.elements) == elements
    assert list(Client.instances) == [person.client.id]


async def test_a_closed_tab_leaves_nothing_behind(dashboard: Dashboard) -> None:
    person = await dashboard.signed_in('owner', '/sessions')
    session = person.session
    person.client.delete()
    assert (feed.subscriptions, session.clients) == (0, {})


async def test_one_salons_data_never_reaches_a_tab_of_another(dashboard: Dashboard) -> None:
    owner, stranger = await dashboard.signed_in(), await dashboard.signed_in('stranger')
    paths = ['/sessions', '/?period=90d', '/sessions?search=запись', '/?period=30d']
    for path in paths * 3:
        await asyncio.gather(*(person.go(path) for person in (owner, stranger)))
    theirs = 'select session_id::text from public.conversation_sessions_v2 where tenant_id = %s'
    for person, salon, other in ((owner, SALON_A, SALON_B), (stranger, SALON_B, SALON_A)):
        received = '\n'.join(person.received)
        assert any(key in received for (key,) in dashboard.run(theirs, salon.id))
        assert [key for (key,) in dashboard.run(theirs, other.id) if key in received] == []
        assert other.name not in received


async def test_a_session_shows_the_same_salon_in_each_of_its_tabs(dashboard: Dashboard) -> None:
    person = await dashboard.signed_in('platform')
    tell(person.one(NativeSelect), 'choose', SALON_B.id)
    await until(lambda: str(person.session.is_ended) == 'True')
    tabs = [await dashboard.another_tab(person, path) for path in ('/', '/sessions')]
    assert {json.dumps(str(tab.session.tenant_id)) for tab in tabs} == {json.dumps(SALON_B.id)}


@pytest.mark.parametrize(
    ('hours', 'is_talking', 'is_said'), [(2, True, True), (0.5, True, False), (2, False, False), (30, False, True)]
)
async def test_a_bot_that_answers_and_writes_nothing_is_told_of(
    dashboard: Dashboard, small_salon: SmallSalon, hours: float, is_talking: bool, is_said: bool
) -> None:
    client = small_salon.client()
    small_salon.db.execute(
        'insert into public.recent_history_v2 (tenant_id, user_id, role, message, created_at)'
        " values (%s, %s, 'assistant', 'x', now() - %s * interval '1 hour')", (small_salon.id, client, hours),
    )  # fmt: skip
    if is_talking:
        small_salon.db.execute(
            'insert into public.active_sessions_v2 (session_id, tenant_id, user_id) values (gen_random_uuid(), %s, %s)',
            (small_salon.id, client),
        )
    person = await dashboard.signed_in(small_salon.email, password=PASSWORD)
    bot.state = BotState.UP
    await until(lambda: feed.last_write(UUID(small_salon.id)))
    tell_watchers()
    assert ('Бот отвечает, но' in person.texts()) == is_said
    bot.state = BotState.DOWN
    tell_watchers()
    await person.sees('Бот не отвечает.')


def tell_watchers() -> None:
    for watcher in list(bot._watchers):
        watcher()
