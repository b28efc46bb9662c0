"""Rows, enums and filters that every other module speaks in.

Its one rule: nothing here sends a query or draws a page; a value is read once, checked once and then frozen.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, ClassVar, NamedTuple, Self
from urllib.parse import urlencode
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, ConfigDict

MAX_PERIOD_DAYS = 731
"""The longest custom period, in days: two years, one of them a leap year."""


class Role(StrEnum):
    """What a user of the dashboard may do; each role may do all that the ones below it may."""

    SUPER_ADMIN = 'super_admin'
    ADMIN = 'admin'
    STAFF = 'staff'

    def covers(self, needed: Role) -> bool:
        """Whether this role may do what `needed` may."""
        order = [Role.STAFF, Role.ADMIN, Role.SUPER_ADMIN]
        return order.index(self) >= order.index(needed)


class LiveState(StrEnum):
    """How fresh an open page is kept: pushed, asked for every few seconds, or not at all."""

    LIVE = 'live'
    POLLING = 'polling'
    OFFLINE = 'offline'


class BotState(StrEnum):
    """Whether the bot answers; `unknown` until it was asked, and when no address to ask is set."""

    UP = 'up'
    DOWN = 'down'
    UNKNOWN = 'unknown'


class CommandStatus(StrEnum):
    """What became of a command: not taken yet, taken by the bot, carried out, refused by it, given up after a day, or
    sent without a word from the bot (a broadcast's message, which is not tried again by itself)."""

    QUEUED = 'queued'
    SENT = 'sent'
    DELIVERED = 'delivered'
    FAILED = 'failed'
    DEAD = 'dead'
    UNKNOWN = 'unknown'

    @property
    def can_be_repeated(self) -> bool:
        """Whether somebody may try it again."""
        return self in {CommandStatus.FAILED, CommandStatus.DEAD}


class BroadcastStatus(StrEnum):
    """Where a broadcast is."""

    DRAFT = 'draft'
    SCHEDULED = 'scheduled'
    RUNNING = 'running'
    PAUSED = 'paused'
    STOPPED = 'stopped'
    DONE = 'done'


class RecipientStatus(StrEnum):
    """How somebody stands whom a broadcast is meant for: `unknown` was sent, and the bot never said what came of it."""

    WAITING = 'waiting'
    SENDING = 'sending'
    SENT = 'sent'
    DELIVERED = 'delivered'
    FAILED = 'failed'
    UNKNOWN = 'unknown'
    SKIPPED = 'skipped'
    HELD_OUT = 'held_out'


class SettingState(StrEnum):
    """Whether the bot uses what is wanted: `unset` wants nothing, `differs` is taken and yet something else is used."""

    UNSET = 'unset'
    TAKEN = 'taken'
    ON_THE_WAY = 'on_the_way'
    FAILED = 'failed'
    DIFFERS = 'differs'


class StaffPhones(StrEnum):
    """How much of clients' phone numbers a salon's employees see."""

    FULL = 'full'
    LAST4 = 'last4'
    NONE = 'none'


class UserState(StrEnum):
    """Whether a user may come in: yes, not yet (never came in and has no password), or not any more."""

    ACTIVE = 'active'
    INVITED = 'invited'
    OFF = 'off'


class WishStatus(StrEnum):
    """How a waiting-list entry stands: what people decided, else what the bot's row says."""

    WAITING = 'waiting'
    CONVERTED = 'converted'
    CANCELLED = 'cancelled'
    EXPIRED = 'expired'


class WishShown(StrEnum):
    """Which entries the waiting list shows; `missed` are those waiting whose wished day has passed."""

    WAITING = 'waiting'
    MISSED = 'missed'
    CONVERTED = 'converted'
    CANCELLED = 'cancelled'
    EXPIRED = 'expired'
    ALL = 'all'


class WishOrder(StrEnum):
    """What those who wait are sorted by: how long they have waited, or the day they wish for."""

    ASKED = 'asked'
    WISHED = 'wished'


class WishAct(StrEnum):
    """What people do with an entry; `accepted` and `declined` is what the client answered to an offer."""

    CONVERTED = 'converted'
    CANCELLED = 'cancelled'
    REOPENED = 'reopened'
    OFFERED = 'offered'
    ACCEPTED = 'accepted'
    DECLINED = 'declined'
    WROTE = 'wrote'
    NOTED = 'noted'


class TimeOfDay(StrEnum):
    """When on the day the client wants to come; `any` is no preference."""

    MORNING = 'morning'
    DAY = 'day'
    AFTERNOON = 'afternoon'
    EVENING = 'evening'
    ANY = 'any'


class ClientKind(StrEnum):
    """Which clients a list shows; `new` and `returning` are those of the last 30 days."""

    NEW = 'new'
    RETURNING = 'returning'
    BOOKED = 'booked'
    NEVER_BOOKED = 'never_booked'
    OVERDUE = 'overdue'
    OPTED_OUT = 'opted_out'


class ClientSort(StrEnum):
    """What clients are sorted by: the last dialog, the name, money, visits, or what a year of their visits is worth."""

    CONTACT = 'contact'
    NAME = 'name'
    MONEY = 'money'
    VISITS = 'visits'
    AT_STAKE = 'at_stake'


class Risk(StrEnum):
    """How long a client has been overdue, by the own rhythm."""

    NONE = 'none'
    LOW = 'low'
    MEDIUM = 'medium'
    HIGH = 'high'


class IntervalSource(StrEnum):
    """Where a visit interval comes from: the client's visits, the bot's memory, or the salon's other clients."""

    OWN = 'own'
    MEMORY = 'memory'
    SALON = 'salon'


class Status(StrEnum):
    """How a dialog stands; `dropped` is the older word for `abandoned` and is read as it."""

    ACTIVE = 'active'
    DONE = 'done'
    ABANDONED = 'abandoned'
    AUTO_CLOSED = 'auto_closed'
    ESCALATED = 'escalated'


class Intent(StrEnum):
    """What the client wanted; `canceled` is another spelling of `cancel`, `none` stands for an empty value."""

    BOOKING = 'booking'
    INFO = 'info'
    INQUIRY = 'inquiry'
    RESCHEDULE = 'reschedule'
    CANCEL = 'cancel'
    NONE = 'none'


class DropOff(StrEnum):
    """The step at which the client left the booking."""

    SERVICE = 'service_selection'
    STAFF = 'staff_selection'
    DATE = 'date_selection'
    TIME = 'time_selection'


class Sentiment(StrEnum):
    """The mood that the bot read out of a dialog."""

    POSITIVE = 'positive'
    NEUTRAL = 'neutral'
    NEGATIVE = 'negative'


class Channel(StrEnum):
    """Where the client writes; what is neither of the two is `unknown`."""

    TELEGRAM = 'telegram'
    WHATSAPP = 'whatsapp'
    UNKNOWN = 'unknown'


class Figure(StrEnum):
    """A number of the overview, as a filter that shows exactly the dialogs behind it."""

    DIALOGS = 'dialogs'
    BOOKINGS = 'bookings'
    CANCELLED = 'cancelled'
    REVENUE = 'revenue'
    OTHER_CURRENCY = 'other_currency'
    CLIENTS = 'clients'
    NEW_CLIENTS = 'new_clients'
    ANSWERED = 'answered'
    NOT_BOOKED = 'not_booked'
    WANTED = 'wanted'
    SERVICE_CHOSEN = 'service_chosen'
    STAFF_CHOSEN = 'staff_chosen'
    TIME_CHOSEN = 'time_chosen'


class PeriodName(StrEnum):
    """The periods that people pick; all but `custom` end today (or yesterday)."""

    TODAY = 'today'
    YESTERDAY = 'yesterday'
    WEEK = '7d'
    MONTH = '30d'
    QUARTER = '90d'
    CUSTOM = 'custom'


PERIOD_DAYS = {PeriodName.TODAY: 1, PeriodName.YESTERDAY: 1, PeriodName.WEEK: 7, PeriodName.MONTH: 30,
               PeriodName.QUARTER: 90}  # fmt: skip


@dataclass(frozen=True)
class Period:
    """Whole days of the salon's own calendar, both ends included."""

    name: PeriodName
    first: date
    last: date

    @classmethod
    def named(cls, name: PeriodName, today: date) -> Self:
        """The period called `name` on the salon's day `today`; `custom` gives the last seven days."""
        last = today - timedelta(days=1) if name is PeriodName.YESTERDAY else today
        return cls(name, last - timedelta(days=PERIOD_DAYS.get(name, 7) - 1), last)

    @property
    def days(self) -> int:
        """How many days the period has."""
        return (self.last - self.first).days + 1

    def params(self) -> dict[str, str]:
        """The period as parameters of an address."""
        if self.name is not PeriodName.CUSTOM:
            return {'period': self.name.value}
        return {'from': self.first.isoformat(), 'to': self.last.isoformat()}

    @classmethod
    def from_params(cls, params: Mapping[str, str], today: date, *, default: PeriodName) -> tuple[Self, bool]:
        """The period an address asks for, and whether it was understood; if not, the default one."""
        fallback = cls.named(default, today)
        if 'from' in params or 'to' in params:
            custom = cls._custom(params.get('from', ''), params.get('to', ''))
            return (custom, True) if custom else (fallback, False)
        wanted = params.get('period')
        if wanted is None:
            return fallback, True
        known = [name for name in PeriodName if name is not PeriodName.CUSTOM and name == wanted]
        return (cls.named(known[0], today), True) if known else (fallback, False)

    @classmethod
    def _custom(cls, first: str, last: str) -> Self | None:
        try:
            period = cls(PeriodName.CUSTOM, date.fromisoformat(first), date.fromisoformat(last))
        except ValueError:
            return None
        return period if 2000 <= period.first.year <= 2100 and 1 <= period.days <= MAX_PERIOD_DAYS else None


def _short_text(value: str) -> str:
    text = ' '.join(value.replace('\x00', '').split())
    if not text or len(text) > 200:
        raise ValueError(value)
    return text


def _key(value: str) -> str:
    return value and _short_text(value)


def _whole_number(value: str, lowest: int, highest: int) -> int:
    number = int(value)
    if not lowest <= number <= highest:
        raise ValueError(value)
    return number


def _word_of_acts(value: str) -> str:
    if not re.fullmatch(r'[a-z_]{1,60}', value):
        raise ValueError(value)
    return value


def _asked(read: Callable[[str], Any], default: Any = None) -> Any:
    """A parameter of an address; `read` raises ValueError for a text that it does not understand."""
    return field(default=default, metadata={'read': read})


@dataclass(frozen=True)
class Query:
    """What a page with a list shows: one frozen value, readable from and writable to the page's address."""

    PATH: ClassVar[str]
    """The page's address."""
    ORDERING: ClassVar[Sequence[str]] = ('period',)
    """The parameters that narrow nothing down by themselves."""

    search: str | None = _asked(_short_text)

    def replace(self, **changes: Any) -> Self:
        """The same query with other values."""
        return replace(self, **changes)

    def _set(self) -> dict[str, Any]:
        """What is not as usual, by name."""
        values = {item.name: (getattr(self, item.name), item.default) for item in fields(self)}
        return {name: value for name, (value, usual) in values.items() if value != usual}

    @property
    def is_filtered(self) -> bool:
        """Whether anything narrows the list, the period apart."""
        return bool(self._set().keys() - set(self.ORDERING))

    def filters(self) -> dict[str, Any]:
        """What narrows the list, with None for what does not."""
        return {item.name: getattr(self, item.name) for item in fields(self) if item.name not in self.ORDERING}

    def params(self) -> dict[str, str]:
        """The query as parameters of an address, without what is as usual."""
        chosen = self._set()
        period: Period | None = chosen.pop('period', None)
        return (period.params() if period else {}) | {name: str(value) for name, value in chosen.items()}

    def address(self, path: str | None = None) -> str:
        """The page's address with this query, or that of a page below it."""
        params = self.params()
        return f'{path or self.PATH}?{urlencode(params)}' if params else path or self.PATH

    @classmethod
    def from_params(cls, params: Mapping[str, str], today: date) -> tuple[Self, list[str]]:
        """The query an address asks for, and the names of the parameters that were not understood."""
        values: dict[str, Any] = {}
        unknown: list[str] = []
        for item in fields(cls):
            if item.name == 'period' and {'period', 'from', 'to'} & params.keys():
                values['period'], is_understood = Period.from_params(params, today, default=PeriodName.MONTH)
                unknown += [] if is_understood else ['period']
            elif 'read' in item.metadata and item.name in params:
                try:
                    values[item.name] = item.metadata['read'](params[item.name])
                except ValueError:
                    unknown.append(item.name)
        return cls(**values), unknown


@dataclass(frozen=True)
class DialogQuery(Query):
    """Which dialogs are shown.

    `service` and `staff` are keys as the overview's tables give them; the empty text means "not specified".
    `hour` and `weekday` (1 = Monday) are the salon's own. Without a period all dialogs are meant.
    """

    PATH: ClassVar[str] = '/sessions'

    period: Period | None = None
    status: Status | None = _asked(Status)
    intent: Intent | None = _asked(Intent)
    channel: Channel | None = _asked(Channel)
    figure: Figure | None = _asked(Figure)
    drop_off: DropOff | None = _asked(DropOff)
    sentiment: Sentiment | None = _asked(Sentiment)
    service: str | None = _asked(_key)
    staff: str | None = _asked(_key)
    hour: int | None = _asked(lambda value: _whole_number(value, 0, 23))
    weekday: int | None = _asked(lambda value: _whole_number(value, 1, 7))
    client: UUID | None = _asked(UUID)


@dataclass(frozen=True)
class ClientQuery(Query):
    """Which clients are shown, and in which order; `staff` is the key of the favourite specialist."""

    PATH: ClassVar[str] = '/clients'
    ORDERING: ClassVar[Sequence[str]] = ('sort',)

    kind: ClientKind | None = _asked(ClientKind)
    channel: Channel | None = _asked(Channel)
    staff: str | None = _asked(_short_text)
    sort: ClientSort = _asked(ClientSort, ClientSort.CONTACT)

    @property
    def is_win_back(self) -> bool:
        """Whether these are the clients to win back, by what is at stake."""
        return self.kind is ClientKind.OVERDUE


@dataclass(frozen=True)
class WaitingListQuery(Query):
    """Which wishes are shown, and in which order.

    `service` and `staff` are keys; the empty text means "not specified". The period is that of the decision.
    """

    PATH: ClassVar[str] = '/wishlist'
    ORDERING: ClassVar[Sequence[str]] = ('shown', 'order', 'period')

    shown: WishShown = _asked(WishShown, WishShown.WAITING)
    order: WishOrder = _asked(WishOrder, WishOrder.ASKED)
    period: Period | None = None
    service: str | None = _asked(_key)
    staff: str | None = _asked(_key)
    wished_from: date | None = _asked(date.fromisoformat)
    wished_to: date | None = _asked(date.fromisoformat)
    time_of_day: TimeOfDay | None = _asked(TimeOfDay)
    source: str | None = _asked(_short_text)
    client: UUID | None = _asked(UUID)


@dataclass(frozen=True)
class UsersQuery(Query):
    """Which users are shown."""

    PATH: ClassVar[str] = '/users'

    role: Role | None = _asked(Role)
    state: UserState | None = _asked(UserState)
    salon: UUID | None = _asked(UUID)


@dataclass(frozen=True)
class AuditQuery(Query):
    """Which lines of the audit are shown; `action` is a word as the database has it, `person` a user's number."""

    PATH: ClassVar[str] = '/audit'

    period: Period | None = None
    action: str | None = _asked(_word_of_acts)
    person: int | None = _asked(lambda value: _whole_number(value, 0, 2**53))
    salon: UUID | None = _asked(UUID)


FIRST_MOMENT = datetime(1, 1, 3, tzinfo=UTC)
LAST_MOMENT = datetime(9999, 12, 29, tzinfo=UTC)
NO_CLOCK_SHOWS = re.compile(r'-?infinity|\d{5,}-\d\d-.*|9999-12-3.*|0001-01-0[12].*|.* BC')


def _on_the_clock(value: Any) -> Any:
    """PostgreSQL's moments reach further than Python's: what lies beyond counts as the first or the last one."""
    if not isinstance(value, str):
        return value
    if NO_CLOCK_SHOWS.fullmatch(value):
        return FIRST_MOMENT if value.startswith(('-', '0001')) or value.endswith('BC') else LAST_MOMENT
    return value


Moment = Annotated[datetime, BeforeValidator(_on_the_clock)]
"""A moment with its zone, as the database has it."""


class Row(BaseModel):
    """A value that came from the database."""

    model_config = ConfigDict(frozen=True, extra='ignore')


class Count(Row):
    """How many rows a list has; beyond 10,000 an estimate that says so."""

    rows: int
    is_exact: bool = True


class Salon(Row):
    """What a page needs to know of the salon it shows. Opening the frame asks for it once."""

    id: UUID
    name: str
    is_active: bool = True
    timezone: str = 'Europe/Moscow'
    currency: str = 'RUB'


class User(Row):
    """A person who signs in to the dashboard. Never carries a password hash."""

    id: int
    email: str
    first_name: str | None = None
    last_name: str | None = None
    role: Role
    active: bool = True
    tenant_id: UUID | None = None
    session_version: int = 1
    language: str = 'ru'
    theme: str = 'auto'

    @property
    def name(self) -> str:
        """What to call the person on screen."""
        return ' '.join(part for part in (self.first_name, self.last_name) if part) or self.email


class ListedUser(Row):
    """A user as admins see it. `role` is as the database has it: an old row may hold a word that nobody knows."""

    id: int
    email: str
    first_name: str | None = None
    last_name: str | None = None
    role: str
    tenant_id: UUID | None = None
    salon: str | None = None
    last_sign_in_at: Moment | None = None
    state: UserState
    has_password: bool
    link_until: Moment | None = None
    version: int
    is_self: bool = False

    @property
    def name(self) -> str:
        """What to call the user; without a name the e-mail."""
        return ' '.join(part for part in (self.first_name, self.last_name) if part) or self.email


class UsersPage(Row):
    """A page of users, and how many the query shows in all."""

    rows: list[ListedUser]
    total: int
    next: dict[str, Any] | None = None


class UserLink(Row):
    """A link that was made for a user: its id, its end in seconds since 1970, and what it is for."""

    user: int
    link: UUID
    expires: int
    purpose: str


class LinkOwner(Row):
    """Whose password a link sets."""

    email: str
    name: str
    purpose: str
    language: str = 'ru'
    salon: str | None = None


class AuditLine(Row):
    """Somebody did something. `name` is None for nobody in particular, and for people of the platform."""

    id: int
    at: Moment
    action: str
    description: str | None = None
    metadata: Any = None
    address: str | None = None
    agent: str | None = None
    user_id: int | None = None
    name: str | None = None
    is_platform: bool = False
    salon: str | None = None


class AuditPage(Row):
    """A page of the audit; `next` is the key for the following one."""

    rows: list[AuditLine]
    next: dict[str, Any] | None = None


class AuditPeople(Row):
    """The people whose lines can be asked for: number and name."""

    people: list[tuple[int, str]]


class Whoami(Row):
    """Who is signed in, the salon in view, and all salons for those who may change it."""

    user: User
    salon: Salon | None = None
    salons: list[Salon] = []


class Money(Row):
    """An amount in a currency of its own: such amounts are listed, never added up."""

    amount: Decimal
    currency: str


class Figures(Row):
    """The numbers of one period by DATA.md, section 3. Shares are 0..1; response times are seconds; None = no data."""

    dialogs: int
    bookings: int
    cancelled: int
    conversion: float | None
    revenue: Decimal
    average_booking: Decimal | None
    paid_bookings: int = 0
    other_currencies: list[Money] = []
    clients: int
    new_clients: int
    answered: int
    response_mean: float | None
    response_median: float | None
    response_p95: float | None


class DayPoint(Row):
    """One day of the salon's calendar."""

    day: date
    dialogs: int
    bookings: int
    revenue: Decimal


class FunnelStep(Row):
    """A step of the booking; shares are 0..1 of the first and of the previous step, None when that step is empty."""

    figure: Figure
    dialogs: int
    of_first: float | None
    of_previous: float | None


class Ranked(Row):
    """A service or a specialist with the bookings that name it. An empty key is "not specified"."""

    key: str
    label: str = ''
    bookings: int
    revenue: Decimal


class HourCell(Row):
    """Dialogs and bookings that began in one hour of one weekday (1 = Monday), salon time."""

    weekday: int
    hour: int
    dialogs: int
    bookings: int


class Freshness(Row):
    """How old the figures are: when they were computed, the bot's last write, and days taken from the store."""

    as_of: Moment
    last_write: Moment | None
    stored_days: int
    live_days: int


class Dialog(Row):
    """A dialog as lists show it. Values that the bot wrote in an unknown form come as they are, or as None."""

    archive_id: int | None = None
    session_id: UUID
    is_active: bool
    client_id: UUID | None = None
    client_name: str | None = None
    client_phone: str | None = None
    channel: str = 'unknown'
    started_at: Moment
    ended_at: Moment | None = None
    last_activity_at: Moment | None = None
    status: str
    intent: str | None = None
    drop_off: str | None = None
    sentiment: str | None = None
    services: list[str] = []
    staff: str | None = None
    is_booked: bool = False
    booking_status: str | None = None
    booking_at: Moment | None = None
    amount: Decimal | None = None
    currency: str | None = None
    messages_count: int | None = None
    preview: str | None = None


class Overview(Row):
    """Everything the overview shows, from one request."""

    figures: Figures
    previous: Figures
    days: list[DayPoint]
    funnel: list[FunnelStep]
    services: list[Ranked]
    staff: list[Ranked]
    hours: list[HourCell]
    active: list[Dialog]
    active_count: int
    freshness: Freshness


class DialogPage(Row):
    """A page of the archive; the first one brings the dialogs that go on now as well."""

    rows: list[Dialog]
    active: list[Dialog] = []
    next: dict[str, Any] | None = None


class Message(Row):
    """One message of a dialog; `role` is user, assistant, operator, system or a word that is not known yet."""

    id: int
    role: str
    channel: str = 'unknown'
    text: str
    created_at: Moment


class Messages(Row):
    """Some messages of a dialog in the order they were written, and whether there are older ones."""

    messages: list[Message]
    has_older: bool


class OpenDialog(Messages):
    """A dialog as its own page shows it, with its newest messages in the order they were written."""

    dialog: Dialog
    summary: str | None = None
    booking_id: str | None = None
    booking_source: str | None = None
    counted_elsewhere: bool = False
    duration_seconds: int | None = None
    telegram_chat_id: int | None = None
    whatsapp_id: str | None = None
    others: list[Dialog]
    others_count: int


class Command(Row):
    """A command that was claimed for sending; `lease` says that it is ours. `data` is what the bot gets."""

    id: UUID
    lease: UUID
    type: str
    created_at: Moment
    data: dict[str, Any]


class Commands(Row):
    """Commands that were claimed together."""

    commands: list[Command]


class Outcome(NamedTuple):
    """How one try to send a command ended: `taken`, `refused` for ever, `unanswered` (sent, and nobody knows) or
    `later`; `error` says why not, `wait` is how many seconds the bot asked for, 0 if it did not."""

    word: str
    error: str = ''
    wait: int = 0


class GivenCommand(Row):
    """A command as the page shows it where it was given. `by` is a name; `error` a word of ours or the bot's text."""

    id: UUID
    type: str
    client_id: UUID | None = None
    status: CommandStatus
    attempts: int = 0
    error: str | None = None
    text: str | None = None
    created_at: Moment
    next_attempt_at: Moment | None = None
    sent_at: Moment | None = None
    finished_at: Moment | None = None
    by: str | None = None


class Offer(Row):
    """A time that was offered to somebody on the waiting list; `answer` is None while the client has not said."""

    at: Moment
    staff: str | None = None
    until: Moment
    answer: str | None = None
    command: GivenCommand | None = None


class WaitingEntry(Row):
    """An entry of the waiting list. `version` is what the person saw of it: acts on it say which one."""

    id: int
    client_id: UUID
    client_name: str | None = None
    client_phone: str | None = None
    item_type: str | None = None
    source: str | None = None
    comment: str | None = None
    service: str | None = None
    staff: str | None = None
    wished_on: date | None = None
    time_of_day: str | None = None
    created_at: Moment
    status: str
    decided_at: Moment | None = None
    decided_by: str | None = None
    amount: Decimal | None = None
    currency: str | None = None
    version: str
    is_missed: bool = False
    offer: Offer | None = None
    command: GivenCommand | None = None


class WaitingPage(Row):
    """A page of the waiting list; `next` is the key to ask for the rows after these, None at the end."""

    rows: list[WaitingEntry]
    next: dict[str, Any] | None = None


class WaitingFigures(Row):
    """The waiting list in figures (DATA.md, section 3); `median_wait` is in seconds, `fill_rate` 0..1, None = no data.

    `services` and `staff` are pairs of key and name for the filters, of those who wait now.
    """

    waiting: int
    missed: int
    offered: int
    converted: int
    amount: Decimal
    with_amount: int
    other_currencies: list[Money] = []
    cancelled: int
    expired: int
    median_wait: int | None
    fill_rate: float | None
    services: list[tuple[str, str]] = []
    staff: list[tuple[str, str]] = []
    sources: list[str] = []


class WishStep(Row):
    """Something that was done with an entry; without `by` the bot reported it."""

    id: int
    kind: WishAct
    by: str | None = None
    at: Moment
    amount: Decimal | None = None
    currency: str | None = None
    note: str | None = None
    offer_at: Moment | None = None
    offer_staff: str | None = None
    offer_until: Moment | None = None
    command: GivenCommand | None = None


class OpenEntry(Row):
    """An entry with its story; `bot_changed_at` is when the bot's own row was decided, None while it is pending."""

    entry: WaitingEntry
    bot_status: str
    bot_changed_at: Moment | None = None
    wants_messages: bool = True
    whatsapp_id: str | None = None
    channel: str | None = None
    actions: list[WishStep]


class ChangedEntry(Row):
    """An entry that somebody (or, without `by`, the bot) changed since the person looked."""

    id: int
    version: str
    client: str | None = None
    status: str
    by: str | None = None
    kind: str | None = None
    at: Moment | None = None


class Client(Row):
    """A client as lists show it. Amounts are in the salon's currency, intervals in days; None = no data.

    `yearly_value` is what a year of visits at the client's rhythm is worth; `came_back_at` the first dialog since the
    last invitation.
    """

    id: UUID
    name: str | None = None
    phone: str | None = None
    channel: str = 'unknown'
    dialogs: int = 0
    bookings: int = 0
    cancelled: int = 0
    revenue: Decimal = Decimal(0)
    paid_bookings: int = 0
    first_dialog_at: Moment | None = None
    last_dialog_at: Moment | None = None
    visits: int = 0
    last_visit_at: Moment | None = None
    next_visit_at: Moment | None = None
    own_interval: Decimal | None = None
    memory_interval: Decimal | None = None
    visit_interval: Decimal | None = None
    interval_source: IntervalSource | None = None
    due_day: date | None = None
    overdue_ratio: Decimal | None = None
    risk: Risk | None = None
    staff: str | None = None
    service: str | None = None
    opted_out: bool = False
    yearly_value: Decimal = Decimal(0)
    invited_at: Moment | None = None
    invitable_on: date | None = None
    came_back_at: Moment | None = None
    came_back_booked: bool | None = None

    @property
    def average_booking(self) -> Decimal | None:
        """Money by the bookings that carry a price."""
        return self.revenue / self.paid_bookings if self.paid_bookings else None


class ClientPage(Row):
    """A page of clients; the first one brings the keys and names of the specialists who are somebody's favourite."""

    rows: list[Client]
    next: dict[str, Any] | None = None
    staff: list[tuple[str, str]] = []


class ClientMemory(Row):
    """What the bot remembers of a client; `interval` is in days."""

    staff: str | None = None
    service: str | None = None
    time: str | None = None
    language: str | None = None
    allows_messages: bool = True
    interval: Decimal | None = None


class ClientNote(Row):
    """What somebody wrote down about a client; `by` is a name."""

    id: UUID
    text: str
    by: str | None = None
    created_at: Moment


class ClientWish(Row):
    """An entry of the waiting list as a client's card shows it; `day` is the day wished for."""

    id: int
    status: str
    service: str | None = None
    staff: str | None = None
    day: date | None = None
    created_at: Moment


class OpenClient(Row):
    """A client with everything that is known but the dialogs."""

    client: Client
    phone: str | None = None
    whatsapp_id: str | None = None
    telegram_chat_id: int | None = None
    yclients_client_id: int | None = None
    wants_messages: bool = True
    memory: ClientMemory | None = None
    commands: list[GivenCommand] = []
    notes: list[ClientNote] = []
    wishes: list[ClientWish] = []


SettingValue = str | int | bool | None
"""Times are 'HH:MM' on the salon's clock; None is not set."""


class BotSetting(Row):
    """A setting of the bot: what is wanted here, what the bot uses now, and the last command about it."""

    wanted: SettingValue = None
    used: SettingValue = None
    state: SettingState
    command: GivenCommand | None = None

    @property
    def value(self) -> SettingValue:
        """What holds: the wish, else the bot's own value."""
        return self.used if self.wanted is None else self.wanted


class SalonSettings(Row):
    """The settings of a salon; `secrets` says of each whether it is set. Who changes them names the `version` seen."""

    version: int
    changed_at: Moment | None = None
    changed_by: str | None = None
    timezone: str
    currency: str
    staff_phones: StaffPhones
    broadcast_pace: int | None = None
    secrets: dict[str, bool]
    settings: dict[str, BotSetting]

    def value(self, name: str) -> SettingValue:
        """What holds for a setting."""
        own: dict[str, SettingValue] = {
            'timezone': self.timezone, 'currency': self.currency, 'staff_phones': self.staff_phones.value,
            'broadcast_pace': self.broadcast_pace,
        }  # fmt: skip
        return own[name] if name in own else self.settings[name].value


class ChangedSettings(Row):
    """Somebody changed the settings since the person looked: the version that holds now, who and when."""

    version: int
    by: str | None = None
    at: Moment | None = None


class SalonState(Row):
    """How a salon is doing, as the platform sees it; commands that failed are those of the last seven days."""

    id: UUID
    name: str
    is_active: bool = True
    timezone: str = 'Europe/Moscow'
    has_settings: bool
    dialogs_today: int
    last_write: Moment | None = None
    open_commands: int
    failed_commands: int


class RefusedCallbacks(Row):
    """How many callbacks were refused in the last seven days, and why."""

    reason: str
    number: int


class SalonList(Row):
    """All salons, and what was refused of whoever said to be the bot."""

    salons: list[SalonState]
    refused: list[RefusedCallbacks] = []


class SavedView(Row):
    """Filters of a page under a name; `params` are those of its address."""

    id: UUID
    name: str
    params: str


class SavedViews(Row):
    """The saved filters of a page."""

    views: list[SavedView]


class Broadcast(Row):
    """One message to many clients. The text's fields are {name}, {salon} and {specialist}; `without_name` and its like
    stand where somebody has none. `search`, `kind`, `channel` and `staff` are the audience, as the clients' filters."""

    id: UUID
    name: str
    text: str
    without_name: str | None = None
    without_salon: str | None = None
    without_specialist: str | None = None
    search: str | None = None
    kind: str | None = None
    channel: str | None = None
    staff: str | None = None
    staff_label: str | None = None
    quiet_days: int
    skips_booked: bool
    held_out_percent: int
    starts_at: Moment | None = None
    spread_hours: int
    status: BroadcastStatus
    version: int
    created_by: str | None = None
    created_at: Moment
    sent_by: str | None = None
    sent_at: Moment | None = None
    started_at: Moment | None = None
    finished_at: Moment | None = None
    numbers: dict[RecipientStatus, int] = {}

    def number(self, *statuses: RecipientStatus) -> int:
        """How many recipients stand like that."""
        return sum(self.numbers.get(status, 0) for status in statuses)

    @property
    def getting(self) -> int:
        """How many were to get it when it was sent, without those who were left out since."""
        return sum(self.numbers.values()) - self.number(RecipientStatus.SKIPPED, RecipientStatus.HELD_OUT)

    @property
    def is_going_on(self) -> bool:
        """Whether something is still to be sent."""
        return self.status in {BroadcastStatus.SCHEDULED, BroadcastStatus.RUNNING, BroadcastStatus.PAUSED}

    @property
    def audience(self) -> ClientQuery:
        """The clients that it is meant for, as their page lists them."""
        names = {name: getattr(self, name) or '' for name in ClientQuery().filters()}
        params = {name: value for name, value in names.items() if value}
        return ClientQuery.from_params(params, date.today())[0]  # noqa: DTZ011 - no period is read from these


class BroadcastPage(Row):
    """A page of broadcasts; `next` is the key to ask for the rows after these."""

    rows: list[Broadcast]
    next: dict[str, Any] | None = None


class LeftOut(Row):
    """Why so many are left out, or did not get it."""

    reason: str | None = None
    number: int
    status: RecipientStatus = RecipientStatus.SKIPPED


class BroadcastTimes(Row):
    """When a broadcast would begin and end; `pace` is messages a second, quiet hours are 'HH:MM' in salon time."""

    starts_at: Moment
    ends_at: Moment
    pace: int
    quiet_from: str | None = None
    quiet_to: str | None = None
    waiting_for_morning: int = 0


class Preview(Row):
    """A text as one client would read it."""

    client_id: UUID
    name: str | None = None
    text: str


class Preflight(Row):
    """Who would get a draft now; `fallbacks` is how many have no name, or no specialist, where the text needs one."""

    total: int
    getting: int
    held_out: int
    left_out: list[LeftOut]
    fallbacks: dict[str, int]
    previews: list[Preview]
    times: BroadcastTimes


class Reaction(Row):
    """What so many clients did within 7 days: wrote, booked, and the money of the bookings in the salon's currency."""

    number: int
    answered: int
    booked: int
    revenue: Decimal


class Difference(Row):
    """A difference of two shares with its 95 % interval, each -1..1."""

    share: float
    low: float
    high: float

    @property
    def is_clear(self) -> bool:
        """Whether chance alone is no good explanation."""
        return self.low > 0 or self.high < 0


class BroadcastResult(Row):
    """What came of a broadcast until now; it is final after `ends_on`. No `difference`: too few to tell."""

    ends_on: Moment | None = None
    got: Reaction | None = None
    held_out: Reaction | None = None
    difference: Difference | None = None


class OpenBroadcast(Row):
    """One broadcast: a draft comes with its pre-flight, every other with its progress and its result."""

    broadcast: Broadcast
    preflight: Preflight | None = None
    can_test: bool = False
    reasons: list[LeftOut] = []
    ends_at: Moment | None = None
    can_retry: int = 0
    result: BroadcastResult | None = None


class Recipient(Row):
    """A line of a broadcast's journal; `at` is when it will be sent or when it came to where it is."""

    client_id: UUID
    name: str | None = None
    phone: str | None = None
    status: RecipientStatus
    reason: str | None = None
    at: Moment
    place: int


class RecipientPage(Row):
    """A page of the journal; `next` is the key to ask for the rows after these."""

    rows: list[Recipient]
    next: dict[str, Any] | None = None


class Release(Row):
    """A step of all broadcasts: how many messages were handed over, how many the bot has not taken yet, and whether to
    ask again in a moment."""

    released: int
    under_way: int
    is_due: bool


class JobSalon(Row):
    """A salon that jobs look after."""

    id: UUID
    name: str


class JobSalons(Row):
    """All of them."""

    salons: list[JobSalon]


class Days(Row):
    """A run of days of the salon's calendar, both ends included."""

    first: date
    last: date

    @property
    def number(self) -> int:
        """How many days these are."""
        return (self.last - self.first).days + 1

    def split(self, longest: int) -> list[Days]:
        """The same days in runs of at most `longest` days."""
        starts = range(0, self.number, longest)
        return [
            Days(
                first=self.first + timedelta(days=start),
                last=min(self.last, self.first + timedelta(days=start + longest - 1)),
            )
            for start in starts
        ]


class Collection(Row):
    """The days of a salon whose figures are to be stored, and since when that is known."""

    begun: Moment
    parts: list[Days]


class AlertKind(StrEnum):
    """What an alert is about."""

    CLIENTS_WAITING = 'clients_waiting'
    BOT_SILENT = 'bot_silent'
    COMMANDS_STUCK = 'commands_stuck'
    CONVERSION_FELL = 'conversion_fell'
    DROP_OFFS_ROSE = 'drop_offs_rose'
    DATA_BROKEN = 'data_broken'


class AlertCause(Row):
    """One of the rows that caused an alert: a dialog whose client waits, or a command that is stuck."""

    since: Moment
    session_id: UUID | None = None
    client_id: UUID | None = None
    client_name: str | None = None
    wish: str | None = None
    type: str | None = None


class Alert(Row):
    """Something that somebody should look at. `kind` may be a word of an earlier application, with a `description`.

    `threshold` and `actual` are in the rule's unit (docs/ALERTS.md); `details` are the figures behind them.
    """

    id: int
    kind: str | None = None
    threshold: Decimal | None = None
    actual: Decimal | None = None
    description: str | None = None
    at: Moment
    is_open: bool
    closed_at: Moment | None = None
    acknowledged_at: Moment | None = None
    acknowledged_by: str | None = None
    notified_at: Moment | None = None
    details: dict[str, Any] = {}
    rows: list[AlertCause] = []


class Notice(Alert):
    """An alert that the salon's chat is to be told of, in this language and by this clock."""

    language: str
    timezone: str


class Notices(Row):
    """All that are due."""

    notices: list[Notice]


class AlertRule(Row):
    """A rule as it holds for the salon, with its usual threshold and the limits of it; the daily letter has none."""

    kind: str
    is_on: bool
    threshold: int | None = None
    usual: int | None = None
    lowest: int | None = None
    highest: int | None = None


class AlertPage(Row):
    """The open alerts and the rules, and a page of the closed ones; `next` is the key for the following page."""

    open: list[Alert]
    rows: list[Alert]
    next: dict[str, Any] | None = None
    rules: list[AlertRule]
    has_chat: bool
    checked_at: Moment | None = None


class AlertCount(Row):
    """How many alerts are open, and how many of these nobody has seen."""

    open: int
    unseen: int


class DigestDay(Row):
    """The figures of one day; `conversion` is 0..1, None without dialogs; `revenue` in the salon's currency."""

    day: date
    dialogs: int
    bookings: int
    revenue: Decimal
    conversion: float | None = None


class Todo(Row):
    """Something to do in the salon, and how many rows its page shows."""

    kind: str
    number: int


class Digest(Row):
    """What a daily letter tells: a day, the same weekday a week before, and at most three things to do."""

    day: DigestDay
    before: DigestDay
    language: str
    currency: str
    todos: list[Todo]


class FlawExample(Row):
    """A row that breaks a rule: `kind` is dialog, client or wish, `key` names it."""

    kind: str
    key: str
    at: Moment


class Flaw(Row):
    """A rule of the data that the bot's rows break: how many of them, the first and the last, and the newest five."""

    rule: str
    number: int
    since: Moment
    last: Moment
    examples: list[FlawExample]


class DataHealth(Row):
    """The state of the bot's rows of the last 90 days; of messages only the newest 50,000 are read."""

    first: date
    dialogs: int
    messages_read: int
    messages_since: Moment | None = None
    flaws: list[Flaw]
