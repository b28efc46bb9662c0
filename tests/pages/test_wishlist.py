"""The waiting list: what people do is done once and said in words; nothing typed and nobody's act is lost."""

import asyncio
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from nicegui import ui
from nicegui.elements.mixins.value_element import ValueElement

from auth import sessions
from bot import bot
from components.waiting_list import WaitingRows
from devstack.demo.salons import SALON_B
from devstack.stack import Stack
from models import BotState
from pages.wishlist import WaitingListView
from tests.pages.conftest import PASSWORD, SmallSalon
from tests.simulated import Dashboard, Person, tell, until


class WaitingSalon:
    """A small salon with somebody who waits."""

    def __init__(self, salon: SmallSalon) -> None:
        self.salon, self.db = salon, salon.db
        self.client = salon.client('Анна Ким', '+7 999 123-45-67')
        self.first = self.wish()

    def wish(self, client: str | None = None, **meta: Any) -> int:
        row = self.db.execute(
            'insert into public.wishlist_v2 (tenant_id, user_id, item_type, item_id, meta)'
            " values (%s, %s, 'slot', 'x', %s) returning id",
            (self.salon.id, client or self.client, psycopg.types.json.Jsonb({'service_title': 'Маникюр'} | meta)),
        ).fetchone()
        assert row
        return int(row[0])

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        return self.db.execute(statement.encode(), (self.salon.id,)).fetchall()

    def acts(self) -> list[tuple[Any, ...]]:
        """What was done, in order: kind, amount, note."""
        return self.rows('select kind, amount, note from dashboard.wishlist_actions where tenant_id = %s order by id')

    def colleague(self, name: str = 'Вера') -> str:
        """An employee of the salon; the e-mail."""
        email = f'{name}-{self.salon.email}'.lower()
        self.db.execute(
            'insert into dashboard.users (email, encrypted_password, role, tenant_id, first_name)'
            ' select %s, encrypted_password, %s, tenant_id, %s from dashboard.users where email = %s',
            (email, 'staff', name, self.salon.email),
        )
        return email


@pytest.fixture
def waiting(small_salon: SmallSalon) -> Iterator[WaitingSalon]:
    salon = WaitingSalon(small_salon)
    yield salon
    for table in ('dashboard.wishlist_actions', 'dashboard.wishlist_states', 'dashboard.bot_commands',
                  'public.wishlist_v2', 'public.user_ltm_v2'):  # fmt: skip
        small_salon.db.execute(f'delete from {table} where tenant_id = %s'.encode(), (small_salon.id,))


def view_of(person: Person) -> WaitingListView:
    assert isinstance(person.view, WaitingListView)
    return person.view


def rows(person: Person) -> list[dict[str, Any]]:
    return list(person.one(WaitingRows)._props['rows'])


async def opened(dashboard: Dashboard, waiting: WaitingSalon, path: str = '/wishlist', email: str = '') -> Person:
    return await dashboard.signed_in(email or waiting.salon.email, path, password=PASSWORD)


def begin(person: Person, act: str, entry: int) -> None:
    """Press the button of an act on a row."""
    tell(person.one(WaitingRows), 'act', {'act': act, 'keys': [str(entry)]})


async def form_of(person: Person) -> list[ValueElement[Any]]:
    """The fields of the form that is open."""
    await until(lambda: [dialog for dialog in person.all(ui.dialog) if dialog.value])
    dialog = next(dialog for dialog in person.all(ui.dialog) if dialog.value)
    return [field for field in dialog.descendants() if isinstance(field, ui.input | ui.select | ui.textarea)]


async def fill(person: Person, **values: str) -> None:
    """Type into the fields of the open form, by their labels."""
    fields = {str(field.props['label']): field for field in await form_of(person)}
    for label, value in values.items():
        found = next(field for name, field in fields.items() if name.startswith(label))
        with person.client:
            found.set_value(value)


def submit(person: Person) -> None:
    form = next(element for element in person.all(ui.element) if element.tag == 'form' and 'form' in element.classes)
    tell(form, 'submit')


def is_form_open(person: Person) -> bool:
    return any(dialog.value for dialog in person.all(ui.dialog))


# --- the list


async def test_who_waits_is_shown_with_what_they_wish(dashboard: Dashboard, waiting: WaitingSalon) -> None:
    waiting.wish(date='2020-01-01', staff_name='Рита')
    person = await opened(dashboard, waiting)
    shown = rows(person)
    assert [(row['client'], row['service'], row['staff']) for row in shown] == [
        ('Анна Ким', 'Маникюр', 'Любой мастер'), ('Анна Ким', 'Маникюр', 'Рита'),
    ]  # fmt: skip
    assert [row['group'] for row in shown] == ['Ждут', 'Желаемая дата прошла']
    await person.sees('2 заявки', 'Ждут сейчас', 'у 1 дата прошла')


