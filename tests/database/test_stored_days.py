"""Stored days are a cache: whatever was kept, and whatever happened since, the figures are those of plain SQL."""

import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import psycopg
import pytest

from devstack.demo.salons import SALON_A
from devstack.stack import Stack
from tests.database.conftest import Ask, Compare, MakeSalon
from tests.database.odd_salon import OddSalon


@pytest.fixture
def filled(make_salon: MakeSalon) -> OddSalon:
    salon = make_salon(zone='Asia/Vladivostok', seed=11)
    salon.fill(dialogs=180)
    return salon


def stored(salon: OddSalon) -> list[Any]:
    """What is kept of a salon, without when it was computed."""
    dailies = salon.db.execute(
        "select to_jsonb(m) - '{id,computed_at,created_at,updated_at}'::text[] from dashboard.metrics_dailies m"
        ' where tenant_id = %s order by day', (salon.id,),
    )  # fmt: skip
    parts = salon.db.execute(
        'select b::text from dashboard.metrics_breakdowns b where tenant_id = %s order by 1', (salon.id,)
    )
    return dailies.fetchall() + parts.fetchall()


def other_client(salon: OddSalon) -> tuple[str, datetime]:
    """A client with a dialog about 60 days ago, and when it began."""
    row = salon.db.execute(
        'select user_id, started_at from public.conversation_sessions_v2 where tenant_id = %s and started_at < %s'
        ' order by started_at desc limit 1', (salon.id, salon.ago(days=60)),
    ).fetchone()  # fmt: skip
    assert row
    return row[0], row[1]


def test_stored_days_give_the_same_figures(filled: OddSalon, compare: Compare) -> None:
    filled.collect()
    assert compare(filled) > 120


def test_half_of_the_days_stored_give_the_same_figures(filled: OddSalon, compare: Compare) -> None:
    for days in range(0, 120, 2):
        day = filled.today - timedelta(days=days)
        filled.collect(day, day)
    filled.collect(filled.today - timedelta(days=50), filled.today - timedelta(days=30))
    assert compare(filled) > 60


def test_collecting_twice_stores_the_same(filled: OddSalon, compare: Compare) -> None:
    filled.collect()
    once = stored(filled)
    filled.collect()
    assert stored(filled) == once
    assert compare(filled) > 120


def test_days_stored_one_by_one_are_the_same_as_all_at_once(filled: OddSalon) -> None:
    filled.collect(filled.today - timedelta(days=40))
    once = stored(filled)
    for days in range(1, 41):
        filled.collect(filled.today - timedelta(days=days), filled.today - timedelta(days=days))
    assert stored(filled) == once


def test_today_and_the_future_are_never_stored(filled: OddSalon) -> None:
    assert filled.collect(filled.today, filled.today + timedelta(days=3)) == 0


# --- what may happen after the days were stored; each answers nothing and changes the figures


def archive_a_dialog_late(salon: OddSalon) -> None:
    """Of a client who comes later, too: "new" and "counted before" change on later days."""
    client, started = other_client(salon)
    salon.archive(client, started - timedelta(days=12), created_at=salon.now, booking_id='late', booking_amount=700)


def bring_an_old_client_earlier(salon: OddSalon) -> None:
    client, _ = other_client(salon)
    salon.archive(client, salon.ago(days=195), created_at=salon.now)


def repeat_a_booking_in_an_earlier_dialog(salon: OddSalon) -> None:
    row = salon.db.execute(
        'select booking_id, min(started_at) from public.conversation_sessions_v2 where tenant_id = %s'
        ' and booking_id is not null group by 1 having min(started_at) > %s order by 2 limit 1',
        (salon.id, salon.ago(days=60)),
    ).fetchone()  # fmt: skip
    assert row
    salon.archive(salon.client(), row[1] - timedelta(days=30), created_at=salon.now, booking_id=row[0])


