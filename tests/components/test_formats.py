"""Numbers, money, days and phones as people in Russia and in England write them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from components.i18n import (
    dial_number,
    format_ago,
    format_change,
    format_day,
    format_day_time,
    format_duration,
    format_money,
    format_number,
    format_phone,
    format_share,
    format_time,
)
from tests.components.conftest import Speak

NOW = datetime(2026, 11, 23, 21, 30, tzinfo=UTC)


def plain(text: str) -> str:
    return text.replace('\u00a0', ' ')


def test_texts_are_russian_where_nobody_has_chosen_a_language() -> None:
    assert format_change(None, 1) == 'нет данных'


@pytest.mark.parametrize(
    ('amount', 'currency', 'russian', 'english'),
    [
        (Decimal('128400'), 'RUB', '128 400 ₽', '₽128,400'),
        (Decimal('1200.50'), 'RUB', '1 200,50 ₽', '₽1,200.50'),
        (Decimal('-5'), 'USD', '−5 $', '$−5'),
        (Decimal('7'), 'KZT', '7 ₸', '₸7'),
        (Decimal('7'), 'odd', '7 odd', 'odd 7'),
        (Decimal(10**30), 'RUB', '1' + ' 000' * 10 + ' ₽', '₽1' + ',000' * 10),
        (Decimal('NaN'), 'RUB', '— ₽', '₽—'),
        (None, 'RUB', '—', '—'),
    ],
)
def test_money_has_kopecks_only_when_there_are_some(
    speak: Speak, amount: Decimal | None, currency: str, russian: str, english: str
) -> None:
    speak('ru')
    assert plain(format_money(amount, currency)) == russian
    speak('en')
    assert plain(format_money(amount, currency)) == english


def test_numbers_and_shares_follow_the_language(speak: Speak) -> None:
    speak('ru')
    assert [plain(format_share(share)) for share in (0.314, 0.0831, 0.08, 0, None)] == [
        '31 %',
        '8,3 %',
        '8 %',
        '0 %',
        '—',
    ]
    assert plain(format_number(1234567)) == '1 234 567'
    speak('en')
    assert [format_share(0.0831), format_number(1234567)] == ['8.3%', '1,234,567']


def test_a_share_is_joined_to_its_sign_by_a_space_that_does_not_break(speak: Speak) -> None:
    speak('ru')
    assert format_share(0.5) == '50\u00a0%'


@pytest.mark.parametrize(
    ('now', 'before', 'text'),
    [
        (12, 10, '+20 %'),
        (10, 12, '−17 %'),
        (0, 4, '−100 %'),
        (5, 0, 'было 0'),
        (0, 0, 'без изменений'),
        (100000, 100001, 'без изменений'),
        (5, None, 'нет данных'),
        (None, 5, 'нет данных'),
    ],
)
def test_a_change_says_no_data_rather_than_zero(speak: Speak, now: float, before: float, text: str) -> None:
    speak('ru')
    assert plain(format_change(now, before)) == text


def test_a_change_of_a_share_is_in_points(speak: Speak) -> None:
    speak('ru')
    assert plain(format_change(0.31, 0.29, points=True)) == '+2,0 п. п.'


def test_times_are_those_of_the_salon() -> None:
    assert format_time(NOW, 'Asia/Vladivostok') == '07:30'
    assert format_time(NOW.replace(tzinfo=None), 'Europe/Moscow') == '00:30'
    assert format_time(NOW, 'no/such zone') == format_time(NOW, 'Europe/Moscow')


def test_today_is_the_salons_today(speak: Speak) -> None:
    speak('ru')
    texts = [format_day_time(NOW - timedelta(hours=hours), 'Europe/Moscow', now=NOW) for hours in (0, 2, 48, 24 * 400)]
    assert [plain(text) for text in texts] == [
        'сегодня, 00:30',
        'вчера, 22:30',
        '22 нояб., 00:30',
        '20 окт. 2025, 00:30',
    ]


def test_days_are_in_words(speak: Speak) -> None:
    day = date(2026, 11, 20)
    speak('ru')
    assert plain(format_day(day)) == '20 ноября 2026'
    speak('en')
    assert plain(format_day(day, short=True, weekday=True, year=False)) == 'Fri, 20 Nov'


@pytest.mark.parametrize(
    ('seconds', 'text'),
    [
        (0, '0 с'),
        (4, '4 с'),
        (4.2, '4,2 с'),
        (59.97, '1 мин'),
        (72, '1 мин 12 с'),
        (7512, '2 ч 5 мин'),
        (90000, '1 д 1 ч'),
        (3605, '1 ч'),
        (None, '—'),
    ],
)
def test_a_duration_shows_its_two_largest_units(speak: Speak, seconds: float | None, text: str) -> None:
    speak('ru')
    assert plain(format_duration(seconds)) == text


def test_how_long_ago_has_russian_plurals(speak: Speak) -> None:
    speak('ru')
    texts = [plain(format_ago(NOW - timedelta(days=days), now=NOW)) for days in (1, 2, 5, 21)]
    assert texts == ['1 день назад', '2 дня назад', '5 дней назад', '21 день назад']


@pytest.mark.parametrize('written', ['+7 999 123-45-67', '79991234567', '89991234567', '8 (999) 123 45 67'])
def test_a_phone_reads_the_same_however_it_was_written(written: str) -> None:
    assert plain(format_phone(written)) == '+7 999 123-45-67'
    assert dial_number(written) == '+79991234567'


@pytest.mark.parametrize('written', ['звоните вечером', '12', '9' * 300, '+7<script>'])
def test_what_is_no_phone_stays_as_written_and_is_never_dialled(written: str) -> None:
    assert format_phone(written) == written
    assert dial_number(written) is None