async def test_a_new_wish_appears_by_itself_and_is_marked(dashboard: Dashboard, waiting: WaitingSalon) -> None:
    person = await opened(dashboard, waiting)
    entry = waiting.wish(service_title='Педикюр')
    await until(lambda: len(rows(person)) == 2)
    assert {row['key']: row['isNew'] for row in rows(person)} == {str(waiting.first): False, str(entry): True}
    await person.go(f'/wishlist/{entry}')
    assert not any(row['isNew'] for row in rows(person)), 'who opened it has seen it'


async def test_nobody_waiting_says_what_will_appear(dashboard: Dashboard, small_salon: SmallSalon) -> None:
    person = await dashboard.signed_in(small_salon.email, '/wishlist', password=PASSWORD)
    await person.sees('Никто не ждёт', 'нет данных')


@pytest.mark.parametrize('params', [
    'shown=everything&order=x&service=&staff=&wished_from=31.12&wished_to=x&time_of_day=noon&source=&client=me&period=never',
])  # fmt: skip
async def test_what_is_not_understood_in_the_address_is_named_and_left_out(dashboard: Dashboard, params: str) -> None:
    person = await dashboard.signed_in('owner', f'/wishlist?{params}')
    for name in ('shown', 'order', 'wished_from', 'wished_to', 'time_of_day', 'source', 'client', 'period'):
        assert name in next(line for line in person.texts().splitlines() if line.startswith('Непонятная'))


@pytest.mark.parametrize('rest', ['999999999', 'x', '-1', '1e5', '9' * 30, '٣', '1/2'])
async def test_no_such_entry_and_another_salons_look_the_same(dashboard: Dashboard, stack: Stack, rest: str) -> None:
    with psycopg.connect(stack.admin_dsn) as db:
        row = db.execute('select id from public.wishlist_v2 where tenant_id = %s limit 1', (SALON_B.id,)).fetchone()
    assert row
    person = await dashboard.signed_in('owner', f'/wishlist/{rest}')
    await person.sees('Такой заявки нет')
    first = person.texts()
    await person.go(f'/wishlist/{row[0]}')
    await person.sees('Такой заявки нет')
    assert person.texts() == first


# --- acts


async def test_a_conversion_is_typed_done_once_and_counted(dashboard: Dashboard, waiting: WaitingSalon) -> None:
    person = await opened(dashboard, waiting)
    begin(person, 'convert', waiting.first)
    await fill(person, Сумма='2 500,50 ₽', Заметка='по телефону')
    for _click in range(3):
        submit(person)
    await until(lambda: not is_form_open(person))
    assert [(kind, float(amount), note) for kind, amount, note in waiting.acts()] == [
        ('converted', 2500.5, 'по телефону')
    ]
    await person.sees('Готово: 1 заявка.', '2\xa0500,50\xa0₽')
    assert waiting.rows('select type from dashboard.bot_commands where tenant_id = %s') == [('waitlist.converted',)]


@pytest.mark.parametrize('amount', ['-1', 'много', '1,234', '99999999999', 'NaN', '1e3000', '٣٤x'])
async def test_a_wrong_amount_stays_at_its_field_and_nothing_is_stored(
    dashboard: Dashboard, waiting: WaitingSalon, amount: str
) -> None:
    person = await opened(dashboard, waiting)
    begin(person, 'convert', waiting.first)
    await fill(person, Сумма=amount, Заметка='важно')
    submit(person)
    fields = await form_of(person)
    await until(lambda: fields[0].error)  # type: ignore[attr-defined]
    assert [field.value for field in fields] == [amount, 'важно']
    assert waiting.acts() == []


async def test_undo_from_the_toast_puts_it_back(dashboard: Dashboard, waiting: WaitingSalon) -> None:
    person = await opened(dashboard, waiting)
    begin(person, 'cancel', waiting.first)
    await fill(person, Подробности='нашла время раньше')
    submit(person)
    await person.sees('Готово: 1 заявка.')
    waiting.db.execute("update public.wishlist_v2 set status = 'cancelled' where id = %s", (waiting.first,))
    person.click('Отменить')
    await person.sees('Снова в ожидании.')
    assert [(kind, note) for kind, _amount, note in waiting.acts()] == [
        ('cancelled', 'Клиент передумал. нашла время раньше'), ('reopened', None),
    ]  # fmt: skip


