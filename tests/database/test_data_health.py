"""The state of the data: each rule counts its rows, names the newest, and its page shows what the role may see."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from components.health_texts import FLAWS
from tests.conftest import AsRole, Connection
from tests.database.odd_salon import OddSalon

Health = Callable[[], dict[str, Any]]


@pytest.fixture
def health(db: Connection, as_role: AsRole, salon: OddSalon) -> Health:
    """`health()`: the flaws by their rules, as the salon's owner sees them."""
    row = db.execute(
        "insert into dashboard.users (email, role, tenant_id) values ('health@test', 'admin', %s) returning id",
        (salon.id,),
    ).fetchone()
    assert row

    def asking() -> dict[str, Any]:
        with as_role(app_role='admin', tenant_id=salon.id, sub=str(row[0])) as db:
            answer = db.execute('select dashboard.data_health()').fetchone()
        assert answer
        return {flaw['rule']: flaw for flaw in answer[0]['flaws']}

    return asking


GOOD = {'meta': {'sentiment': 'neutral'}, 'final_status': 'done', 'channel': 'telegram'}
BOOKED = {'booking_id': 'b', 'booking_amount': 100, 'booking_datetime': '2026-12-01T10:00:00+00:00'}
CASES: dict[str, dict[str, Any]] = {
    'no_status': {'final_status': ' '},
    'unknown_status': {'final_status': 'lost'},
    'unknown_intent': {'final_intent': 'chitchat'},
    'unknown_channel': {'channel': 'vk'},
    'unknown_step': {'meta': {'drop_off_stage': 'price_question'}},
    'no_amount': BOOKED | {'booking_amount': None},
    'odd_amount': {'booking_amount': -5},
    'other_currency': BOOKED | {'booking_currency': 'eur'},
    'no_time': BOOKED | {'booking_datetime': None},
    'ended_before_start': {'duration_sec': -1},
    'no_meta': {'meta': {}},
}


def test_good_rows_are_no_flaws(salon: OddSalon, health: Health) -> None:
    client = salon.client(phone='+7 999 123-45-67')
    salon.archive(client, salon.ago(days=3), **GOOD, **BOOKED, final_intent='canceled', booking_currency='rub ')
    salon.say(client, salon.active(client, salon.ago(hours=1)), 'operator', salon.ago(hours=1))
    assert health() == {}


@pytest.mark.parametrize('rule', CASES)
def test_each_flaw_of_a_dialog_is_counted_with_its_newest_rows(salon: OddSalon, health: Health, rule: str) -> None:
    client = salon.client()
    odd = [salon.archive(client, salon.ago(days=day), **GOOD | CASES[rule]) for day in range(7, 0, -1)]
    salon.archive(client, salon.ago(days=120), **GOOD | CASES[rule])
    found = health()
    assert set(found) == {rule}
    assert found[rule]['number'] == 7
    assert [example['key'] for example in found[rule]['examples']] == odd[:1:-1]


def test_other_rows_are_counted_too(salon: OddSalon, health: Health) -> None:
    client = salon.client(phone='позвонить маме', updated_at=salon.now)
    twice = salon.archive(client, salon.ago(days=2), **GOOD)
    salon.archive(client, salon.ago(days=2), **GOOD, session_id=twice)
    salon.say(client, None, 'user', salon.ago(days=1))
    salon.say(client, twice, 'robot', salon.ago(days=1))
    wish = {'tenant_id': salon.id, 'user_id': client, 'item_type': 'slot', 'item_id': 'x'}
    entry = salon.insert('wishlist_v2', **wish, meta={'date': 'как-нибудь'})
    salon.insert('wishlist_v2', **wish, meta={'preferred_date': f'{salon.today + timedelta(days=2):%d.%m}'})
    salon.insert('wishlist_v2', **wish, meta={})
    found = health()
    assert {rule: flaw['number'] for rule, flaw in found.items()} == {
        'archived_twice': 1, 'no_dialog': 1, 'unknown_role': 1, 'unreadable_phone': 1, 'unreadable_day': 1,
    }  # fmt: skip
    assert found['unreadable_day']['examples'][0]['key'] == str(entry)


def test_every_rule_has_words_and_a_price() -> None:
    assert {*CASES, 'archived_twice', 'no_dialog', 'unknown_role', 'unreadable_phone', 'unreadable_day'} == set(FLAWS)


def test_every_odd_row_of_production_can_be_looked_at(salon: OddSalon, health: Health) -> None:
    salon.fill()
    salon.every_combination(salon.today - timedelta(days=40), 30)
    assert {'unknown_step', 'other_currency', 'no_amount', 'no_dialog'} <= set(health())


def test_employees_do_not_see_it(salon: OddSalon, as_role: AsRole) -> None:
    with pytest.raises(psycopg.DatabaseError, match='only owners'), as_role(app_role='staff', tenant_id=salon.id) as db:
        db.execute('select dashboard.data_health()')
