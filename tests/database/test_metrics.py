"""Each figure of the overview equals plain SQL written from DATA.md, on data that holds every odd value."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import psycopg
import pytest

from tests.database.conftest import Ask, Compare, MakeSalon
from tests.database.odd_salon import OddSalon

ZONES = ('Europe/Moscow', 'Asia/Vladivostok', 'America/St_Johns')


@pytest.mark.parametrize('zone', ZONES)
@pytest.mark.parametrize('seed', [1, 2, 3])
def test_figures_equal_plain_sql(make_salon: MakeSalon, compare: Compare, zone: str, seed: int) -> None:
    salon = make_salon(zone=zone, seed=seed)
    salon.fill()
    assert compare(salon) == 0


@pytest.mark.parametrize('zone', ZONES)
def test_every_combination_of_values_counts_as_by_plain_sql(make_salon: MakeSalon, compare: Compare, zone: str) -> None:
    salon = make_salon(zone=zone)
    first = salon.today - timedelta(days=40)
    salon.every_combination(first, days=10)
    compare(salon, (first, first + timedelta(days=9)), (first + timedelta(days=5), salon.today))


def test_a_salon_in_tenge_adds_up_tenge(make_salon: MakeSalon, compare: Compare, ask: Ask) -> None:
    salon = make_salon(currency='KZT')
    salon.fill(dialogs=150)
    salon.every_combination(salon.today - timedelta(days=20), days=10)
    compare(salon)
    figures = ask(salon, 'overview', first_day=salon.today - timedelta(days=89), last_day=salon.today)['figures']
    assert {row['currency'] for row in figures['other_currencies']} == {'RUB', 'EUR'}


def test_the_sessions_own_time_zone_changes_nothing(make_salon: MakeSalon, compare: Compare) -> None:
    salon = make_salon(zone='Asia/Vladivostok')
    salon.fill(dialogs=120)
    salon.db.execute("set local timezone = 'America/Santiago'")
    salon.collect()
    assert compare(salon) > 0


def test_two_salons_do_not_mix(make_salon: MakeSalon, compare: Compare) -> None:
    one, other = make_salon(seed=7), make_salon(seed=8, zone='Asia/Vladivostok')
    for salon in (one, other):
        salon.fill(dialogs=120)
        salon.collect()
    assert compare(one) > 0
    assert compare(other) > 0


def test_a_salon_without_a_dialog_has_no_data_and_not_zero(salon: OddSalon, compare: Compare, ask: Ask) -> None:
    compare(salon)
    figures = ask(salon, 'overview', first_day=salon.today, last_day=salon.today)['figures']
    nothing = [name for name, value in figures.items() if value is None]
    assert sorted(nothing) == ['average_booking', 'conversion', 'response_mean', 'response_median', 'response_p95']
    assert figures['dialogs'] == figures['revenue'] == 0


def test_a_salon_without_settings_is_in_moscow_and_counts_roubles(salon: OddSalon, compare: Compare) -> None:
    salon.db.execute('delete from dashboard.tenant_settings where tenant_id = %s', (salon.id,))
    salon.fill(dialogs=100)
    compare(salon, zone='Europe/Moscow', currency='RUB')


def test_a_dialog_belongs_to_the_day_on_which_it_begins(make_salon: MakeSalon, ask: Ask) -> None:
    salon = make_salon(zone='America/St_Johns')
    client, day = salon.client(), salon.today - timedelta(days=5)
    for microseconds in (-1, 0):
        salon.archive(client, salon.midnight(day) + timedelta(microseconds=microseconds))
    days = ask(salon, 'overview', first_day=day - timedelta(days=1), last_day=day)['days']
    assert [row['dialogs'] for row in days] == [1, 1]


@pytest.mark.parametrize(('zone', 'day'), [
    ('America/Havana', date(2025, 11, 2)),  # midnight comes twice
    ('Africa/Cairo', date(2025, 4, 25)),  # midnight never comes
    ('America/St_Johns', date(2025, 3, 9)),
])  # fmt: skip
def test_no_dialog_is_lost_where_clocks_change(make_salon: MakeSalon, compare: Compare, zone: str, day: date) -> None:
    salon = make_salon(zone=zone)
    client, noon = salon.client(), datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    for minutes in range(-2160, 2160, 20):
        salon.archive(client, noon + timedelta(minutes=minutes))
    days = [(day + timedelta(days=n), day + timedelta(days=n)) for n in (-1, 0, 1)]
    compare(salon, (day - timedelta(days=2), day + timedelta(days=2)), *days)
    salon.collect(day - timedelta(days=3), day + timedelta(days=3))
    assert compare(salon, (day - timedelta(days=2), day + timedelta(days=2)), *days) > 0


def test_a_reply_after_a_month_is_counted_and_stored(salon: OddSalon, compare: Compare, ask: Ask) -> None:
    client = salon.client()
    session = salon.archive(client, salon.ago(days=40))
    salon.say(client, session, 'user', salon.ago(days=40))
    salon.say(client, session, 'assistant', salon.ago(days=3))
    salon.collect()
    assert compare(salon) > 0
    first = salon.today - timedelta(days=60)
    assert ask(salon, 'overview', first_day=first, last_day=salon.today)['figures']['response_mean'] == 37 * 86400


def test_operators_and_the_system_neither_begin_nor_end_a_run(salon: OddSalon, compare: Compare, ask: Ask) -> None:
    client, started = salon.client(), salon.ago(days=2)
    session = salon.archive(client, started)
    for seconds, role in enumerate(
        ('system', 'user', 'operator', 'user', 'system', 'assistant', 'assistant', 'operator')
    ):
        salon.say(client, session, role, started + timedelta(seconds=seconds))
    compare(salon)
    figures = ask(salon, 'overview', first_day=salon.today - timedelta(days=3), last_day=salon.today)['figures']
    assert [figures[name] for name in ('answered', 'response_mean', 'response_median')] == [1, 4, 4]


def test_each_table_adds_up_to_the_total(salon: OddSalon, ask: Ask) -> None:
    salon.fill()
    salon.every_combination(salon.today - timedelta(days=60), days=30)
    overview = ask(salon, 'overview', first_day=salon.today - timedelta(days=89), last_day=salon.today)
    figures, total = overview['figures'], {'dialogs': 'dialogs', 'bookings': 'bookings', 'revenue': 'revenue'}
    sums = {table: {name: sum((row.get(name, 0) for row in overview[table]), Decimal(0)) for name in total}
            for table in ('days', 'hours', 'staff', 'services')}  # fmt: skip
    assert sums['days'] == {name: figures[name] for name in total}
    assert (sums['hours']['dialogs'], sums['hours']['bookings']) == (figures['dialogs'], figures['bookings'])
    assert (sums['staff']['bookings'], sums['staff']['revenue']) == (figures['bookings'], figures['revenue'])
    assert abs(sums['services']['revenue'] - figures['revenue']) < Decimal('1e-9')


@pytest.mark.parametrize(('first', 'days'), [(0, 0), (0, -3), (800, 732)])
def test_a_period_of_no_days_or_too_many_is_refused(salon: OddSalon, ask: Ask, first: int, days: int) -> None:
    day = salon.today - timedelta(days=first)
    with pytest.raises(psycopg.Error) as refused:
        ask(salon, 'overview', first_day=day, last_day=day + timedelta(days=days - 1))
    assert refused.value.sqlstate == 'PT400'


def test_a_period_of_two_years_equals_plain_sql(salon: OddSalon, compare: Compare) -> None:
    salon.fill(dialogs=100)
    compare(salon, (salon.today - timedelta(days=730), salon.today))


def test_a_service_named_in_an_unreasonable_way_can_be_stored(salon: OddSalon, compare: Compare) -> None:
    client = salon.client()
    for n, name in enumerate(('Ламинирование ' * 2000, 'два  пробела\u00a0и\tдругие', '№' * 5000)):
        meta = {'services_mentioned': [name], 'staff_name': name}
        salon.archive(client, salon.ago(days=2), booking_id=str(n), meta=meta)
    assert salon.collect(salon.today - timedelta(days=5)) == 5