async def test_several_are_taken_off_together(dashboard: Dashboard, waiting: WaitingSalon) -> None:
    entries = [waiting.first, waiting.wish(), waiting.wish()]
    person = await opened(dashboard, waiting)
    tell(person.one(WaitingRows), 'choose', [str(entry) for entry in entries] + ['1', 'x', None])
    await person.sees('Выбрано 3')
    person.click('Снять с ожидания')
    await form_of(person)
    submit(person)
    await person.sees('Готово: 3 заявки.', 'Никто не ждёт')
    assert len(waiting.acts()) == 3
    assert waiting.rows('select count(*) from dashboard.audits where tenant_id = %s and key is not null') == [(1,)]


async def test_of_several_the_form_says_that_the_amount_counts_for_each(
    dashboard: Dashboard, waiting: WaitingSalon
) -> None:
    entries = [waiting.first, waiting.wish()]
    person = await opened(dashboard, waiting)
    tell(person.one(WaitingRows), 'choose', [str(entry) for entry in entries])
    await person.sees('Выбрано 2')
    person.click('Записали')
    await fill(person, **{'Сумма за каждую': '1000'})
    submit(person)
    await person.sees('Готово: 2 заявки.')
    assert [amount for _kind, amount, _note in waiting.acts()] == [1000, 1000]


async def test_the_second_person_is_told_who_was_first_and_decides(dashboard: Dashboard, waiting: WaitingSalon) -> None:
    owner = await opened(dashboard, waiting)
    colleague = await opened(dashboard, waiting, email=waiting.colleague())
    begin(owner, 'convert', waiting.first)
    await fill(owner, Заметка='записала на среду')
    begin(colleague, 'cancel', waiting.first)
    await form_of(colleague)
    submit(colleague)
    await until(lambda: not is_form_open(colleague))
    submit(owner)
    await owner.sees('нажмите ещё раз')
    assert 'Снят с ожидания — Вера' in owner.texts()
    assert [field.value for field in await form_of(owner)][1] == 'записала на среду'
    assert [kind for kind, _amount, _note in waiting.acts()] == ['cancelled']
    submit(owner)
    await until(lambda: not is_form_open(owner))
    assert [kind for kind, _amount, _note in waiting.acts()] == ['cancelled', 'converted']


async def test_an_open_form_survives_what_happens_in_the_salon(dashboard: Dashboard, waiting: WaitingSalon) -> None:
    person = await opened(dashboard, waiting, f'/wishlist/{waiting.first}')
    person.click('Заметка')
    await fill(person, Заметка='половина мысли')
    waiting.wish()
    await until(lambda: len(rows(person)) == 2)
    (field,) = await form_of(person)
    assert field.value == 'половина мысли'
    submit(person)
    await until(lambda: waiting.acts() == [('noted', None, 'половина мысли')])
    await person.sees('половина мысли')


async def test_a_form_about_an_entry_that_is_gone_says_so_and_keeps_the_text(
    dashboard: Dashboard, waiting: WaitingSalon
) -> None:
    person = await opened(dashboard, waiting)
    begin(person, 'note', waiting.first)
    await fill(person, Заметка='слова')
    waiting.db.execute('delete from public.wishlist_v2 where id = %s', (waiting.first,))
    submit(person)
    await person.sees('Этого больше нет. Ничего не изменено.')
    assert [field.value for field in await form_of(person)] == ['слова']


async def test_who_was_switched_off_is_told_so_and_does_nothing(dashboard: Dashboard, waiting: WaitingSalon) -> None:
    email = waiting.colleague()
    person = await opened(dashboard, waiting, email=email)
    begin(person, 'note', waiting.first)
    await fill(person, Заметка='слова')
    waiting.db.execute('update dashboard.users set active = false where email = %s', (email,))
    submit(person)
    told = {'У вас нет (или больше нет) прав на это действие. Ничего не изменено.',
            'Вы вышли, поэтому отправить это нельзя. Скопируйте текст и войдите снова.'}  # fmt: skip
    await until(lambda: any(text in person.texts() for text in told))  # the refusal, or the live feed if it was faster
    assert waiting.acts() == []
    assert [field.value for field in await form_of(person)] == ['слова']


async def test_what_was_typed_outlives_the_session(dashboard: Dashboard, waiting: WaitingSalon) -> None:
    email = waiting.colleague()
    person = await opened(dashboard, waiting, email=email)
    other = await dashboard.another_tab(person, '/wishlist')
    begin(person, 'note', waiting.first)
    await fill(person, Заметка='слова')
    waiting.db.execute('update dashboard.users set active = false where email = %s', (email,))
    await sessions.check_all()
    await until(lambda: other.sent_to)
    await person.sees('Вы вышли, поэтому отправить это нельзя. Скопируйте текст и войдите снова.')
    assert [field.value for field in await form_of(person)] == ['слова']
    submit(person)
    await asyncio.sleep(0.3)
    assert (waiting.acts(), person.sent_to) == ([], [])
    person.click('Отмена')
    dialog = next(dialog for dialog in person.all(ui.dialog))
    tell(dialog, 'hide')
    await until(lambda: person.sent_to and person.sent_to[0].startswith('/login'))


