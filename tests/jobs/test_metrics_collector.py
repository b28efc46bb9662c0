"""The collector: whatever becomes of it, the figures are those of plain SQL; and it says what it did and what not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import pairwise
from uuid import UUID

import pytest

from data import Data, DataError, TooSlow, Unavailable, pool
from devstack.demo.salons import SALON_A, SALONS
from devstack.stack import Stack
from jobs import metrics_collector
from jobs.__main__ import run_once
from jobs.failures import SalonsFailed
from jobs.metrics_collector import collect_metrics
from models import Days, JobSalon
from operations.logs import without_secrets
from tests.jobs.conftest import Rows
from tests.jobs.kills import KILLS, carry_out, kill_again_and_again
from tokens import SYSTEM

WrongFigures = Callable[[], list[str]]
STORED = 'select count(*)::int from dashboard.metrics_dailies where version > 0 and computed_at is not null'


@pytest.fixture(autouse=True)
def nothing_stored(app: Stack, rows: Rows) -> Iterator[None]:
    """Each test begins with a salon that was never collected; afterwards all is stored as it was."""
    forget(rows)
    yield
    rows('alter role authenticator reset statement_timeout')
    for salon in SALONS:
        rows('select dashboard.collect_metrics(%s, current_date - 90, current_date)', salon.id)


def forget(rows: Rows) -> None:
    rows('truncate dashboard.metrics_dailies, dashboard.metrics_breakdowns, dashboard.metrics_watermarks')


async def test_the_first_collection_stores_all_days_and_the_second_has_little_to_do(
    rows: Rows, wrong_figures: WrongFigures
) -> None:
    assert wrong_figures() == []
    assert await collect_metrics() > 200
    stored = rows(STORED)
    assert wrong_figures() == []
    assert await collect_metrics() < 40  # days with a dialog that still goes on
    assert rows(STORED) == stored


async def test_two_collections_at_once_store_what_one_does(rows: Rows, wrong_figures: WrongFigures) -> None:
    await asyncio.gather(collect_metrics(), collect_metrics())
    both = rows(STORED)
    assert wrong_figures() == []
    forget(rows)
    await collect_metrics()
    assert rows(STORED) == both


def archived_late(rows: Rows, *, days_ago: int) -> UUID:
    """A dialog of days long collected, archived only now."""
    rows("update dashboard.metrics_watermarks set collected_until = now() - interval '1 min'")
    ((session,),) = rows(
        'insert into public.conversation_sessions_v2'
        ' (session_id, tenant_id, user_id, channel, started_at, final_status, created_at)'
        " select gen_random_uuid(), tenant_id, id, 'telegram', now() - interval '1 day' * %s, 'done', now()"
        ' from public.clients_v2 where tenant_id = %s limit 1 returning session_id', days_ago, SALON_A.id,
    )  # fmt: skip
    assert isinstance(session, UUID)
    return session


async def test_a_dialog_archived_late_is_collected_at_the_next_run(rows: Rows, wrong_figures: WrongFigures) -> None:
    await collect_metrics()
    session = archived_late(rows, days_ago=40)
    try:
        assert wrong_figures() == []
        await collect_metrics()
        assert wrong_figures() == []
        day = 'select dialogs_started from dashboard.metrics_dailies where tenant_id = %s and day = current_date - 40'
        assert rows(day, SALON_A.id)[0][0] > 0
    finally:
        rows('delete from public.conversation_sessions_v2 where session_id = %s', session)


async def test_a_period_that_takes_too_long_is_collected_in_halves(
    app: Stack, rows: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    async def collect_days(self: object, salon: UUID, first: date, last: date) -> int:
        asked.append((last - first).days + 1)
        if asked[-1] > 10:
            raise TooSlow('57014')
        return asked[-1]

    monkeypatch.setattr('data.JobData.collect_days', collect_days)
    last = date.today() - timedelta(days=1)
    assert await collect_metrics(last - timedelta(days=59), last) >= 180
    assert max(asked) == 31
    assert asked.count(7) > 20


async def test_a_statement_that_the_database_ends_counts_as_too_slow(app: Stack, rows: Rows) -> None:
    rows("alter role authenticator set statement_timeout = '400ms'")
    app.restart_front()
    await pool.close()
    rows("select pg_advisory_lock(hashtextextended('metrics:' || %s, 0))", SALON_A.id)  # somebody collects it already
    try:
        with pytest.raises(TooSlow):
            await Data(SYSTEM).jobs.collect_days(UUID(SALON_A.id), date.today() - timedelta(days=80), date.today())
    finally:
        rows('select pg_advisory_unlock_all()')
        rows('alter role authenticator reset statement_timeout')
        app.restart_front()
        await pool.close()


async def test_one_bad_salon_fails_alone_and_is_named_by_its_id(rows: Rows, wrong_figures: WrongFigures) -> None:
    async def collect(salon: JobSalon, first: date | None, last: date | None) -> int:
        if salon.id == UUID(SALON_A.id):
            raise ValueError('bad row')
        return await metrics_collector.collect_salon(salon, first, last)

    with pytest.raises(SalonsFailed, match=rf'^{SALON_A.id} .*bad row') as failed:
        await collect_metrics(collect=collect)
    assert SALON_A.id in without_secrets(repr(failed.value)), 'the log keeps it'
    assert rows('select count(distinct tenant_id)::int from dashboard.metrics_dailies') == [(len(SALONS) - 1,)]
    assert wrong_figures() == []


async def test_a_data_store_that_is_away_for_a_moment_is_asked_again(
    app: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics_collector, 'PAUSES', (0.2, 0.2))
    begin, tries = Data(SYSTEM).jobs.__class__.begin_collection, []

    async def begin_collection(self: object, salon: UUID, *days: date | None) -> object:
        tries.append(salon)
        if tries.count(salon) == 1:
            raise Unavailable('away')
        return await begin(self, salon, *days)  # type: ignore[arg-type]

    monkeypatch.setattr('data.JobData.begin_collection', begin_collection)
    assert await collect_metrics() > 200
    assert len(tries) == 2 * len(SALONS)


async def test_without_a_data_store_nothing_is_done_and_the_exit_code_says_so(
    app: Stack, environment: dict[str, str]
) -> None:
    with app.faults.active(api='unavailable'), pytest.raises(DataError):
        await collect_metrics()
    code, output = carry_out('metrics', '--once', environment=environment | {'SUPABASE_URL': 'http://127.0.0.1:9'})
    assert (code, 'not done' in output) == (1, True)


async def test_a_backfill_stores_its_period_and_says_how_far_it_is(rows: Rows, environment: dict[str, str]) -> None:
    last = date.today() - timedelta(days=5)
    first = last - timedelta(days=40)
    period = ('--from', first.isoformat(), '--to', last.isoformat())
    code, output = await asyncio.to_thread(
        carry_out, 'metrics', *period, environment=environment | {'LOG_FORMAT': 'text'}
    )
    assert code == 0, output
    assert output.count(f'until={last.isoformat()}') == len(SALONS)
    assert 'of=41' in output
    assert all(f'salon={salon.id}' in output for salon in SALONS)
    assert rows('select min(day), max(day), count(*) from dashboard.metrics_dailies') == [(first, last, 41 * 3)]


async def test_a_salon_without_settings_is_collected_by_moscow_time(rows: Rows) -> None:
    ((made,),) = rows("insert into public.tenants_v2 (name) values ('Без настроек') returning id")
    try:
        collection = await Data(SYSTEM).jobs.begin_collection(made, None, None)
        assert collection.parts == []
        yesterday = date.today() - timedelta(days=1)
        assert await Data(SYSTEM).jobs.collect_days(made, yesterday - timedelta(days=1), yesterday) >= 1
        assert rows('select distinct timezone from dashboard.metrics_dailies where tenant_id = %s', made) == [
            ('Europe/Moscow',)
        ]
    finally:
        rows('delete from dashboard.metrics_dailies where tenant_id = %s', made)
        rows('delete from dashboard.metrics_watermarks where tenant_id = %s', made)
        rows('delete from public.tenants_v2 where id = %s', made)


def test_the_terminal_says_the_names_of_salons_that_failed(capsys: pytest.CaptureFixture[str]) -> None:
    async def failing() -> int:
        raise SalonsFailed([(JobSalon(id=UUID(SALON_A.id), name='Облепиха'), ValueError('bad row'))])

    assert run_once('metrics', failing) == 1
    assert capsys.readouterr().out.endswith(f"{SALON_A.id} (ValueError('bad row'))\")\nmetrics: failed for Облепиха\n")


def test_days_are_split_without_a_gap() -> None:
    days = Days(first=date(2026, 1, 30), last=date(2026, 3, 2))
    parts = days.split(7)
    assert [part.number for part in parts] == [7, 7, 7, 7, 4]
    assert (parts[0].first, parts[-1].last) == (days.first, days.last)
    assert all(later.first - earlier.last == timedelta(days=1) for earlier, later in pairwise(parts))


def test_killed_at_any_point_the_figures_are_those_of_plain_sql(
    rows: Rows, environment: dict[str, str], wrong_figures: WrongFigures
) -> None:
    def begin_anew() -> None:
        assert wrong_figures() == []
        forget(rows)

    times = KILLS or 4
    killed = kill_again_and_again('metrics', '--once', environment=environment, times=times, seed=1, prepare=begin_anew)
    assert len(killed) == times
    assert wrong_figures() == []
    assert carry_out('metrics', '--once', environment=environment)[0] == 0
    assert wrong_figures() == []
    assert rows('select count(*) > 200 from dashboard.metrics_dailies') == [(True,)]


def test_killed_while_it_collects_late_dialogs_the_figures_are_those_of_plain_sql(
    rows: Rows, environment: dict[str, str], wrong_figures: WrongFigures
) -> None:
    late: list[UUID] = []

    def archive_late() -> None:
        assert wrong_figures() == []
        late.append(archived_late(rows, days_ago=40 + len(late) % 40))

    assert carry_out('metrics', '--once', environment=environment)[0] == 0
    try:
        kill_again_and_again(
            'metrics', '--once', environment=environment, times=KILLS // 2 or 2, seed=2, prepare=archive_late
        )
        assert wrong_figures() == []
        assert carry_out('metrics', '--once', environment=environment)[0] == 0
        assert wrong_figures() == []
    finally:
        rows('delete from public.conversation_sessions_v2 where session_id = any(%s)', late)