def take_messages_from_another_days_dialog(salon: OddSalon) -> None:
    """What the client of `talk_over_midnight` wrote after midnight now belongs to a late dialog of the next day."""
    row = salon.db.execute(
        'select id from public.clients_v2 where tenant_id = %s and phone = %s', (salon.id, 'midnight')
    )
    (client,) = row.fetchone() or ('',)
    late = salon.midnight(salon.today - timedelta(days=20)) + timedelta(minutes=5)
    salon.archive(client, late, ended_at=late + timedelta(minutes=90), created_at=salon.now)


def archive_the_active(salon: OddSalon) -> None:
    for session, client, started in active_rows(salon):
        ended = started + timedelta(minutes=25)
        row = {'booking_id': f'a{session}', 'booking_amount': 500, 'meta': {'staff_name': 'Ирина'}}
        salon.archive(client, started, session_id=session, ended_at=ended, created_at=salon.now, **row)
        salon.db.execute('delete from public.active_sessions_v2 where session_id = %s', (session,))


def drop_the_active_unarchived(salon: OddSalon) -> None:
    salon.db.execute('delete from public.active_sessions_v2 where tenant_id = %s', (salon.id,))


def begin_a_dialog_of_a_known_client(salon: OddSalon) -> None:
    client, started = other_client(salon)
    salon.active(client, started - timedelta(days=2))


def change_the_currency(salon: OddSalon) -> None:
    salon.currency = 'KZT'
    salon.db.execute("update dashboard.tenant_settings set currency = 'KZT' where tenant_id = %s", (salon.id,))


def move_to(salon: OddSalon, zone: str) -> None:
    salon.zone = zone
    salon.db.execute('update dashboard.tenant_settings set timezone = %s where tenant_id = %s', (zone, salon.id))


def move_west(salon: OddSalon) -> None:
    move_to(salon, 'America/St_Johns')


def active_rows(salon: OddSalon) -> list[tuple[Any, ...]]:
    return salon.db.execute(
        'select session_id, user_id, created_at from public.active_sessions_v2 a where tenant_id = %s and not exists'
        ' (select from public.conversation_sessions_v2 c where c.session_id = a.session_id)', (salon.id,),
    ).fetchall()  # fmt: skip


CHANGES = (
    archive_a_dialog_late, bring_an_old_client_earlier, repeat_a_booking_in_an_earlier_dialog, archive_the_active,
    take_messages_from_another_days_dialog, drop_the_active_unarchived, begin_a_dialog_of_a_known_client,
    change_the_currency, move_west,
)  # fmt: skip


@pytest.mark.parametrize('change', CHANGES, ids=lambda change: change.__name__)
def test_figures_hold_after_a_change_and_after_the_next_collection(
    filled: OddSalon, compare: Compare, change: Callable[[OddSalon], None]
) -> None:
    talk_over_midnight(filled)
    filled.collect()
    change(filled)
    compare(filled)
    filled.collect(filled.today - timedelta(days=2))
    compare(filled)
    filled.collect()
    assert compare(filled) > 60


def talk_over_midnight(salon: OddSalon) -> None:
    """A dialog that goes past midnight, with messages that name no session."""
    midnight, client = salon.midnight(salon.today - timedelta(days=20)), salon.client(phone='midnight')
    salon.archive(client, midnight - timedelta(minutes=30), ended_at=midnight + timedelta(hours=1))
    for minutes in (-20, 10, 40):
        salon.say(client, None, 'user', midnight + timedelta(minutes=minutes))
        salon.say(client, None, 'assistant', midnight + timedelta(minutes=minutes, seconds=8))


@pytest.mark.parametrize('seed', [21, 22, 23])
def test_figures_hold_after_many_changes_in_any_order(make_salon: MakeSalon, compare: Compare, seed: int) -> None:
    salon = make_salon(seed=seed)
    salon.fill(dialogs=120)
    talk_over_midnight(salon)
    for change in salon.chance.sample(CHANGES, 6):
        salon.collect(*sorted(salon.today - timedelta(days=salon.chance.randrange(1, 150)) for _ in range(2)))
        change(salon)
        compare(salon, (salon.today - timedelta(days=89), salon.today))
    salon.collect()
    compare(salon)


