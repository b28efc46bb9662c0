"""Filters and periods: what is written into an address is what is read from it, and nothing else gets in."""

import random
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import pytest
from pydantic import TypeAdapter, ValidationError

from models import (
    FIRST_MOMENT,
    LAST_MOMENT,
    MAX_PERIOD_DAYS,
    PERIOD_DAYS,
    Channel,
    DialogQuery,
    DropOff,
    Figure,
    Intent,
    Moment,
    Period,
    PeriodName,
    Role,
    Sentiment,
    Status,
)

TODAY = date(2026, 11, 23)
LETTERS = 'aя&=?#%+ /\\"\'<>;№1٣👩\u202e'


def read(address: str) -> tuple[DialogQuery, list[str]]:
    """What the dialogs page reads from an address."""
    return DialogQuery.from_params(dict(parse_qsl(urlsplit(address).query, keep_blank_values=True)), TODAY)


def some_text(chance: random.Random) -> str:
    text = ''.join(chance.choices(LETTERS, k=chance.randint(1, 200)))
    return ' '.join(text.split())[:200].strip() or 'x'


def some_period(chance: random.Random) -> Period:
    name = chance.choice([*PERIOD_DAYS, PeriodName.CUSTOM])
    if name is not PeriodName.CUSTOM:
        return Period.named(name, TODAY)
    first = date(2000, 1, 1) + timedelta(days=chance.randrange(30_000))
    return Period(name, first, first + timedelta(days=chance.randrange(MAX_PERIOD_DAYS)))


def some_query(chance: random.Random) -> DialogQuery:
    """Any query at all; each part is left out half of the time."""
    parts: dict[str, Any] = {
        'period': some_period(chance), 'search': some_text(chance), 'status': chance.choice(list(Status)),
        'intent': chance.choice(list(Intent)), 'channel': chance.choice(list(Channel)),
        'figure': chance.choice(list(Figure)), 'drop_off': chance.choice(list(DropOff)),
        'sentiment': chance.choice(list(Sentiment)), 'service': chance.choice(['', '#12', some_text(chance)]),
        'staff': chance.choice(['', '#7', some_text(chance)]), 'hour': chance.randrange(24),
        'weekday': chance.randint(1, 7), 'client': UUID(int=chance.getrandbits(128)),
    }  # fmt: skip
    return DialogQuery(**{name: value for name, value in parts.items() if chance.random() < 0.5})


@pytest.mark.parametrize('seed', range(300))
def test_every_query_survives_its_address(seed: int) -> None:
    query = some_query(random.Random(seed))
    assert read(query.address()) == (query, [])
    assert read(query.address('/sessions/x')) == (query, [])


def test_an_empty_query_has_a_short_address() -> None:
    assert DialogQuery().address() == '/sessions'
    assert read('/sessions') == (DialogQuery(), [])
    assert not DialogQuery().is_filtered
    assert not DialogQuery(period=Period.named(PeriodName.WEEK, TODAY)).is_filtered
    assert DialogQuery(service='').is_filtered


@pytest.mark.parametrize(
    ('name', 'values'),
    {
        'status': ['', 'Done', 'done ', 'dropped', "done' or true", '\x00'],
        'intent': ['canceled', 'null'],
        'channel': ['sms', 'Telegram'],
        'figure': ['', 'revenue;drop', '__class__'],
        'drop_off': ['service'],
        'sentiment': ['happy'],
        'search': ['', '   ', '\x00', 'x' * 201],
        'service': ['x' * 201, ' '],
        'staff': ['\t', 'x' * 500],
        'hour': ['-1', '24', '1.5', 'noon', '', '1e1', '9' * 5000],
        'weekday': ['0', '8', '-1', 'monday', ''],
        'client': ['', '1', 'a0000000-0000-4000-8000-00000000000', "'", '{}'],
        'period': ['', 'week', 'custom', '7D', '365d'],
        'from': ['', 'yesterday', '2026-11-01', '2026-02-30'],
    }.items(),
)
def test_what_is_no_value_of_a_parameter_is_named_and_left_out(name: str, values: list[str]) -> None:
    for value in values:
        query, unknown = DialogQuery.from_params({name: value, 'status' if name != 'status' else 'intent': 'x'}, TODAY)
        assert set(unknown) == {'period' if name == 'from' else name, 'status' if name != 'status' else 'intent'}, value
        assert query.replace(period=None) == DialogQuery()


