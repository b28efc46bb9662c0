"""Phones hidden from staff: whatever way the database is asked, no more comes than the salon allows."""

import json
from typing import Any

import pytest

from tests.conftest import AsRole
from tests.database.conftest import MakeSalon
from tests.database.odd_salon import OddSalon

PHONE, DIGITS = '+7 (912) 345-67-89', '9123456789'
SETTINGS = ('full', 'last4', 'none')
WRITTEN = [
    '8 912 345 67 89', '79123456789', '+7(912)345-67-89', '8-912-345-67-89', '8.912.345.67.89', '912 345\u00a06789',
    '8 (912) 345–67–89',
]  # fmt: skip
NO_PHONES = ['24.11.2026 12:30', '2026-11-24 12:30', 'с 10:00 до 20:00', 'стоит 2500', '№ 10400100', 'дом 12, кв. 345']


class Salon:
    """A salon with one client whose number stands wherever it can stand."""

    def __init__(self, salon: OddSalon, as_role: AsRole) -> None:
        self.salon, self.as_role = salon, as_role
        self.client = salon.client(
            full_name='Зоя 8 912 345 67 89', phone=PHONE, whatsapp_id='79123456789@c.us', telegram_chat_id=DIGITS,
            meta={'phone': PHONE},
        )  # fmt: skip
        self.archived = salon.archive(self.client, salon.ago(days=2), final_summary=f'Звонить {PHONE}, до 20:00')
        self.active = salon.active(self.client, salon.ago(hours=1))
        for session in (self.archived, self.active):
            salon.say(self.client, session, 'user', salon.ago(minutes=50), f'мой номер 8{DIGITS}')
        self.wish = salon.insert(
            'wishlist_v2', tenant_id=salon.id, user_id=self.client, item_type='slot', item_id='1',
            comment=f'перезвонить {DIGITS}',
            meta={'client_phone': PHONE, 'service_title': f'Стрижка {PHONE}', 'staff_name': f'Вера 8{DIGITS}'},
        )  # fmt: skip
        salon.db.execute(
            'with command as (insert into dashboard.bot_commands (id, key, tenant_id, client_id, type, status, data,'
            " last_error) values (gen_random_uuid(), gen_random_uuid(), %s, %s, 'client.message', 'failed',"
            ' jsonb_build_object($$text$$, %s::text), %s) returning id, tenant_id)'
            ' insert into dashboard.wishlist_actions (tenant_id, wishlist_id, kind, note, command_id, bot_status)'
            " select tenant_id, %s, 'wrote', %s, id, 'pending' from command",
            (salon.id, self.client, f'ваш номер {PHONE}?', f'chat 8{DIGITS} not found', self.wish, f'по {PHONE}'),
        )  # fmt: skip
        salon.db.execute('insert into dashboard.client_notes (tenant_id, client_id, text) values (%s, %s, %s)',
                         (salon.id, self.client, f'второй номер {DIGITS}'))  # fmt: skip

    def allow(self, setting: str) -> None:
        self.salon.db.execute(
            'update dashboard.tenant_settings set staff_phones = %s where tenant_id = %s', (setting, self.salon.id)
        )

    def ask(self, statement: str, *values: Any, role: str = 'staff') -> Any:
        with self.as_role(app_role=role, tenant_id=self.salon.id, sub='2') as db:
            row = db.execute(f'select {statement}'.encode(), values).fetchone()
        assert row
        return row[0]

    def everything(self, role: str = 'staff') -> str:
        """All that the functions of lists, dialogs and clients answer."""
        answers = [
            self.ask('dashboard.page_of_dialogs()', role=role), self.ask('dashboard.page_of_clients()', role=role),
            self.ask('dashboard.open_client(%s)', self.client, role=role),
            self.ask('dashboard.overview(current_date - 7, current_date)', role=role),
            *(self.ask('dashboard.open_dialog(%s)', session, role=role) for session in (self.archived, self.active)),
            self.ask('dashboard.dialog_messages(%s)', self.archived, role=role),
            self.ask('dashboard.client_contacts(%s)', self.client, role=role),
            self.ask("dashboard.page_of_waiting_list(status => 'waiting', sort => 'asked')", role=role),
            self.ask('dashboard.open_waiting_entry(%s)', self.wish, role=role),
            self.ask('dashboard.waiting_list_figures(current_date, current_date)', role=role),
        ]  # fmt: skip
        return json.dumps(answers, default=str, ensure_ascii=False)


@pytest.fixture
def salon(make_salon: MakeSalon, as_role: AsRole) -> Salon:
    return Salon(make_salon(), as_role)


def digits_of(text: str) -> str:
    return ''.join(sign for sign in text if sign.isdigit())


@pytest.mark.parametrize('setting', SETTINGS)
def test_owners_see_every_number_whatever_staff_see(salon: Salon, setting: str) -> None:
    salon.allow(setting)
    shown = salon.everything('admin')
    assert PHONE in shown
    assert shown.count(f'8{DIGITS}') >= 3