def test_days_of_a_time_zone_left_and_taken_up_again_do_not_come_back(filled: OddSalon, compare: Compare) -> None:
    """What was archived in between was looked at under the other zone's days, and is no news any more."""
    filled.collect()
    started = filled.midnight(filled.today - timedelta(days=30)) + timedelta(hours=2)
    move_to(filled, 'America/St_Johns')
    filled.archive(filled.client(), started, created_at=filled.now, booking_id='between')
    filled.collect(filled.today - timedelta(days=1))
    filled.db.execute("update public.conversation_sessions_v2 set created_at = started_at where booking_id = 'between'")
    move_to(filled, 'Asia/Vladivostok')
    compare(filled)


def test_a_booking_cancelled_after_its_day_was_stored_is_seen_once_reported(filled: OddSalon, compare: Compare) -> None:
    filled.collect()
    sessions = filled.db.execute(
        "update public.conversation_sessions_v2 set booking_status = 'cancelled' where tenant_id = %s"
        " and booking_status = 'confirmed' returning session_id", (filled.id,),
    ).fetchall()  # fmt: skip
    for (session,) in sessions:
        filled.db.execute('select dashboard.forget_stored_day(%s, %s)', (filled.id, session))
    compare(filled)
    filled.collect(filled.today - timedelta(days=1))
    assert compare(filled) > 120


def test_a_booking_entered_after_its_day_was_stored_is_counted_once(filled: OddSalon, compare: Compare) -> None:
    client = filled.client()
    early = filled.archive(client, filled.ago(days=50))
    filled.archive(client, filled.ago(days=45), booking_id='moved', booking_amount=100)
    filled.collect()
    filled.db.execute("update public.conversation_sessions_v2 set booking_id = 'moved' where session_id = %s", (early,))
    filled.db.execute('select dashboard.forget_stored_day(%s, %s)', (filled.id, early))
    compare(filled)


def test_rows_of_the_earlier_application_are_never_taken_for_figures(filled: OddSalon, compare: Compare) -> None:
    days = [filled.today - timedelta(days=n) for n in range(1, 90)]
    filled.db.cursor().executemany(
        'insert into dashboard.metrics_dailies (tenant_id, day, dialogs_started, bookings) values (%s, %s, 999, 99)',
        [(filled.id, day) for day in days],
    )
    assert compare(filled) == 0
    filled.collect(days[40], days[0])
    assert compare(filled) > 30


def test_the_stored_columns_of_the_earlier_application_say_what_they_said(filled: OddSalon, ask: Ask) -> None:
    filled.collect()
    first, last = filled.today - timedelta(days=40), filled.today - timedelta(days=1)
    shown = [
        (row['dialogs'], row['bookings']) for row in ask(filled, 'overview', first_day=first, last_day=last)['days']
    ]
    kept = filled.db.execute(
        'select dialogs_started, bookings from dashboard.metrics_dailies where tenant_id = %s and day between %s and %s'
        ' order by day', (filled.id, first, last),
    )  # fmt: skip
    assert kept.fetchall() == shown


def test_two_collections_at_once_store_each_day_once(stack: Stack) -> None:
    errors: list[BaseException] = []

    def collecting() -> None:
        try:
            with psycopg.connect(stack.dsn) as connection:
                connection.execute(
                    'select dashboard.collect_metrics(%s, current_date - 30, current_date)', (SALON_A.id,)
                )
        except psycopg.Error as error:
            errors.append(error)

    threads = [threading.Thread(target=collecting) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with psycopg.connect(stack.dsn) as connection:
        row = connection.execute(
            'select count(*), count(distinct day) from dashboard.metrics_dailies where tenant_id = %s'
            ' and day >= current_date - 30', (SALON_A.id,),
        ).fetchone()  # fmt: skip
    assert not errors
    assert row
    assert row[0] == row[1] >= 29
