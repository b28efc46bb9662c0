"""Words and tones for every value that people see.

The one rule: each member of each enum has a word here in every language; a value nobody knows is shown as it is.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from components.i18n import N_, _
from models import (
    AlertKind,
    BroadcastStatus,
    Channel,
    ClientKind,
    ClientSort,
    CommandStatus,
    DropOff,
    Figure,
    Intent,
    IntervalSource,
    LiveState,
    PeriodName,
    RecipientStatus,
    Risk,
    Role,
    Sentiment,
    SettingState,
    StaffPhones,
    Status,
    TimeOfDay,
    UserState,
    WishAct,
    WishOrder,
    WishShown,
    WishStatus,
)


@dataclass(frozen=True)
class Label:
    """A word for a value, what it says (a tone of the stylesheet) and the icon that may stand beside it."""

    text: str
    tone: str = 'neutral'
    icon: str = ''


LABELS: dict[type[StrEnum], dict[StrEnum, tuple[str, str, str]]] = {
    Status: {
        Status.ACTIVE: (N_('going on'), 'accent', 'chat'),
        Status.DONE: (N_('finished'), 'good', 'check'),
        Status.ABANDONED: (N_('client left'), 'warn', 'sign-out'),
        Status.AUTO_CLOSED: (N_('closed by time'), 'neutral', 'clock'),
        Status.ESCALATED: (N_('handed to a person'), 'info', 'operator'),
    },
    Intent: {
        Intent.BOOKING: (N_('booking'), 'accent', 'calendar'),
        Intent.INFO: (N_('information'), 'neutral', 'info'),
        Intent.INQUIRY: (N_('question'), 'neutral', 'info'),
        Intent.RESCHEDULE: (N_('move a booking'), 'info', 'calendar'),
        Intent.CANCEL: (N_('cancel a booking'), 'warn', 'close'),
        Intent.NONE: (N_('not clear'), 'neutral', ''),
    },
    DropOff: {
        DropOff.SERVICE: (N_('choosing a service'), 'warn', ''),
        DropOff.STAFF: (N_('choosing a specialist'), 'warn', ''),
        DropOff.DATE: (N_('choosing a day'), 'warn', ''),
        DropOff.TIME: (N_('choosing a time'), 'warn', ''),
    },
    Sentiment: {
        Sentiment.POSITIVE: (N_('good mood'), 'good', 'smile'),
        Sentiment.NEUTRAL: (N_('even mood'), 'neutral', 'meh'),
        Sentiment.NEGATIVE: (N_('bad mood'), 'bad', 'frown'),
    },
    Channel: {
        Channel.TELEGRAM: ('Telegram', 'neutral', 'telegram'),
        Channel.WHATSAPP: ('WhatsApp', 'neutral', 'whatsapp'),
        Channel.UNKNOWN: (N_('another channel'), 'neutral', 'chat'),
    },
    Figure: {
        Figure.DIALOGS: (N_('Dialogs'), 'neutral', ''),
        Figure.BOOKINGS: (N_('Bookings'), 'neutral', ''),
        Figure.CANCELLED: (N_('Cancelled bookings'), 'neutral', ''),
        Figure.REVENUE: (N_('Revenue'), 'neutral', ''),
        Figure.OTHER_CURRENCY: (N_('In another currency'), 'neutral', ''),
        Figure.CLIENTS: (N_('Clients'), 'neutral', ''),
        Figure.NEW_CLIENTS: (N_('New clients'), 'neutral', ''),
        Figure.ANSWERED: (N_('Answered by the bot'), 'neutral', ''),
        Figure.NOT_BOOKED: (N_('Without a booking'), 'neutral', ''),
        Figure.WANTED: (N_('Wanted to book'), 'neutral', ''),
        Figure.SERVICE_CHOSEN: (N_('Chose a service'), 'neutral', ''),
        Figure.STAFF_CHOSEN: (N_('Chose a specialist'), 'neutral', ''),
        Figure.TIME_CHOSEN: (N_('Chose day and time'), 'neutral', ''),
    },
    Role: {
        Role.SUPER_ADMIN: (N_('Platform administrator'), 'accent', ''),
        Role.ADMIN: (N_('Salon owner'), 'accent', ''),
        Role.STAFF: (N_('Salon employee'), 'neutral', ''),
    },
    UserState: {
        UserState.ACTIVE: (N_('active'), 'good', ''),
        UserState.INVITED: (N_('invited'), 'info', ''),
        UserState.OFF: (N_('switched off'), 'neutral', ''),
    },
    AlertKind: {
        AlertKind.CLIENTS_WAITING: (N_('Clients wait for an answer'), 'bad', 'clock'),
        AlertKind.BOT_SILENT: (N_('The bot is silent'), 'bad', 'bot'),
        AlertKind.COMMANDS_STUCK: (N_('The bot does not take what is given to it'), 'bad', 'retry'),
        AlertKind.CONVERSION_FELL: (N_('Fewer dialogs end in a booking'), 'warn', 'chart'),
        AlertKind.DROP_OFFS_ROSE: (N_('More clients leave at one step'), 'warn', 'sign-out'),
        AlertKind.DATA_BROKEN: (N_('The bot writes incomplete data'), 'warn', 'warning'),
    },
    LiveState: {
        LiveState.LIVE: (N_('live'), 'good', 'live'),
        LiveState.POLLING: (N_('refreshes by itself'), 'warn', 'retry'),
        LiveState.OFFLINE: (N_('no connection'), 'bad', 'offline'),
    },
    CommandStatus: {
        CommandStatus.QUEUED: (N_('waiting for the bot'), 'neutral', 'clock'),
        CommandStatus.SENT: (N_('handed to the bot'), 'info', 'check'),
        CommandStatus.DELIVERED: (N_('delivered'), 'good', 'check'),
        CommandStatus.FAILED: (N_('not delivered'), 'bad', 'warning'),
        CommandStatus.DEAD: (N_('given up'), 'bad', 'warning'),
        CommandStatus.UNKNOWN: (N_('no answer from the bot'), 'warn', 'warning'),
    },
    BroadcastStatus: {
        BroadcastStatus.DRAFT: (N_('draft'), 'neutral', 'edit'),
        BroadcastStatus.SCHEDULED: (N_('planned'), 'info', 'clock'),
        BroadcastStatus.RUNNING: (N_('going out'), 'accent', 'chat'),
        BroadcastStatus.PAUSED: (N_('paused'), 'warn', 'clock'),
        BroadcastStatus.STOPPED: (N_('stopped'), 'neutral', 'close'),
        BroadcastStatus.DONE: (N_('sent'), 'good', 'check'),
    },
    RecipientStatus: {
        RecipientStatus.WAITING: (N_('waits for its turn'), 'neutral', 'clock'),
        RecipientStatus.SENDING: (N_('waiting for the bot'), 'info', 'clock'),
        RecipientStatus.SENT: (N_('handed to the bot'), 'info', 'check'),
        RecipientStatus.DELIVERED: (N_('delivered'), 'good', 'check'),
        RecipientStatus.FAILED: (N_('not delivered'), 'bad', 'warning'),
        RecipientStatus.UNKNOWN: (N_('no answer from the bot'), 'warn', 'warning'),
        RecipientStatus.SKIPPED: (N_('left out'), 'neutral', 'close'),
        RecipientStatus.HELD_OUT: (N_('for comparison'), 'neutral', ''),
    },
    SettingState: {
        SettingState.UNSET: (N_('as the bot has it'), 'neutral', ''),
        SettingState.TAKEN: (N_('the bot uses it'), 'good', 'check'),
        SettingState.ON_THE_WAY: (N_('on its way to the bot'), 'info', 'clock'),
        SettingState.FAILED: (N_('did not reach the bot'), 'bad', 'warning'),
        SettingState.DIFFERS: (N_('the bot uses something else'), 'warn', 'warning'),
    },
    StaffPhones: {
        StaffPhones.FULL: (N_('The whole number'), 'neutral', ''),
        StaffPhones.LAST4: (N_('The last four digits'), 'neutral', ''),
        StaffPhones.NONE: (N_('No numbers'), 'neutral', ''),
    },
    WishStatus: {
        WishStatus.WAITING: (N_('waiting'), 'accent', 'clock'),
        WishStatus.CONVERTED: (N_('booked in'), 'good', 'check'),
        WishStatus.CANCELLED: (N_('taken off'), 'neutral', 'close'),
        WishStatus.EXPIRED: (N_('expired'), 'warn', 'clock'),
    },
    WishShown: {
        WishShown.WAITING: (N_('Waiting'), 'accent', ''),
        WishShown.MISSED: (N_('Day has passed'), 'warn', ''),
        WishShown.CONVERTED: (N_('Booked'), 'good', ''),
        WishShown.CANCELLED: (N_('Taken off'), 'neutral', ''),
        WishShown.EXPIRED: (N_('Expired'), 'warn', ''),
        WishShown.ALL: (N_('All'), 'neutral', ''),
    },
    WishOrder: {
        WishOrder.ASKED: (N_('Oldest wish first'), 'neutral', ''),
        WishOrder.WISHED: (N_('By wished day'), 'neutral', ''),
    },
    WishAct: {
        WishAct.CONVERTED: (N_('The client is booked'), 'good', 'check'),
        WishAct.CANCELLED: (N_('Taken off the list'), 'neutral', 'close'),
        WishAct.REOPENED: (N_('Waits again'), 'accent', 'retry'),
        WishAct.OFFERED: (N_('A time was offered'), 'info', 'calendar'),
        WishAct.ACCEPTED: (N_('The client said yes'), 'good', 'check'),
        WishAct.DECLINED: (N_('The client said no'), 'warn', 'close'),
        WishAct.WROTE: (N_('Message to the client'), 'info', 'chat'),
        WishAct.NOTED: (N_('Note'), 'neutral', 'note'),
    },
    TimeOfDay: {
        TimeOfDay.MORNING: (N_('morning'), 'neutral', ''),
        TimeOfDay.DAY: (N_('midday'), 'neutral', ''),
        TimeOfDay.AFTERNOON: (N_('afternoon'), 'neutral', ''),
        TimeOfDay.EVENING: (N_('evening'), 'neutral', ''),
        TimeOfDay.ANY: (N_('any time'), 'neutral', ''),
    },
    ClientKind: {
        ClientKind.NEW: (N_('New in the last 30 days'), 'accent', ''),
        ClientKind.RETURNING: (N_('Came again in the last 30 days'), 'good', ''),
        ClientKind.BOOKED: (N_('Have booked'), 'good', ''),
        ClientKind.NEVER_BOOKED: (N_('Never booked'), 'neutral', ''),
        ClientKind.OVERDUE: (N_('Overdue'), 'warn', ''),
        ClientKind.OPTED_OUT: (N_('Want no messages'), 'neutral', ''),
    },
    ClientSort: {
        ClientSort.CONTACT: (N_('Last dialog first'), 'neutral', ''),
        ClientSort.NAME: (N_('By name'), 'neutral', ''),
        ClientSort.MONEY: (N_('Most money first'), 'neutral', ''),
        ClientSort.VISITS: (N_('Most visits first'), 'neutral', ''),
        ClientSort.AT_STAKE: (N_('Most at stake first'), 'neutral', ''),
    },
    Risk: {
        Risk.NONE: (N_('comes regularly'), 'good', ''),
        Risk.LOW: (N_('a little late'), 'info', ''),
        Risk.MEDIUM: (N_('late'), 'warn', ''),
        Risk.HIGH: (N_('long overdue'), 'bad', ''),
    },
    IntervalSource: {
        IntervalSource.OWN: (N_('by own visits'), 'neutral', ''),
        IntervalSource.MEMORY: (N_('as the bot remembers'), 'neutral', ''),
        IntervalSource.SALON: (N_('as usual in the salon'), 'neutral', ''),
    },
    PeriodName: {
        PeriodName.TODAY: (N_('Today'), 'neutral', ''),
        PeriodName.YESTERDAY: (N_('Yesterday'), 'neutral', ''),
        PeriodName.WEEK: (N_('7 days'), 'neutral', ''),
        PeriodName.MONTH: (N_('30 days'), 'neutral', ''),
        PeriodName.QUARTER: (N_('90 days'), 'neutral', ''),
        PeriodName.CUSTOM: (N_('Custom'), 'neutral', ''),
    },
}
OTHER_SPELLINGS = {'dropped': Status.ABANDONED, 'canceled': Intent.CANCEL}
WEEKDAYS = (N_('Mon'), N_('Tue'), N_('Wed'), N_('Thu'), N_('Fri'), N_('Sat'), N_('Sun'))


def label_of(value: StrEnum) -> Label:
    """The words for a member of an enum, in the reader's language."""
    text, tone, icon = LABELS[type(value)][value]
    return Label(_(text), tone, icon)


def person_text(name: str | None, nobody: str = '') -> str:
    """Who did something, as the database names the person; `nobody` when it knows of none."""
    return (_('the platform') if name == '@platform' else name or nobody)[:120]


def label_of_raw(kind: type[StrEnum], raw: str | None) -> Label:
    """The words for what the bot wrote; a value that `kind` does not have is shown as it is."""
    if not raw:
        return Label('')
    value = OTHER_SPELLINGS.get(raw, raw)
    return label_of(kind(value)) if value in list(kind) else Label(raw)


def weekday_name(weekday: int) -> str:
    """The short name of a weekday, 1 = Monday."""
    return _(WEEKDAYS[weekday - 1])
