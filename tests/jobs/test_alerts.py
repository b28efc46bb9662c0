"""Alerts: each kind is opened and closed by what the bot does or writes, and the chat is told at most twice a day."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest

from components.alert_texts import KINDS, sentence
from components.translate import speaking
from config import settings
from data import Data, DataError, Refused
from devstack.demo.salons import SALON_A
from devstack.stack import Stack
from jobs.alerts import check_alerts, check_salon
from models import Alert, AlertKind, AlertPage, JobSalon
from operations.logs import without_secrets
from tests.commands import OWNER, FarEnd, identity
from tests.jobs.conftest import Rows, client_of
from tests.simulated import until
from tokens import SYSTEM

A = SALON_A.id
NOON = "((now() at time zone 'Europe/Moscow')::date + time '12:00') at time zone 'Europe/Moscow'"


@pytest.fixture
def look(salon: JobSalon, rows: Rows) -> Callable[[], Any]:
    """`await look()`: look at all rules now; the kinds that are open then."""

    async def looking() -> set[str]:
        rows('delete from dashboard.alert_checks where tenant_id = %s', salon.id)
        await check_salon(salon)
        open_ones = 'select kind from dashboard.alerts where tenant_id = %s and closed_at is null'
        return {kind for (kind,) in rows(open_ones, salon.id)}

    return looking


def dialogs(rows: Rows, salon: JobSalon, number: int, ago: int, *, booked: int = 0, left: str = '') -> None:
    """So many dialogs so many days ago, the first of them with a booking, the others left at a step."""
    rows(
        'insert into public.conversation_sessions_v2'
        ' (session_id, tenant_id, user_id, channel, started_at, ended_at, final_status, booking_id, meta, created_at)'
        " select gen_random_uuid(), tenant_id, id, 'telegram', at, at, 'done',"
        ' case when n <= %s then gen_random_uuid()::text end,'
        " case when n > %s and %s <> '' then jsonb_build_object('drop_off_stage', %s::text) else '{}' end, at"
        f" from public.clients_v2, generate_series(1, %s) n, lateral (select {NOON} - interval '1 day' * %s as at) t"
        ' where tenant_id = %s',
        booked, booked, left, left, number, ago, salon.id,
    )  # fmt: skip


def page(salon: JobSalon) -> Any:
    return Data(identity({'app_role': 'admin', 'tenant_id': str(salon.id), 'sub': '1'})).alerts.page()


async def test_a_salon_in_which_nothing_happened_has_no_alert(look: Callable[[], Any]) -> None:
    assert await look() == set()


async def test_a_client_who_waits_opens_an_alert_and_the_bots_answer_closes_it(
    salon: JobSalon, rows: Rows, look: Callable[[], Any]
) -> None:
    client = client_of(rows, salon)
    session = uuid4()
    begun = 'insert into public.active_sessions_v2 (session_id, tenant_id, user_id) values (%s, %s, %s)'
    rows(begun, session, salon.id, client)
    say = (
        'insert into public.recent_history_v2 (tenant_id, user_id, session_id, role, message, created_at)'
        " values (%s, %s, %s, %s, 'текст', now() - make_interval(mins => %s))"
    )
    rows(say, salon.id, client, session, 'assistant', 50)
    assert await look() == set()
    rows(say, salon.id, client, session, 'user', 14)
    assert await look() == set()
    rows(say, salon.id, client, session, 'user', 0)
    rows("update public.recent_history_v2 set created_at = now() - interval '16 min' where session_id = %s"
         " and role = 'user'", session)  # fmt: skip
    assert await look() == {'clients_waiting'}
    found = (await page(salon)).open[0]
    assert (found.rows[0].session_id, found.rows[0].client_name, found.actual) == (session, 'Вера', 1)
    assert await look() == {'clients_waiting'}
    assert rows('select count(*) from dashboard.alerts where tenant_id = %s', salon.id) == [(1,)]
    rows(say, salon.id, client, session, 'assistant', 0)
    assert await look() == set()
    assert [(row.kind, row.is_open) for row in (await page(salon)).rows] == [('clients_waiting', False)]


async def test_silence_in_opening_hours_opens_an_alert_and_the_next_message_closes_it(
    salon: JobSalon, rows: Rows, look: Callable[[], Any]
) -> None:
    client = client_of(rows, salon)
    say = (
        'insert into public.recent_history_v2 (tenant_id, user_id, session_id, role, message, created_at)'
        " values (%s, %s, gen_random_uuid(), 'assistant', 'текст', now() - make_interval(mins => %s))"
    )
    rows(say, salon.id, client, 250)
    assert await look() == {'bot_silent'}
    rows("update dashboard.tenant_settings set opening_time = (now() at time zone timezone - interval '2 h')::time,"
         " closing_time = (now() at time zone timezone + interval '1 h')::time where tenant_id = %s",
         salon.id)  # fmt: skip
    assert await look() == set()  # only the two hours of today count
    rows("update dashboard.tenant_settings set opening_time = '00:00', closing_time = '00:00' where tenant_id = %s",
         salon.id)  # fmt: skip
    assert await look() == {'bot_silent'}
    rows(say, salon.id, client, 1)
    assert await look() == set()


async def test_a_bot_that_is_switched_off_is_not_silent(salon: JobSalon, rows: Rows, look: Callable[[], Any]) -> None:
    rows(
        'update public.tenants_v2 set metadata = metadata || \'{"telegram_bot_enabled": false}\' where id = %s',
        salon.id,
    )
    rows(
        'insert into public.recent_history_v2 (tenant_id, user_id, role, message, created_at)'
        " values (%s, %s, 'user', 'x', now() - interval '3 days')", salon.id, client_of(rows, salon),
    )  # fmt: skip
    assert await look() == set()


async def test_a_fall_of_conversion_opens_an_alert_and_its_rise_closes_it(
    salon: JobSalon, rows: Rows, look: Callable[[], Any]
) -> None:
    client_of(rows, salon)
    for week in range(1, 5):
        dialogs(rows, salon, 40, week * 7 + 3, booked=16)
    dialogs(rows, salon, 20, 3, booked=2)
    assert await look() == set()  # 20 dialogs: too few to tell
    dialogs(rows, salon, 30, 2, booked=3)
    assert await look() == {'conversion_fell'}
    found = (await page(salon)).open[0]
    assert found.details['bookings'] == 5
    assert found.details['dialogs'] == 50
    assert found.actual == 75
    with speaking('en'):
        assert '10% of the dialogs brought a booking (5 of 50), 40% in' in sentence(found, zone='Europe/Moscow')
    dialogs(rows, salon, 30, 1, booked=30)
    assert await look() == set()


async def test_more_clients_leaving_at_a_step_open_an_alert_that_names_the_step(
    salon: JobSalon, rows: Rows, look: Callable[[], Any]
) -> None:
    client_of(rows, salon)
    for week in range(1, 5):
        dialogs(rows, salon, 36, week * 7 + 3)
        dialogs(rows, salon, 4, week * 7 + 3, left='staff_selection')
    dialogs(rows, salon, 30, 2)
    dialogs(rows, salon, 15, 2, left='staff_selection')
    assert await look() == {'drop_offs_rose'}
    found = (await page(salon)).open[0]
    assert (found.details['step'], found.details['number'], found.details['dialogs']) == ('staff_selection', 15, 45)
    assert found.actual == 23
    dialogs(rows, salon, 200, 1)
    assert await look() == set()


async def test_broken_rows_open_an_alert_that_counts_them(salon: JobSalon, rows: Rows, look: Callable[[], Any]) -> None:
    client = client_of(rows, salon)
    rows(
        'insert into public.conversation_sessions_v2'
        ' (session_id, tenant_id, user_id, channel, started_at, final_status,'
        " booking_id, booking_amount, booking_currency) select gen_random_uuid(), %s, %s, 'telegram', now(),"
        " case when n < 3 then '' else 'done' end, n::text, 100, case n when 4 then 'EUR' end"
        ' from generate_series(1, 4) n', salon.id, client,
    )  # fmt: skip
    assert await look() == set()  # three rows, and five are needed
    rows(
        'insert into public.recent_history_v2 (tenant_id, user_id, role, message) select %s, %s, %s, %s'
        ' from generate_series(1, 2)', salon.id, client, 'user', 'x',
    )  # fmt: skip
    assert await look() == {'data_broken'}
    found = (await page(salon)).open[0]
    assert found.details == {'unlinked': 2, 'no_status': 2, 'other_currency': 1}
    rows("update public.conversation_sessions_v2 set final_status = 'done' where tenant_id = %s", salon.id)
    assert await look() == set()


async def test_a_bot_that_takes_nothing_opens_an_alert_and_one_that_is_back_closes_it(
    far_end: FarEnd, rows: Rows
) -> None:
    rows('truncate dashboard.alerts, dashboard.alert_checks')
    await far_end.behave(mode='error')
    far_end.queue(3, clients=3)
    rows("update dashboard.bot_commands set created_at = now() - interval '20 min'")
    from bot import Bot

    deliverer = Bot()
    await deliverer.deliver()
    salon = JobSalon(id=UUID(A), name='A')
    await check_salon(salon)
    found = {alert.kind: alert for alert in (await Data(identity(OWNER)).alerts.page()).open}
    assert found['commands_stuck'].actual == 3
    await far_end.behave(mode='well')
    await Data(SYSTEM).commands.hurry()
    await deliverer.deliver()
    await check_salon(salon)
    await deliverer.close()
    assert 'commands_stuck' not in {alert.kind for alert in (await Data(identity(OWNER)).alerts.page()).open}
    rows('truncate dashboard.alerts, dashboard.alert_checks')


# --- telling the salon's chat


def open_one(rows: Rows, salon: JobSalon) -> None:
    """Somebody waits: the simplest alert."""
    client, session = client_of(rows, salon), uuid4()
    begun = 'insert into public.active_sessions_v2 (session_id, tenant_id, user_id) values (%s, %s, %s)'
    rows(begun, session, salon.id, client)
    rows(
        'insert into public.recent_history_v2 (tenant_id, user_id, session_id, role, message, created_at)'
        " values (%s, %s, %s, 'user', 'x', now() - interval '20 min')", salon.id, client, session,
    )  # fmt: skip


def close_one(rows: Rows, salon: JobSalon) -> None:
    rows('delete from public.active_sessions_v2 where tenant_id = %s', salon.id)


NOTICES = "select data ->> 'text' from dashboard.bot_commands where tenant_id = %s and type = 'salon.alert'"


async def test_the_chat_is_told_once_of_an_alert_though_two_look_at_once(
    salon: JobSalon, rows: Rows, look: Callable[[], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('PUBLIC_URL', 'https://salon.test')
    settings.cache_clear()
    open_one(rows, salon)
    await asyncio.gather(*(look() for _n in range(4)))
    await look()
    ((text,),) = rows(NOTICES, salon.id)
    assert text.startswith('⚠️ Клиенты ждут ответа\n1 клиент ждёт ответа.')
    assert text.endswith('https://salon.test/sessions?status=active')
    monkeypatch.undo()
    settings.cache_clear()


async def test_the_chat_is_told_of_a_rule_twice_a_day_at_most(
    salon: JobSalon, rows: Rows, look: Callable[[], Any]
) -> None:
    for _time in range(4):
        open_one(rows, salon)
        assert await look() == {'clients_waiting'}
        rows("update dashboard.bot_commands set status = 'sent' where tenant_id = %s", salon.id)
        close_one(rows, salon)
        assert await look() == set()
    assert len(rows(NOTICES, salon.id)) == 2
    rows("update dashboard.alerts set notification_sent_at = notification_sent_at - interval '1 day'")
    open_one(rows, salon)
    await look()
    assert len(rows(NOTICES, salon.id)) == 3


async def test_quiet_hours_an_unknown_chat_and_somebody_who_saw_it_keep_the_bot_from_telling(
    salon: JobSalon, rows: Rows, look: Callable[[], Any]
) -> None:
    quiet = 'update dashboard.tenant_settings set quiet_from = %s, quiet_to = %s where tenant_id = %s'
    rows(quiet, '00:00', '23:59:59', salon.id)
    open_one(rows, salon)
    await look()
    assert rows(NOTICES, salon.id) == []
    rows(quiet, None, None, salon.id)
    rows("update public.tenants_v2 set metadata = '{}' where id = %s", salon.id)
    await look()
    assert rows(NOTICES, salon.id) == []
    rows('update public.tenants_v2 set metadata = \'{"telegram": {"admin_chat_id": "-5"}}\' where id = %s', salon.id)
    rows('update dashboard.alerts set acknowledged_at = now() where tenant_id = %s', salon.id)
    await look()
    assert rows(NOTICES, salon.id) == []
    rows('update dashboard.alerts set acknowledged_at = null where tenant_id = %s', salon.id)
    await look()
    assert len(rows(NOTICES, salon.id)) == 1


async def test_what_is_over_before_the_bot_was_told_is_not_told_any_more(
    salon: JobSalon, rows: Rows, look: Callable[[], Any]
) -> None:
    open_one(rows, salon)
    await look()
    close_one(rows, salon)
    await look()
    state = 'select status, last_error from dashboard.bot_commands where tenant_id = %s'
    assert rows(state, salon.id) == [('failed', 'outdated')]


async def test_what_the_bot_did_not_take_in_its_time_is_told_again_under_the_same_id(
    salon: JobSalon, rows: Rows, look: Callable[[], Any]
) -> None:
    open_one(rows, salon)
    await look()
    told = 'select id, status, expires_at > now(), attempts from dashboard.bot_commands where tenant_id = %s'
    ((key, *_state),) = rows(told, salon.id)
    assert (await page(salon)).open[0].notified_at
    rows("update dashboard.bot_commands set expires_at = now() - interval '1 s', attempts = 9 where id = %s", key)
    rows("update dashboard.bot_commands set status = 'dead', finished_at = now() where id = %s", key)
    assert (await page(salon)).open[0].notified_at is None
    await look()
    assert rows(told, salon.id) == [(key, 'queued', True, 0)]
    assert (await page(salon)).open[0].notified_at
    rows("update dashboard.bot_commands set status = 'sent', sent_at = now() where id = %s", key)
    await look()
    assert rows('select status from dashboard.bot_commands where tenant_id = %s', salon.id) == [('sent',)]


async def test_what_was_over_before_the_bot_took_it_is_none_of_the_two_a_day(
    salon: JobSalon, rows: Rows, look: Callable[[], Any]
) -> None:
    for _time in range(3):
        open_one(rows, salon)
        await look()
        close_one(rows, salon)
        await look()
    open_one(rows, salon)
    await look()
    waiting = "select count(*) from dashboard.bot_commands where tenant_id = %s and status = 'queued'"
    assert rows(waiting, salon.id) == [(1,)]


async def test_the_stand_in_bot_says_it_in_the_salons_chat(far_end: FarEnd, salon: JobSalon, rows: Rows) -> None:
    open_one(rows, salon)
    await check_salon(salon)
    from bot import Bot

    deliverer = Bot()
    await deliverer.deliver()
    await until(lambda: far_end.statuses() == {'delivered': 1})
    await deliverer.close()
    ((text,),) = rows('select text from standin_bot.chat_lines where tenant_id = %s', salon.id)
    assert 'ждёт ответа' in text


# --- rules


async def test_a_rule_that_is_off_opens_nothing_and_closes_what_is_open(
    salon: JobSalon, rows: Rows, look: Callable[[], Any]
) -> None:
    open_one(rows, salon)
    assert await look() == {'clients_waiting'}
    rows("insert into dashboard.alert_rules (tenant_id, kind, is_on) values (%s, 'clients_waiting', false)", salon.id)
    assert await look() == set()


async def test_a_threshold_counts_in_its_limits_whatever_is_written_there(
    salon: JobSalon, rows: Rows, look: Callable[[], Any]
) -> None:
    open_one(rows, salon)
    write = "insert into dashboard.alert_rules (tenant_id, kind, threshold) values (%s, 'clients_waiting', %s)"
    for threshold, is_open in ((30, False), (None, True), (-5, True), (2147483647, False), (0, True)):
        rows(f'{write} on conflict (tenant_id, kind) do update set threshold = excluded.threshold', salon.id, threshold)
        assert (await look() == {'clients_waiting'}) is is_open


@pytest.mark.parametrize('typed', ['-5', '0', '1441', '99999999999999', '1.5', 'много', '1e3', '15 мин'])
async def test_a_threshold_that_makes_no_sense_is_refused(app: Stack, owner: Data, typed: str) -> None:
    with pytest.raises(Refused, match='out_of_limits') as refused:
        await owner.alerts.change_rule(uuid4(), 'clients_waiting', is_on=True, threshold=typed)
    assert refused.value.field == 'threshold'


async def test_each_look_is_noted_and_a_changed_rule_asks_for_a_whole_one_without_forgetting_it(
    app: Stack, owner: Data, rows: Rows
) -> None:
    looked = 'select checked_at, whole_at from dashboard.alert_checks where tenant_id = %s'
    await Data(SYSTEM).jobs.check_alerts(UUID(A))
    ((first, whole),) = rows(looked, A)
    await Data(SYSTEM).jobs.check_alerts(UUID(A))
    ((second, still),) = rows(looked, A)
    assert (second > first, still) == (True, whole)
    await owner.alerts.change_rule(uuid4(), 'data_broken', is_on=True, threshold='7')
    assert rows(looked, A) == [(second, None)]
    assert (await owner.alerts.page()).checked_at == second
    await Data(SYSTEM).jobs.check_alerts(UUID(A))
    assert rows('select whole_at > %s from dashboard.alert_checks where tenant_id = %s', second, A) == [(True,)]
    rows('delete from dashboard.alert_rules where tenant_id = %s', A)
    rows('truncate dashboard.alerts, dashboard.alert_checks')


async def test_an_owner_sets_a_threshold_and_takes_it_back(app: Stack, owner: Data, rows: Rows) -> None:
    async def threshold() -> int | None:
        found: AlertPage = await owner.alerts.page()
        return next(rule.threshold for rule in found.rules if rule.kind == 'clients_waiting')

    await owner.alerts.change_rule(uuid4(), 'clients_waiting', is_on=True, threshold=' 45 ')
    assert await threshold() == 45
    await owner.alerts.change_rule(uuid4(), 'clients_waiting', is_on=True)
    assert await threshold() == 15
    with pytest.raises(Refused):
        await owner.alerts.change_rule(uuid4(), 'nonsense', is_on=True)
    rows('delete from dashboard.alert_rules where tenant_id = %s', A)


@pytest.fixture
def owner(app: Stack, rows: Rows) -> Data:
    """The owner of the first salon, as a page has it."""
    ((person,),) = rows("select id::text from dashboard.users where email = 'owner@demo.salon'")
    return Data(identity({'app_role': 'admin', 'tenant_id': A, 'sub': person}))


# --- all salons


async def test_one_bad_salon_fails_alone_and_is_named_by_its_id(
    salon: JobSalon, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    look = Data(SYSTEM).jobs.__class__.check_alerts
    looked: list[UUID] = []

    async def failing(self: Any, which: UUID) -> Any:
        looked.append(which)
        if which == salon.id:
            raise Refused('22003')
        return await look(self, which)

    monkeypatch.setattr('data.JobData.check_alerts', failing)
    with pytest.raises(DataError, match=rf'^{salon.id} \(') as failed:
        await check_alerts()
    assert str(salon.id) in without_secrets(repr(failed.value)), 'the log keeps it'
    assert len(looked) == 4
    rows('truncate dashboard.alerts, dashboard.alert_checks')
    rows("delete from dashboard.bot_commands where type = 'salon.alert'")


def test_every_kind_has_its_words_and_a_sentence_outlives_odd_details() -> None:
    assert set(KINDS) == {*(kind.value for kind in AlertKind), 'digest'}
    for kind in (*KINDS, 'old_rails_kind', None):
        for details in ({}, {'number': None}, {'first': 'x', 'dialogs': 0}):
            alert = Alert(id=1, kind=kind, at='2026-11-24T10:00:00+00:00', is_open=True, details=details,
                          description='старое')  # fmt: skip
            assert isinstance(sentence(alert, zone='Europe/Moscow'), str)