async def test_the_data_store_away_is_said_in_the_form(dashboard: Dashboard, waiting: WaitingSalon) -> None:
    person = await opened(dashboard, waiting)
    begin(person, 'note', waiting.first)
    await fill(person, Заметка='слова')
    with dashboard.stack.faults.active(api='unavailable', match='act_on'):
        submit(person)
        await person.sees('Хранилище данных не отвечает. Ничего не изменено, попробуйте ещё раз.')
    submit(person)
    await until(lambda: len(waiting.acts()) == 1)


async def test_an_offer_asks_in_the_clients_language_and_waits(dashboard: Dashboard, waiting: WaitingSalon) -> None:
    dashboard.run("update dashboard.users set language = 'en' where email = %s", waiting.salon.email)
    person = await opened(dashboard, waiting)
    begin(person, 'offer', waiting.first)
    fields = await form_of(person)
    assert fields[-1].value.startswith('Здравствуйте, Анна Ким! Освободилось место на услугу «Маникюр»: ')
    await fill(person, Day='2099-01-01')
    submit(person)
    await until(lambda: fields[0].error == 'This is more than two years ahead.')  # type: ignore[attr-defined]
    await fill(person, Day=str(view_of(person).today.replace(year=view_of(person).today.year + 1)), Time='18:30')
    assert '18:30' in fields[-1].value
    await fill(person, **{'The bot': 'Придёте?'})
    submit(person)
    await until(lambda: not is_form_open(person))
    assert [(kind, note) for kind, _amount, note in waiting.acts()] == [('offered', 'Придёте?')]
    await until(lambda: 'offered, answer until' in str(rows(person)[0]['pills']))


async def test_while_the_bot_is_away_only_what_needs_it_is_not_offered(
    dashboard: Dashboard, waiting: WaitingSalon
) -> None:
    person = await opened(dashboard, waiting, f'/wishlist/{waiting.first}')
    bot.state = BotState.DOWN
    for watcher in list(bot._watchers):
        watcher()
    await person.sees('Бот не отвечает: предложить время или написать через него сейчас нельзя.')
    buttons = {button.text: button.enabled for button in person.all(ui.button) if button.text}
    assert (buttons['Предложить время'], buttons['Написать'], buttons['Записали']) == (False, False, True)
    offered = person.one(WaitingRows)._props['buttons']
    assert (bool(offered['offer']['why']), bool(offered['convert']['why'])) == (True, False)
    begin(person, 'convert', waiting.first)
    await form_of(person)
    submit(person)
    await until(lambda: [kind for kind, _amount, _note in waiting.acts()] == ['converted'])


async def test_the_story_shows_both_sides(dashboard: Dashboard, waiting: WaitingSalon) -> None:
    person = await opened(dashboard, waiting, f'/wishlist/{waiting.first}')
    person.click('Записали')
    await form_of(person)
    submit(person)
    await person.sees('Клиент записан')
    waiting.db.execute(
        "update public.wishlist_v2 set status = 'expired', processed_at = now(), updated_at = now() where id = %s",
        (waiting.first,),
    )
    await person.sees('У бота: срок вышел')
    assert 'записан' in person.texts()


async def test_hostile_wishes_are_shown_as_text(dashboard: Dashboard, waiting: WaitingSalon) -> None:
    hostile = '<img src=x onerror=alert(1)>\u202e' + 'x' * 5000
    entry = waiting.wish(service_title=hostile, client_name=hostile, client_phone=hostile, date={'x': [1]})
    waiting.db.execute(
        'update public.wishlist_v2 set comment = %s, source = %s where id = %s', (hostile, hostile, entry)
    )
    person = await opened(dashboard, waiting, f'/wishlist/{entry}')
    await person.sees('<img src=x onerror=alert(1)>')
    row = next(row for row in rows(person) if row['key'] == str(entry))
    assert all(len(str(value)) < 400 for value in row.values())


async def test_made_up_events_of_a_browser_do_nothing(dashboard: Dashboard, waiting: WaitingSalon) -> None:
    person = await opened(dashboard, waiting)
    made_up: tuple[Any, ...] = (
        None,
        [],
        {'act': 'convert', 'keys': ['1']},
        {'act': 'drop', 'keys': [str(waiting.first)]},
        {'act': 'offer', 'keys': [str(waiting.first)] * 2},
        {'act': 'note'},
        {'act': 'reopen', 'keys': [str(waiting.first)]},
    )
    for args in made_up:
        tell(person.one(WaitingRows), 'act', args)
    tell(person.one(WaitingRows), 'choose', 'everything')
    await asyncio.sleep(0.2)
    assert not is_form_open(person)
