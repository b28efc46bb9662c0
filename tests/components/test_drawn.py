"""Components as NiceGUI's simulated user sees them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

import pytest
from nicegui import ui
from nicegui.testing import User

from components.chat_viewer import ChatViewer
from components.day_chart import DayChart
from components.dialog_list import DialogList
from components.i18n import set_language
from components.kpi_card import KpiCard
from components.layout import Frame, MenuEntry
from components.states import empty_state, error_state
from components.theme import STATIC_DIR
from models import DayPoint, LiveState, Message, Role
from tests.components.conftest import a_dialog

pytestmark = pytest.mark.nicegui_main_file('')
BEGIN = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


def a_message(number: int, *, minutes: int, role: str = 'user') -> Message:
    return Message(id=number, role=role, text=f'text {number}', created_at=BEGIN + timedelta(minutes=minutes))


def a_frame(**values: object) -> Frame:
    entries = [MenuEntry('/', 'Home', 'overview'), MenuEntry('/sessions', 'Dialogs', 'dialogs')]
    known = {'entries': entries, 'user_name': 'Anna', 'role': Role.ADMIN, 'salon_name': 'Mint', 'on_language': print}
    return Frame(**(known | {'on_theme': print, 'on_sign_out': print} | values))  # type: ignore[arg-type]


async def test_the_frame_marks_the_page_and_says_how_fresh_it_is(user: User) -> None:
    @ui.page('/')
    def page() -> None:
        frame = a_frame()
        frame.set_active('/sessions/7?x=1')
        frame.set_live(LiveState.OFFLINE, BEGIN)
        frame.set_banner('The bot is down')

    await user.open('/')
    await user.should_see('данные на 12:30')
    await user.should_see('The bot is down')
    active = [link for link in user.find(ui.link).elements if 'is-active' in link.classes]
    assert [link.props['href'] for link in active] == ['/sessions']


async def test_the_theme_goes_round_and_the_page_is_told(user: User) -> None:
    told: list[str] = []

    @ui.page('/')
    def page() -> None:
        frame = a_frame(on_theme=told.append, theme='light')
        frame.account.set_theme('dark')
        frame.account.set_theme('nonsense')

    await user.open('/')
    assert told == ['dark']


async def test_a_tab_speaks_the_language_that_was_chosen_for_it(user: User) -> None:
    @ui.page('/')
    def page(code: str) -> None:
        set_language(ui.context.client, code)
        error_state(on_retry=print)
        empty_state('Nothing', 'yet')

    await user.open('/?code=en')
    await user.should_see('Try again')
    await user.open('/?code=ru')
    await user.should_see('Попробовать ещё раз')
    await user.open('/?code=klingon')
    await user.should_see('Попробовать ещё раз')


async def test_a_figure_changes_in_place(user: User) -> None:
    cards: list[KpiCard] = []

    @ui.page('/')
    def page() -> None:
        cards.append(KpiCard(label='Dialogs', definition='What it means'))
        cards[0].show('10', now=10, before=None)

    await user.open('/')
    card = cards[0]
    assert card.props['change'] == 'нет данных'
    elements = len(card.client.elements)
    with card:
        card.show('12', now=12, before=10, before_text='10', href='/sessions?figure=dialogs')
    assert (card.props['change'], card.props['tone']) == ('+20\u00a0%', 'good')
    assert len(card.client.elements) == elements


async def test_messages_come_in_order_and_once(user: User) -> None:
    viewers: list[ChatViewer] = []

    @ui.page('/')
    def page() -> None:
        viewers.append(ChatViewer(zone='Europe/Moscow'))
        viewers[0].set_messages([a_message(2, minutes=0), a_message(3, minutes=200)], dialog='a', client_name='Anna')

    await user.open('/')
    viewer = viewers[0]
    viewer.append([a_message(3, minutes=200), a_message(4, minutes=201, role='robot')])
    viewer.prepend([a_message(1, minutes=-90, role='assistant')], has_older=False)
    rows = viewer.props['messages']
    assert [row['id'] for row in rows] == [1, 2, 3, 4]
    assert [row['side'] for row in rows] == ['bot', 'client', 'client', 'system']
    assert [bool(row['gap']) for row in rows] == [False, True, True, False]
    viewer.set_messages([a_message(9, minutes=0)], dialog='b')
    assert [row['id'] for row in viewer.props['messages']] == [9]


async def test_a_long_period_is_drawn_by_weeks_and_loses_nothing(user: User) -> None:
    charts: list[DayChart] = []
    points = [
        DayPoint(day=date(2025, 1, 1) + timedelta(days=n), dialogs=2, bookings=1, revenue=Decimal('1.5'))
        for n in range(366)
    ]

    @ui.page('/')
    def page() -> None:
        charts.append(DayChart())
        charts[0].show(points, currency='RUB', address=lambda first, last: f'/sessions?from={first}&to={last}')

    await user.open('/')
    bars = charts[0].props['days']
    assert len(bars) == 53
    assert sum(bar['dialogs'] for bar in bars) == 732
    assert bars[0]['href'] == '/sessions?from=2025-01-01&to=2025-01-07'


async def test_a_list_opens_only_dialogs_it_shows(user: User) -> None:
    opened: list[UUID] = []
    lists: list[DialogList] = []

    @ui.page('/')
    def page() -> None:
        lists.append(DialogList(on_open=opened.append))
        lists[0].show([a_dialog()], zone='UTC', currency='RUB', address=lambda dialog: f'/sessions/{dialog.session_id}')

    await user.open('/')
    keys: list[object] = [str(UUID(int=1)), str(UUID(int=2)), 'x', {}, None]
    for key in keys:
        user.find(DialogList).trigger('open', key)
    assert opened == [UUID(int=1)]


def test_every_rule_of_the_stylesheet_is_closed_before_the_next_section() -> None:
    depth = 0
    for number, line in enumerate((STATIC_DIR / 'app.css').read_text(encoding='utf-8').splitlines(), start=1):
        assert depth == 0 or not line.startswith('/* ----'), f'line {number} begins inside a rule'
        depth += line.count('{') - line.count('}')
    assert depth == 0
