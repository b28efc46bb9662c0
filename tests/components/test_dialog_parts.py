"""Rows, filters and contacts made from dialogs, however odd their values are."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from components.dialog_list import row_of
from components.dialog_side import contacts
from components.filters import changed, chip_text
from components.link import link, outside_link
from models import DialogQuery, Figure, OpenDialog, Status
from tests.components.conftest import Speak, a_dialog


def row(**values: Any) -> dict[str, Any]:
    return row_of(a_dialog(**values), zone='Europe/Moscow', currency='RUB')


def test_a_dialog_of_which_nothing_is_known_still_makes_a_row() -> None:
    made = row()
    assert made['client'] == 'Без имени'
    assert made['key'] == str(UUID(int=1))
    assert all(made[name] == '' for name in ('phone', 'intent', 'booking', 'bookingNote', 'staff', 'services', 'count'))


def test_a_row_is_short_whatever_the_client_is_called() -> None:
    made = row(
        client_name='<b>x</b>\n' * 20000, services=['a' * 5000, '', 'b'], staff='\u202e' * 900, preview='z' * 20000
    )
    assert all(len(text) <= 160 for name, text in made.items() if isinstance(text, str) and name != 'stamp')
    assert made['client'].startswith('<b>x</b> <b>x</b>')


def test_values_that_the_bot_made_up_are_shown_as_they_are() -> None:
    made = row(status='mystery', channel='vk', intent='fly', drop_off='moon')
    assert [made[name] for name in ('status', 'channel', 'intent', 'bookingNote')] == ['mystery', 'vk', 'fly', 'moon']
    assert made['statusTone'] == 'neutral'


def test_a_booking_shows_its_amount_in_its_own_currency() -> None:
    made = row(is_booked=True, amount=Decimal('2500'), currency='USD', booking_at=datetime(2026, 1, 2, 9, tzinfo=UTC))
    assert made['booking'] == '2\u00a0500\u00a0$'
    assert made['bookingNote'].endswith('12:00')
    assert row(is_booked=True, booking_status='cancelled')['booking'] == 'отменена'
    assert row(is_booked=True)['booking'] == 'записан'


def test_a_row_changes_its_stamp_only_with_what_is_seen() -> None:
    assert row(messages_count=3)['stamp'] == row(messages_count=3, archive_id=7)['stamp']
    assert row(messages_count=3)['stamp'] != row(messages_count=4)['stamp']


def test_a_filter_is_taken_only_if_it_is_one() -> None:
    query = DialogQuery(status=Status.DONE)
    assert changed(query, 'figure', 'bookings').figure is Figure.BOOKINGS
    assert changed(query, 'status', '').status is None
    assert changed(query, 'status', 'nonsense') == query
    assert changed(query, 'period', '7d') == query
    assert changed(query, '__class__', 'x') == query


def test_chips_call_things_by_name(speak: Speak) -> None:
    speak('en')
    query = DialogQuery(service='', staff='17', hour=9, weekday=3, client=UUID(int=5), figure=Figure.NEW_CLIENTS)
    names = ('service', 'staff', 'hour', 'weekday', 'client', 'figure')
    texts = [chip_text(query, name, {'staff': 'Olga'}) for name in names]
    assert texts == [
        'Service: not specified',
        'Specialist: Olga',
        '9:00 – 9:59',
        'Wed',
        'Client: chosen',
        'New clients',
    ]


@pytest.mark.parametrize(
    ('values', 'whatsapp_id', 'addresses'),
    [
        (
            {'client_phone': '8 999 123-45-67', 'channel': 'whatsapp'},
            None,
            ['tel:+79991234567', 'https://wa.me/79991234567'],
        ),
        (
            {'client_phone': '89991234567', 'channel': 'telegram'},
            None,
            ['tel:+79991234567', 'https://t.me/+79991234567'],
        ),
        ({'client_phone': None, 'channel': 'whatsapp'}, '79991234567@c.us', ['https://wa.me/79991234567']),
        ({'client_phone': 'javascript:alert(1)', 'channel': 'telegram'}, 'x"><script>', []),
    ],
)
def test_contacts_are_built_from_checked_digits_only(
    values: dict[str, Any], whatsapp_id: str | None, addresses: list[str]
) -> None:
    opened = OpenDialog(
        dialog=a_dialog(**values), whatsapp_id=whatsapp_id, messages=[], has_older=False, others=[], others_count=0
    )
    assert [address for _icon, _text, address in contacts(opened)] == addresses


@pytest.mark.parametrize('address', ['//evil.example', 'javascript:alert(1)', 'https://evil.example', '/\\evil', ''])
def test_no_link_leads_out_of_the_app_by_accident(address: str) -> None:
    with pytest.raises(ValueError, match='not'):
        link('x', to=address)
    with pytest.raises(ValueError, match='not'):
        outside_link('x', to=address)