def test_staff_see_every_number_until_the_salon_hides_them(salon: Salon) -> None:
    assert salon.everything() == salon.everything('admin')


@pytest.mark.parametrize(('setting', 'shown_phone'), [('last4', '•••• 67-89'), ('none', None)])
def test_no_answer_to_staff_holds_a_hidden_number(salon: Salon, setting: str, shown_phone: str | None) -> None:
    salon.allow(setting)
    shown = salon.everything()
    assert DIGITS[:7] not in digits_of(shown)
    assert '345-67-89' not in shown
    assert ('67-89' in shown) == (setting == 'last4')
    card = salon.ask('dashboard.open_client(%s)', salon.client)
    assert (card['phone'], card['whatsapp_id'], card['telegram_chat_id']) == (shown_phone, None, None)
    assert card['client']['phone'] == shown_phone
    assert card['notes'][0]['text'] == 'второй номер •••'
    assert 'до 20:00' in shown


FINDS = {
    'full': {DIGITS, PHONE, '8912345', '6789', '912345', '456', f'номер {DIGITS}'},
    'last4': {'6789', '67-89'},
    'none': set(),
}
QUESTIONS = {DIGITS, PHONE, '8912345', '6789', '67-89', '912345', '9123', '56789', '345', f'+7{DIGITS}', '912 34 56'}


@pytest.mark.parametrize('setting', ['last4', 'none'])
def test_a_search_is_no_way_around_a_hidden_number(salon: Salon, setting: str) -> None:
    salon.allow(setting)
    for question in QUESTIONS:
        clients = salon.ask('dashboard.page_of_clients(search => %s)', question)['rows']
        dialogs = salon.ask('dashboard.page_of_dialogs(search => %s)', question)
        is_found = question in FINDS[setting]
        assert bool(clients) == is_found, question
        assert bool(dialogs['rows'] or dialogs['active']) == is_found, question
        assert salon.ask('dashboard.count_clients(search => %s)', question)['rows'] == int(is_found)


def test_staff_find_by_name_and_by_words_whatever_is_hidden(salon: Salon) -> None:
    salon.allow('none')
    assert salon.ask('dashboard.page_of_clients(search => %s)', 'Зоя')['rows']
    assert salon.ask('dashboard.page_of_dialogs(search => %s)', 'номер')['rows']


@pytest.mark.parametrize('column', ['clients_v2.phone', 'clients_v2.whatsapp_id', 'clients_v2.telegram_chat_id',
                                    'clients_v2.meta', 'wishlist_v2.meta'])  # fmt: skip
@pytest.mark.parametrize('role', ['staff', 'admin', 'system'])
def test_nobody_reads_the_columns_that_hold_numbers(as_role: AsRole, role: str, column: str) -> None:
    table, name = column.split('.')
    with pytest.raises(Exception, match='permission denied'), as_role(app_role=role, sub='2') as db:
        db.execute(f'select {name} from public.{table} limit 1'.encode())


@pytest.mark.parametrize('written', WRITTEN)
def test_numbers_in_texts_are_hidden_in_any_notation(salon: Salon, written: str) -> None:
    salon.allow('none')
    assert salon.ask('dashboard.shown_text(%s)', f'номер {written}, жду; {written}.') == 'номер •••, жду; •••.'
    assert salon.ask('dashboard.shown_text(%s)', f'{written} {written}').replace('•', '').strip() == ''


@pytest.mark.parametrize('text', NO_PHONES)
def test_what_is_no_number_stays(salon: Salon, text: str) -> None:
    salon.allow('none')
    assert salon.ask('dashboard.shown_text(%s)', text) == text


@pytest.mark.parametrize(('phone', 'shown'), [('', None), ('12', '•••• '), ('не знаю', '•••• '), (PHONE, '•••• 67-89')])
def test_of_a_short_number_no_digit_is_shown(salon: Salon, phone: str, shown: str | None) -> None:
    salon.allow('last4')
    assert salon.ask('dashboard.shown_phone(%s)', phone) == shown


@pytest.mark.parametrize('setting', ['last4', 'none'])
def test_the_search_of_the_waiting_list_does_not_let_a_number_be_guessed(salon: Salon, setting: str) -> None:
    salon.allow(setting)
    for guess in ('345', '123456', '912 345', '8912', DIGITS):
        assert salon.ask('dashboard.count_waiting_list(search => %s)', guess)['rows'] == 0, guess
        assert salon.ask('dashboard.count_waiting_list(search => %s)', guess, role='admin')['rows'] in {0, 1}
    assert salon.ask('dashboard.count_waiting_list(search => %s)', 'стрижка')['rows'] == 1
    assert salon.ask('dashboard.count_waiting_list(search => %s)', '6789')['rows'] == (setting == 'last4')