def test_parameters_that_nobody_knows_are_ignored() -> None:
    assert read('/sessions?utm_source=x&__init__=1&replace=2&params=3') == (DialogQuery(), [])


def test_a_search_is_one_line_without_what_no_database_keeps() -> None:
    assert read('/sessions?search=%20%D0%B0%0A%09%00b%20')[0].search == 'а b'


# --- periods


@pytest.mark.parametrize(
    ('name', 'first', 'last', 'days'),
    [
        (PeriodName.TODAY, TODAY, TODAY, 1),
        (PeriodName.YESTERDAY, date(2026, 11, 22), date(2026, 11, 22), 1),
        (PeriodName.WEEK, date(2026, 11, 17), TODAY, 7),
        (PeriodName.MONTH, date(2026, 10, 25), TODAY, 30),
        (PeriodName.QUARTER, date(2026, 8, 26), TODAY, 90),
        (PeriodName.CUSTOM, date(2026, 11, 17), TODAY, 7),
    ],
)
def test_a_named_period_has_whole_days_that_end_now(name: PeriodName, first: date, last: date, days: int) -> None:
    period = Period.named(name, TODAY)
    assert (period.first, period.last, period.days) == (first, last, days)


@pytest.mark.parametrize(
    ('first', 'last', 'is_taken'),
    [
        ('2026-11-01', '2026-11-01', True),
        ('2024-11-23', '2026-11-23', True),
        ('2024-11-22', '2026-11-23', False),
        ('2026-11-02', '2026-11-01', False),
        ('1999-12-31', '2000-01-01', False),
        ('2101-01-01', '2101-01-02', False),
        ('20261101', '2026-W45-1', True),
        ('2026-11-01T00:00', '2026-11-02', False),
        ('0000-00-00', '9999-99-99', False),
        ('२०२६-११-०१', '2026-11-02', False),
        ('2026-11-01', '', False),
    ],
)
def test_only_a_sensible_period_of_ones_own_is_taken(first: str, last: str, is_taken: bool) -> None:
    period, is_understood = Period.from_params({'from': first, 'to': last}, TODAY, default=PeriodName.WEEK)
    assert is_understood is is_taken
    assert (period.name is PeriodName.CUSTOM) is is_taken
    assert 1 <= period.days <= MAX_PERIOD_DAYS


def test_a_period_of_ones_own_wins_over_a_named_one() -> None:
    params = {'period': 'today', 'from': '2026-01-01', 'to': '2026-01-02'}
    assert Period.from_params(params, TODAY, default=PeriodName.WEEK)[0].days == 2


# --- the rest


def test_each_role_may_do_what_those_below_it_may() -> None:
    order = [Role.STAFF, Role.ADMIN, Role.SUPER_ADMIN]
    for place, role in enumerate(order):
        assert [role.covers(needed) for needed in order] == [index <= place for index in range(3)]


@pytest.mark.parametrize(
    ('text', 'moment'),
    [
        ('2026-11-23T10:00:00+03:00', datetime(2026, 11, 23, 7, tzinfo=UTC)),
        ('infinity', LAST_MOMENT),
        ('-infinity', FIRST_MOMENT),
        ('20000-01-01T00:00:00+00:00', LAST_MOMENT),
        ('9999-12-31T23:59:59+00:00', LAST_MOMENT),
        ('0001-01-01T00:00:00+00:00', FIRST_MOMENT),
        ('0044-03-15T00:00:00+00:00 BC', FIRST_MOMENT),
    ],
)
def test_every_moment_of_the_database_can_be_read(text: str, moment: datetime) -> None:
    assert TypeAdapter(Moment).validate_python(text) == moment


@pytest.mark.parametrize('text', ['', 'soon', 'infinity and beyond', '2026-02-30T00:00:00+00:00'])
def test_what_is_no_moment_is_not_taken_for_one(text: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(Moment).validate_python(text)
