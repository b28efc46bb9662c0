"""Alerts in words, for pages and for the salon's chat.

The one rule: a sentence says what is the matter in figures; where they come from is the page that its link opens.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from components.formats import format_number, format_share
from components.labels import label_of_raw
from components.times import format_day, format_day_time, format_duration
from components.translate import N_, _, ngettext
from models import Alert, AlertKind, AlertRule, DropOff


@dataclass(frozen=True)
class KindText:
    """What a rule waits for, and the unit of its threshold. Texts are translated later."""

    hint: str
    unit: str = ''


KINDS: dict[str, KindText] = {
    AlertKind.CLIENTS_WAITING: KindText(
        N_('A client wrote last and has had no answer for so many minutes'), N_('{number} min')),
    AlertKind.BOT_SILENT: KindText(
        N_('No message in any dialog for so many minutes of working hours'), N_('{number} min')),
    AlertKind.COMMANDS_STUCK: KindText(
        N_('Something has waited for the bot for so many minutes'), N_('{number} min')),
    AlertKind.CONVERSION_FELL: KindText(
        N_('The share of the last 7 days is lower than that of the 4 weeks before, by so many per cent of it'),
        N_('{number} %')),
    AlertKind.DROP_OFFS_ROSE: KindText(
        N_('The share of the last 7 days is higher than that of the 4 weeks before, by so many percentage points'),
        N_('{number} pp')),
    AlertKind.DATA_BROKEN: KindText(
        N_('So many rows of the last 24 hours leave gaps in the figures'), N_('{number} rows')),
    'digest': KindText(N_('At 9:00 the bot writes how yesterday was into the salon’s chat, and three things to do')),
}  # fmt: skip


def rule_name(kind: str | None) -> str:
    """What an alert or a rule is called; a word that nobody knows is shown as it is."""
    return _('Daily letter') if kind == 'digest' else label_of_raw(AlertKind, kind).text[:100] or _('Alert')


def rule_text(rule: AlertRule) -> str:
    """From when on a rule speaks: "15 min"."""
    if not rule.is_on:
        return _('off')
    return _('on') if rule.threshold is None else unit_text(rule.kind, rule.threshold)


def unit_text(kind: str, number: int) -> str:
    """A threshold with its unit."""
    return _(KINDS[kind].unit).format(number=format_number(number))


def sentence(alert: Alert, *, zone: str) -> str:
    """What is the matter, in figures; for an alert of an earlier application its own text."""
    try:
        return _sentences(alert, zone).get(alert.kind or '', alert.description or '')
    except (KeyError, TypeError, ValueError):
        return alert.description or ''


def _sentences(alert: Alert, zone: str) -> dict[str, str]:
    """The one sentence that fits the alert, by its kind."""
    details = alert.details
    number = format_number(details.get('number'))
    if alert.kind == AlertKind.CLIENTS_WAITING:
        text = ngettext(
            '{number} client waits for an answer.', '{number} clients wait for an answer.', details['number']
        )
        return {alert.kind: f'{text.format(number=number)} {_longest(alert, zone)}'.strip()}
    if alert.kind == AlertKind.COMMANDS_STUCK:
        text = ngettext('{number} thing waits for the bot.', '{number} things wait for the bot.', details['number'])
        return {alert.kind: f'{text.format(number=number)} {_longest(alert, zone)}'.strip()}
    if alert.kind == AlertKind.BOT_SILENT:
        written = format_day_time(alert.model_validate(alert.model_dump() | {'at': details['last_write']}).at, zone)
        return {alert.kind: _('The bot wrote last: {time}. That is unusual for working hours.').format(time=written)}
    if alert.kind == AlertKind.DATA_BROKEN:
        return {alert.kind: _broken(details)}
    return {str(alert.kind): _changed_share(alert)} if alert.kind in KINDS else {}


def _longest(alert: Alert, zone: str) -> str:
    first = min((row.since for row in alert.rows), default=None)
    return _('The first: {time}.').format(time=format_day_time(first, zone)) if first else ''


def _changed_share(alert: Alert) -> str:
    """How a share of dialogs changed: bookings, or those that left at a step."""
    details = alert.details
    is_fall = alert.kind == AlertKind.CONVERSION_FELL
    part, before = ('bookings', 'bookings_before') if is_fall else ('number', 'number_before')
    values = {
        'first': format_day(date.fromisoformat(details['first']), short=True, year=False),
        'last': format_day(date.fromisoformat(details['last']), short=True, year=False),
        'share': format_share(details[part] / details['dialogs']),
        'before': format_share(details[before] / details['dialogs_before']),
        'number': format_number(details[part]),
        'dialogs': format_number(details['dialogs']),
    }
    if is_fall:
        text = _('{first} to {last}: {share} of the dialogs brought a booking ({number} of {dialogs}), {before} in the'
                 ' same weekdays of the 4 weeks before.')  # fmt: skip
        return text.format(**values)
    text = _('{first} to {last}: {share} left at “{step}” ({number} of {dialogs}), {before} in the same weekdays of the'
             ' 4 weeks before.')  # fmt: skip
    return text.format(**values, step=label_of_raw(DropOff, details['step']).text)


def _broken(details: Mapping[str, Any]) -> str:
    parts = {
        'unlinked': _('messages without a dialog: {number}'),
        'no_status': _('dialogs without a known outcome: {number}'),
        'other_currency': _('amounts in another currency: {number}'),
    }
    found = [text.format(number=format_number(details[name])) for name, text in parts.items() if details.get(name)]
    return _('In 24 hours: {problems}.').format(problems=', '.join(found))


def address_of(alert: Alert) -> str:
    """The page that shows what an alert is about; empty when there is none."""
    details = alert.details
    period = f'from={details.get("first")}&to={details.get("last")}'
    return {
        AlertKind.CLIENTS_WAITING.value: '/sessions?status=active',
        AlertKind.BOT_SILENT.value: '/sessions',
        AlertKind.CONVERSION_FELL.value: f'/sessions?{period}&figure=not_booked',
        AlertKind.DROP_OFFS_ROSE.value: f'/sessions?{period}&drop_off={details.get("step")}',
        AlertKind.DATA_BROKEN.value: '/data-health',
    }.get(alert.kind or '', '')


def lasted_text(alert: Alert) -> str:
    """How long a closed alert was open."""
    return format_duration((alert.closed_at - alert.at).total_seconds()) if alert.closed_at else ''
