"""The daily letter goes once for each day and salon, however often and by how many the job is run."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from config import settings
from data import Data, Refused
from jobs.digest import digest_text, send_digest, send_digests
from jobs.failures import SalonsFailed
from models import JobSalon
from tests.jobs.conftest import Rows, client_of
from tests.jobs.kills import carry_out
from tokens import SYSTEM

LETTERS = (
    "select data ->> 'text' from dashboard.bot_commands where tenant_id = %s and type = 'salon.digest' order by number"
)
SENT = 'select count(*) from dashboard.metrics_dailies where tenant_id = %s and digest_sent_at is not null'


def zone_at(hour: int) -> str:
    """A time zone in which it is this hour now."""
    ahead = (hour - datetime.now(UTC).hour + 12) % 24 - 12
    return f'Etc/GMT{-ahead:+d}'


@pytest.fixture
def morning(salon: JobSalon, rows: Rows) -> JobSalon:
    """The salon at eleven, with four dialogs yesterday, two a week before, and a wish that waits."""
    zone = zone_at(11)
    rows(
        "update dashboard.tenant_settings set timezone = %s, opening_time = '10:00' where tenant_id = %s",
        zone,
        salon.id,
    )
    client_of(rows, salon)
    for ago, number in ((1, 4), (8, 2)):
        rows(
            'insert into public.conversation_sessions_v2 (session_id, tenant_id, user_id, channel, started_at,'
            ' final_status, booking_id, booking_amount, created_at)'
            ' select gen_random_uuid(), tenant_id, id, %s, at, %s,'
            ' case n when 1 then gen_random_uuid()::text end, case n when 1 then 2500 end, at'
            ' from public.clients_v2, generate_series(1, %s) n,'
            " lateral (select ((now() at time zone %s)::date - %s + time '12:00') at time zone %s as at) t"
            ' where tenant_id = %s', 'telegram', 'done', number, zone, ago, zone, salon.id,
        )  # fmt: skip
    rows("insert into public.wishlist_v2 (tenant_id, user_id, item_type, item_id)"
         " select tenant_id, id, 'slot', 'x' from public.clients_v2 where tenant_id = %s", salon.id)  # fmt: skip
    return salon


async def test_a_letter_tells_of_yesterday_beside_a_week_before_and_what_is_to_be_done(
    morning: JobSalon, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv('PUBLIC_URL', 'https://salon.test')
    settings.cache_clear()
    assert await send_digest(morning)
    ((text,),) = rows(LETTERS, morning.id)
    monkeypatch.undo()
    settings.cache_clear()
    assert text.startswith('☀️ Проба: ')
    assert 'Диалоги: 4 (неделю назад 2)' in text
    assert 'Записи: 1 (неделю назад 1), конверсия 25\u00a0%' in text
    assert 'Выручка: 2\u00a0500\u00a0₽ (неделю назад 2\u00a0500\u00a0₽)' in text
    assert '1. 1 клиент ждёт место: предложите время\nhttps://salon.test/wishlist' in text


async def overdue(salon: JobSalon) -> int | None:
    """What the letter says about clients who have not come for longer than usual."""
    digest = await Data(SYSTEM).jobs.digest_due(salon.id)
    assert digest
    return next((todo.number for todo in digest.todos if todo.kind == 'overdue'), None)


async def test_overdue_clients_are_those_of_now_and_left_out_while_they_are_counted(
    morning: JobSalon, rows: Rows
) -> None:
    rows(
        'insert into public.conversation_sessions_v2'
        ' (session_id, tenant_id, user_id, channel, started_at, final_status, booking_id, booking_datetime, created_at)'
        " select gen_random_uuid(), a.id, %s, 'telegram', a.at, 'done', a.n::text, a.at, a.at"
        " from (select t.id, n, now() - interval '10 days' * (n + 6) as at"
        ' from public.tenants_v2 t, generate_series(1, 4) n where t.id = %s) a',
        client_of(rows, morning), morning.id,
    )  # fmt: skip
    rows("select pg_advisory_lock(hashtextextended('clients:' || %s, 0))", morning.id)
    assert await overdue(morning) is None
    rows('select pg_advisory_unlock_all()')
    assert await overdue(morning) == 1


async def test_three_runs_and_two_processes_at_once_send_one_letter(
    morning: JobSalon, rows: Rows, environment: dict[str, str]
) -> None:
    await asyncio.gather(*(send_digest(morning) for _run in range(3)))
    await asyncio.gather(
        *(asyncio.to_thread(carry_out, 'digest', '--once', environment=environment) for _n in range(2))
    )
    assert len(rows(LETTERS, morning.id)) == 1
    assert rows(SENT, morning.id) == [(1,)]


async def test_a_letter_that_went_stays_sent_when_its_day_is_collected_again(morning: JobSalon, rows: Rows) -> None:
    assert await send_digest(morning)
    rows('select dashboard.collect_metrics(%s, current_date - 9, current_date)', morning.id)
    assert not await send_digest(morning)
    assert len(rows(LETTERS, morning.id)) == 1


async def test_a_letter_of_another_day_is_never_sent(morning: JobSalon, rows: Rows) -> None:
    jobs = Data(SYSTEM).jobs
    digest = await jobs.digest_due(morning.id)
    assert digest
    late = digest.model_copy(update={'day': digest.day.model_copy(update={'day': digest.day.day - timedelta(days=1)})})
    assert not await jobs.send_digest(morning.id, late, digest_text(morning, late))
    assert rows(LETTERS, morning.id) == []


@pytest.mark.parametrize(('what', 'statement'), [
    ('too early', "update dashboard.tenant_settings set timezone = '{early}' where tenant_id = %s"),
    ('too late', "update dashboard.tenant_settings set timezone = '{late}' where tenant_id = %s"),
    ('not wanted', "insert into dashboard.alert_rules (tenant_id, kind, is_on) values (%s, 'digest', false)"),
    ('no chat', "update public.tenants_v2 set metadata = '{{}}' where id = %s"),
    ('quiet', "update dashboard.tenant_settings set quiet_from = '10:00', quiet_to = '12:30' where tenant_id = %s"),
    ('nothing happened', 'delete from public.conversation_sessions_v2 where tenant_id = %s'),
])  # fmt: skip
async def test_no_letter_goes_when_none_is_due(morning: JobSalon, rows: Rows, what: str, statement: str) -> None:
    rows(statement.format(early=zone_at(8), late=zone_at(15)), morning.id)
    assert not await send_digest(morning), what
    assert rows(LETTERS, morning.id) == []


async def test_one_bad_salon_fails_alone_and_is_named_by_its_id(
    morning: JobSalon, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    due, asked = Data(SYSTEM).jobs.__class__.digest_due, []

    async def failing(self: Any, which: UUID) -> Any:
        asked.append(which)
        if which == morning.id:
            raise Refused('22003')
        return await due(self, which)

    monkeypatch.setattr('data.JobData.digest_due', failing)
    with pytest.raises(SalonsFailed, match=rf'^{morning.id} \('):
        await send_digests()
    assert len(asked) == 4
    rows("delete from dashboard.bot_commands where type = 'salon.digest'")
    rows('update dashboard.metrics_dailies set digest_sent_at = null')


async def test_a_salon_without_settings_gets_its_letter_by_moscow_time(morning: JobSalon, rows: Rows) -> None:
    rows('delete from dashboard.tenant_settings where tenant_id = %s', morning.id)
    await send_digests()
    hour = (datetime.now(UTC).hour + 3) % 24
    assert len(rows(LETTERS, morning.id)) == int(9 <= hour < 15)
    rows("delete from dashboard.bot_commands where type = 'salon.digest'")
    rows('update dashboard.metrics_dailies set digest_sent_at = null')
