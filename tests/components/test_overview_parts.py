"""What the overview's parts make of their values."""

from datetime import date
from typing import Any

import pytest

from components.funnel_chart import step_row
from components.kpi_card import change_tone
from components.period_picker import period_title, read_period
from models import DialogQuery, Figure, FunnelStep, Period, PeriodName
from tests.components.conftest import Speak

TODAY = date(2026, 11, 23)


def test_the_usual_periods_end_on_the_salons_today() -> None:
    assert read_period({'name': '7d'}, TODAY) == (Period(PeriodName.WEEK, date(2026, 11, 17), TODAY), '')
    assert read_period({'name': 'yesterday'}, TODAY)[0] == Period(
        PeriodName.YESTERDAY, date(2026, 11, 22), date(2026, 11, 22)
    )


@pytest.mark.parametrize(
    ('picked', 'problem'),
    [
        ({'name': 'custom', 'first': '2026-11-10', 'last': '2026-11-02'}, 'The first day is after the last one.'),
        ({'name': 'custom', 'first': '2026-11-24', 'last': '2026-11-25'}, 'This period is still to come.'),
        ({'name': 'custom', 'first': '2020-01-01', 'last': '2026-11-02'}, 'Choose two years at most.'),
        ({'name': 'custom', 'first': '', 'last': '2026-11-02'}, 'Enter both dates.'),
        ({'name': 'custom', 'first': '31.12.2025', 'last': None}, 'Enter both dates.'),
        ({'name': 'eternity'}, 'Choose a period.'),
        (None, 'Choose a period.'),
        ('7d', 'Choose a period.'),
    ],
)
def test_a_period_that_makes_no_sense_is_refused_in_words(speak: Speak, picked: Any, problem: str) -> None:
    speak('en')
    assert read_period(picked, TODAY) == (None, problem)


def test_a_day_of_ones_own_is_a_period() -> None:
    period, problem = read_period({'name': 'custom', 'first': '2026-11-02', 'last': '2026-11-02'}, TODAY)
    assert period == Period(PeriodName.CUSTOM, date(2026, 11, 2), date(2026, 11, 2))
    assert problem == ''


def test_a_period_is_called_by_its_days(speak: Speak) -> None:
    speak('en')
    title = period_title(Period(PeriodName.CUSTOM, date(2025, 12, 30), date(2026, 1, 2)))
    assert title.replace('\u00a0', ' ') == '30 Dec 2025 – 2 Jan 2026'


def test_faster_answers_are_good_news() -> None:
    assert change_tone(4, 5, lower_is_better=True) == 'good'
    assert change_tone(4, 5) == 'bad'
    assert [change_tone(5, 5), change_tone(None, 5), change_tone(5, None)] == ['neutral'] * 3


def test_a_step_opens_the_dialogs_that_reached_it() -> None:
    step = FunnelStep(figure=Figure.WANTED, dialogs=3, of_first=0.5, of_previous=None)
    query = DialogQuery(period=Period.named(PeriodName.WEEK, TODAY))
    row = step_row(step, query=query, is_first=False)
    assert row['href'] == '/sessions?period=7d&figure=wanted'
    assert row['width'] == 50
    assert row['shares'] == '50\u00a0% от всех'
