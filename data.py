"""The data-access module: the only place that says what is asked of the database.

Its one rule: a `Data` carries the identity of one person (or of the system), and no method takes a salon's id to read
rows by: which rows there are is the database's decision. What can go wrong is drawn in rest.py.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from models import (
    AlertCount,
    AlertPage,
    AuditLine,
    AuditPage,
    AuditPeople,
    AuditQuery,
    BroadcastPage,
    Client,
    ClientPage,
    ClientQuery,
    Collection,
    Command,
    Commands,
    Count,
    DataHealth,
    Dialog,
    DialogPage,
    DialogQuery,
    Digest,
    JobSalon,
    JobSalons,
    Message,
    Messages,
    Notice,
    Notices,
    OpenBroadcast,
    OpenClient,
    OpenDialog,
    OpenEntry,
    Outcome,
    Overview,
    Period,
    Query,
    RecipientPage,
    RecipientStatus,
    Release,
    Role,
    SalonList,
    SalonSettings,
    SavedView,
    SavedViews,
    SettingValue,
    UserLink,
    UsersPage,
    UsersQuery,
    WaitingEntry,
    WaitingFigures,
    WaitingListQuery,
    WaitingPage,
    Whoami,
    WishAct,
    WishShown,
)
from rest import (
    Conflict,
    DataError,
    Identity,
    NotAllowed,
    NotFound,
    Refused,
    Requests,
    SessionEnded,
    StillCounting,
    TooSlow,
    Unavailable,
    parse,
    pool,
)

__all__ = [
    'Conflict', 'Data', 'DataError', 'NotAllowed', 'NotFound', 'Refused', 'SessionEnded', 'StillCounting',
    'TooSlow', 'Unavailable', 'parse', 'pool',
]  # fmt: skip


class Data(Requests):
    """Everything that can be asked under one identity. Cheap to make: one for each open page."""

    def __init__(self, identity: Identity) -> None:
        super().__init__(identity)
        self.overview = OverviewData(self)
        self.dialogs = DialogData(self)
        self.people = PeopleData(self)
        self.users = UserData(self)
        self.audit = AuditData(self)
        self.waiting_list = WaitingListData(self)
        self.clients = ClientData(self)
        self.broadcasts = BroadcastData(self)
        self.views = ViewData(self)
        self.settings = SettingsData(self)
        self.commands = CommandData(self)
        self.exports = ExportData(self)
        self.live = LiveData(self)
        self.jobs = JobData(self)
        self.alerts = AlertData(self)
        self.operations = OperationsData(self)

    async def act(self, function: str, key: UUID, **arguments: Any) -> Any:
        """Do something, once for each `key` however often it is asked for. What the role may not do is audited.

        Raises DataError, among them Conflict when somebody was faster.
        """
        try:
            return await self.call(function, key=key, **arguments)
        except SessionEnded:
            raise
        except NotAllowed:
            with contextlib.suppress(DataError):
                await self.people.record('refused', function)
            raise


def filters_of(query: Query) -> dict[str, Any]:
    """What a list is asked for by a query."""
    period: Period | None = getattr(query, 'period', None)
    return query.filters() | ({'first_day': period.first, 'last_day': period.last} if period else {})


async def all_pages(source: Any, query: Query) -> AsyncIterator[Any]:
    """All pages of a list, as large as the database gives them."""
    page = await source.page(query, size=source.LARGEST_PAGE)
    yield page
    while page.next:
        page = await source.page(query, page.next, size=source.LARGEST_PAGE)
        yield page


class OverviewData:
    """The figures of a period."""

    def __init__(self, data: Data) -> None:
        self._data = data

    async def of(self, period: Period) -> Overview:
        """Everything the overview shows of a period, in one request."""
        return await self._data.one(Overview, 'overview', first_day=period.first, last_day=period.last)


class DialogData:
    """Dialogs and their messages."""

    PAGE_SIZE, LARGEST_PAGE = 30, 500

    def __init__(self, data: Data) -> None:
        self._data = data

    async def page(
        self, query: DialogQuery, after: Mapping[str, Any] | None = None, *, size: int = PAGE_SIZE
    ) -> DialogPage:
        """A page of the archive, newest first, after a page's `next`; the first brings the active ones as well."""
        return await self._data.one(
            DialogPage,
            'page_of_dialogs',
            **filters_of(query),
            after_started=after['started_at'] if after else None,
            after_id=after['archive_id'] if after else None,
            page_size=size,
        )

    async def all(self, query: DialogQuery) -> AsyncIterator[list[Dialog]]:
        """All rows of the query in the order of the list, in large pages; a dialog archived meanwhile comes once."""
        shown = set[UUID]()
        async for page in all_pages(self, query):
            if page.active:
                shown = {row.session_id for row in page.active}
                yield page.active
            yield [row for row in page.rows if row.session_id not in shown]

    async def count(self, query: DialogQuery) -> Count:
        """How many dialogs the query shows; an estimate beyond 10,000."""
        return await self._data.one(Count, 'count_dialogs', **filters_of(query))

    async def open(self, session_id: UUID) -> OpenDialog:
        """A dialog with its newest messages. Raises NotFound, also for another salon's dialog."""
        return await self._data.one(OpenDialog, 'open_dialog', session=session_id)

    async def older(self, session_id: UUID, before: Message) -> Messages:
        """The messages written before one."""
        return await self._data.one(
            Messages,
            'dialog_messages',
            session=session_id,
            before_at=before.created_at.isoformat(),
            before_id=before.id,
        )

    async def newer(self, session_id: UUID, after: Message) -> Messages:
        """The messages written after one; `has_older` means that there were more of them than one page."""
        return await self._data.one(
            Messages, 'dialog_messages', session=session_id, after_at=after.created_at.isoformat(), after_id=after.id,
            page_size=500,
        )  # fmt: skip


class PeopleData:
    """Who signs in, and what they did."""

    def __init__(self, data: Data) -> None:
        self._data = data

    async def whoami(self) -> Whoami:
        """The person whose identity this is, with the salon in view."""
        return await self._data.own(Whoami, 'whoami')

    async def prefer(self, *, language: str, theme: str) -> None:
        """Keep the person's own language and theme."""
        await self._data.call('set_preferences', language=language, theme=theme)

    async def record(self, action: str, description: str, *, address: str = '', user_agent: str = '') -> None:
        """Write into the audit what the person did or was refused."""
        await self._data.call(
            'record_act', action=action, description=description, ip_address=address, user_agent=user_agent
        )


class UserData:
    """The dashboard's users, and what those who manage them do."""

    PAGE_SIZE, LARGEST_PAGE = 50, 200

    def __init__(self, data: Data) -> None:
        self._data = data

    async def page(
        self, query: UsersQuery, after: Mapping[str, Any] | None = None, *, size: int = PAGE_SIZE
    ) -> UsersPage:
        """A page of those whom the person manages, by name; after the key of a page."""
        key = {f'after_{name}': value for name, value in (after or {}).items()}
        return await self._data.own(UsersPage, 'page_of_users', **filters_of(query), **key, page_size=size)

    async def count(self, query: UsersQuery) -> Count:
        """How many of those whom the person manages the query shows."""
        return Count(rows=(await self.page(query, size=1)).total)

    async def has_own_password(self) -> bool:
        """Whether the person's password is kept here, and not by Supabase Auth."""
        return bool(await self._data.call('has_own_password'))

    async def invite(
        self, key: UUID, *, email: str, first_name: str, last_name: str, role: str, tenant: UUID | None = None
    ) -> UserLink:
        """Make a user without a password, and the link to choose one. Raises Conflict when the e-mail is taken."""
        answer = await self._data.act(
            'invite_user', key, email=email, first_name=first_name, last_name=last_name, role=role, tenant=tenant
        )
        return parse(UserLink, answer)

    async def make_link(self, key: UUID, person: int) -> UserLink:
        """A link to choose a new password; older ones end."""
        return parse(UserLink, await self._data.act('create_reset_link', key, person=person))

    async def change(
        self, key: UUID, person: int, *, role: Role | str, active: bool, seen: int, tenant: UUID | None = None
    ) -> None:
        """Change what a user may do; `seen` is the version on screen. Raises Conflict when somebody was faster."""
        await self._data.act('change_user', key, person=person, role=role, active=active, seen=seen, tenant=tenant)

    async def rename(self, key: UUID, person: int, *, first_name: str, last_name: str, seen: int | None = None) -> None:
        """Call a user otherwise; `seen` is the version on screen, which only the own account may leave out."""
        names = {'first_name': first_name, 'last_name': last_name}
        await self._data.act('rename_user', key, person=person, **names, seen=seen)

    async def end_sessions(self, key: UUID, person: int) -> None:
        """Sign a user out everywhere."""
        await self._data.act('end_user_sessions', key, person=person)


class AuditData:
    """Who did what."""

    PAGE_SIZE, LARGEST_PAGE = 50, 200

    def __init__(self, data: Data) -> None:
        self._data = data

    async def page(
        self, query: AuditQuery, after: Mapping[str, Any] | None = None, *, size: int = PAGE_SIZE
    ) -> AuditPage:
        """A page of the audit, newest first; after the key of a page."""
        key = {f'after_{name}': value for name, value in (after or {}).items()}
        return await self._data.one(AuditPage, 'page_of_audit', **filters_of(query), **key, page_size=size)

    async def all(self, query: AuditQuery) -> AsyncIterator[list[AuditLine]]:
        """All lines of the query, newest first, in large pages."""
        async for page in all_pages(self, query):
            yield page.rows

    async def count(self, query: AuditQuery) -> Count:
        """How many lines the query shows; beyond 10,000 it is not exact."""
        return await self._data.one(Count, 'count_audit', **filters_of(query))

    async def people(self) -> list[tuple[int, str]]:
        """The people whose lines can be asked for."""
        return (await self._data.one(AuditPeople, 'audit_people')).people


class WaitingListData:
    """The waiting list and what people do with it. Acts name entries by `seen`: their keys with the version shown."""

    PAGE_SIZE, LARGEST_PAGE = 50, 500

    def __init__(self, data: Data) -> None:
        self._data = data

    @staticmethod
    def _filter(query: WaitingListQuery) -> dict[str, Any]:
        status = None if query.shown is WishShown.ALL else query.shown.value
        missed = {'status': 'waiting', 'is_missed': True} if query.shown is WishShown.MISSED else {'status': status}
        return missed | filters_of(query)

    async def page(
        self, query: WaitingListQuery, after: Mapping[str, Any] | None = None, *, size: int = PAGE_SIZE
    ) -> WaitingPage:
        """A page of the list, after the key of a page: those who wait in the query's order, others newest first."""
        is_waiting = query.shown in {WishShown.WAITING, WishShown.MISSED}
        key = {f'after_{name}': value for name, value in (after or {}).items()}
        return await self._data.one(
            WaitingPage, 'page_of_waiting_list', **self._filter(query), **key,
            sort=query.order if is_waiting else 'newest', page_size=size,
        )  # fmt: skip

    async def all(self, query: WaitingListQuery) -> AsyncIterator[list[WaitingEntry]]:
        """All rows of the query in the order of the list, in large pages."""
        async for page in all_pages(self, query):
            yield page.rows

    async def count(self, query: WaitingListQuery) -> Count:
        """How many entries the query shows."""
        return await self._data.one(Count, 'count_waiting_list', **self._filter(query))

    async def figures(self, period: Period) -> WaitingFigures:
        """Who waits now, and what was decided in the period."""
        return await self._data.one(
            WaitingFigures, 'waiting_list_figures', first_day=period.first, last_day=period.last
        )

    async def open(self, entry: int) -> OpenEntry:
        """An entry with its story. Raises NotFound, also for another salon's entry."""
        return await self._data.one(OpenEntry, 'open_waiting_entry', entry=entry)

    async def convert(
        self, key: UUID, seen: Mapping[int, str], *, amount: Decimal | None = None, note: str = ''
    ) -> dict[int, str]:
        """They are booked; `amount` in the salon's currency. The answer is what is seen of the entries now."""
        return await self._act(key, WishAct.CONVERTED, seen, amount=amount, note=note or None)

    async def cancel(self, key: UUID, seen: Mapping[int, str], *, note: str) -> dict[int, str]:
        """They wait no longer; `note` says why."""
        return await self._act(key, WishAct.CANCELLED, seen, note=note)

    async def reopen(self, key: UUID, seen: Mapping[int, str]) -> dict[int, str]:
        """They wait again."""
        return await self._act(key, WishAct.REOPENED, seen)

    async def offer(
        self,
        key: UUID,
        seen: Mapping[int, str],
        *,
        at: datetime | None,
        staff: str,
        until: datetime | None,
        message: str,
    ) -> dict[int, str]:
        """Let the bot ask one of them whether a time suits, and wait for the answer `until` then."""
        return await self._act(
            key, WishAct.OFFERED, seen, offer_at=at and at.isoformat(), offer_staff=staff or None,
            offer_until=until and until.isoformat(), message=message,
        )  # fmt: skip

    async def write(self, key: UUID, seen: Mapping[int, str], *, message: str) -> dict[int, str]:
        """Let the bot write to one of them."""
        return await self._act(key, WishAct.WROTE, seen, message=message)

    async def note(self, key: UUID, seen: Mapping[int, str], *, note: str) -> dict[int, str]:
        """Write something down."""
        return await self._act(key, WishAct.NOTED, seen, note=note)

    async def _act(self, key: UUID, act: WishAct, seen: Mapping[int, str], **arguments: Any) -> dict[int, str]:
        answer = await self._data.act(
            'act_on_waiting_list', key, act=act, entries=list(seen), seen=list(seen.values()), **arguments
        )
        return dict(zip(answer['entries'], answer['versions'], strict=True))


class ClientData:
    """Clients and what people do about them."""

    PAGE_SIZE, LARGEST_PAGE = 30, 500

    def __init__(self, data: Data) -> None:
        self._data = data

    async def page(
        self, query: ClientQuery, after: Mapping[str, Any] | None = None, *, size: int = PAGE_SIZE
    ) -> ClientPage:
        """A page of clients in the query's order, after a page's `next`."""
        key = {f'after_{name}': value for name, value in (after or {}).items()}
        return await self._data.one(
            ClientPage, 'page_of_clients', **filters_of(query), **key, sort=query.sort, page_size=size
        )

    async def all(self, query: ClientQuery) -> AsyncIterator[list[Client]]:
        """All rows of the query in the order of the list, in large pages; who moves meanwhile comes once."""
        known = set[UUID]()
        async for page in all_pages(self, query):
            yield [row for row in page.rows if row.id not in known]
            known |= {row.id for row in page.rows}

    async def count(self, query: ClientQuery) -> Count:
        """How many clients the query shows; an estimate beyond 10,000."""
        return await self._data.one(Count, 'count_clients', **filters_of(query))

    async def open(self, client: UUID) -> OpenClient:
        """A client's card. Raises NotFound, also for another salon's client."""
        return await self._data.one(OpenClient, 'open_client', client=client)

    async def write(self, key: UUID, client: UUID, text: str) -> None:
        """Let the bot write to a client. Raises Conflict when the client wants no messages."""
        await self._data.act('write_to_client', key, client=client, text=text)

    async def invite(self, key: UUID, client: UUID, text: str) -> None:
        """Let the bot invite a client back. Raises Conflict: wants no messages, is invited or booked already."""
        await self._data.act('invite_client', key, client=client, text=text)

    async def add_note(self, key: UUID, client: UUID, text: str) -> None:
        """Write something down about a client."""
        await self._data.act('add_client_note', key, client=client, text=text)

    async def remove_note(self, key: UUID, note: UUID) -> None:
        """Take a note away."""
        await self._data.act('remove_client_note', key, note=note)


class BroadcastData:
    """Broadcasts. Their acts are open to owners, `release` to the system."""

    def __init__(self, data: Data) -> None:
        self._data = data

    async def page(self, after: Mapping[str, Any] | None = None, *, size: int = 30) -> BroadcastPage:
        """A page of the salon's broadcasts, newest first, after a page's `next`."""
        key = {f'after_{name}': value for name, value in (after or {}).items()}
        return await self._data.own(BroadcastPage, 'page_of_broadcasts', **key, page_size=size)

    async def open(self, broadcast: UUID) -> OpenBroadcast:
        """One broadcast. Raises NotFound, also for another salon's, and StillCounting while clients are counted."""
        return await self._data.own(OpenBroadcast, 'open_broadcast', broadcast=broadcast)

    async def recipients(
        self,
        broadcast: UUID,
        status: RecipientStatus | None = None,
        after: Mapping[str, Any] | None = None,
        *,
        size: int = 50,
    ) -> RecipientPage:
        """A page of a broadcast's journal in the order of sending, after a page's `next`."""
        key = {f'after_{name}': value for name, value in (after or {}).items()}
        return await self._data.own(
            RecipientPage, 'page_of_recipients', broadcast=broadcast, status=status, **key, page_size=size
        )

    async def save(self, key: UUID, **fields: Any) -> UUID:
        """Write a draft, or change the `broadcast` whose version was `seen`; the fields are those of save_broadcast."""
        return UUID((await self._data.act('save_broadcast', key, **fields))['broadcast'])

    async def remove(self, key: UUID, broadcast: UUID) -> None:
        """Forget a draft."""
        await self._data.act('remove_broadcast', key, broadcast=broadcast)

    async def test(self, key: UUID, broadcast: UUID) -> None:
        """Send it to the salon's own chat."""
        await self._data.act('test_broadcast', key, broadcast=broadcast)

    async def send(self, key: UUID, broadcast: UUID, *, seen: int, expected: int) -> None:
        """Send a draft to whom it is meant for now; `expected` is how many that were on screen."""
        await self._data.act('send_broadcast', key, broadcast=broadcast, seen=seen, expected=expected)

    async def steer(self, key: UUID, broadcast: UUID, act: str) -> None:
        """`pause`, `resume` or `stop`. Raises Conflict when it stands otherwise by now."""
        await self._data.act('steer_broadcast', key, broadcast=broadcast, act=act)

    async def retry(self, key: UUID, broadcast: UUID) -> None:
        """Send again what nobody knows the end of."""
        await self._data.act('retry_broadcast', key, broadcast=broadcast)

    async def release(self) -> Release:
        """Hand over to the outbox what the pace allows now; only for the identity of the system."""
        return await self._data.own(Release, 'release_broadcasts')


class ViewData:
    """Filters of the clients that somebody gave a name."""

    def __init__(self, data: Data) -> None:
        self._data = data

    async def list(self) -> list[SavedView]:
        """The salon's, by name. Raises NotAllowed for who is no owner."""
        return (await self._data.own(SavedViews, 'list_views', page='clients')).views

    async def save(self, key: UUID, name: str, params: str) -> None:
        """Keep them under a name; one that is there already means these from now on."""
        await self._data.act('save_view', key, page='clients', name=name, params=params)

    async def remove(self, key: UUID, view: UUID) -> None:
        """Forget them."""
        await self._data.act('remove_view', key, view=view)


class ExportData:
    """Taking rows out of the dashboard."""

    def __init__(self, data: Data) -> None:
        self._data = data

    async def begin(self, key: UUID, what: str) -> None:
        """Say what is taken out, before the first row is read. Raises NotAllowed for employees."""
        await self._data.act('begin_export', key, what=what)

    async def end(self, key: UUID, number: int) -> None:
        """Say how many rows are handed over."""
        await self._data.call('end_export', key=key, number=number)


class SettingsData:
    """The settings of the salon in view, and for the platform how all salons are doing."""

    def __init__(self, data: Data) -> None:
        self._data = data

    async def read(self) -> SalonSettings:
        """What is wanted and what the bot uses. Raises NotAllowed for who is no owner."""
        return await self._data.own(SalonSettings, 'salon_settings')

    async def change(self, key: UUID, seen: int, changes: Mapping[str, SettingValue]) -> None:
        """Change settings by name; None takes a wish back. Raises Conflict with a `ChangedSettings` as details."""
        await self._data.act('change_settings', key, seen=seen, changes=dict(changes))

    async def salons(self) -> SalonList:
        """Every salon with its state; for the platform only."""
        return await self._data.own(SalonList, 'list_salons')

    async def create(self, key: UUID, salon: UUID, *, timezone: str, currency: str) -> None:
        """Give a salon that has none its row of settings; for the platform only."""
        await self._data.act('create_settings', key, salon=salon, timezone=timezone, currency=currency)


class AlertData:
    """What somebody should look at, and the rules for that."""

    PAGE_SIZE = 30

    def __init__(self, data: Data) -> None:
        self._data = data

    async def page(self, after: Mapping[str, Any] | None = None, *, size: int = PAGE_SIZE) -> AlertPage:
        """The open alerts with the rules, and a page of the closed ones, newest first; after the key of a page."""
        key = {f'after_{name}': value for name, value in (after or {}).items()}
        return await self._data.one(AlertPage, 'page_of_alerts', **key, page_size=size)

    async def count(self) -> AlertCount:
        """How many are open."""
        return await self._data.one(AlertCount, 'count_alerts')

    async def data_health(self) -> DataHealth:
        """What the bot's rows of the last 90 days break. Raises NotAllowed for employees."""
        return await self._data.own(DataHealth, 'data_health')

    async def acknowledge(self, key: UUID, alert: int) -> None:
        """Somebody has seen it. Raises NotAllowed for employees."""
        await self._data.act('acknowledge_alert', key, alert=alert)

    async def change_rule(self, key: UUID, kind: str, *, is_on: bool, threshold: str = '') -> None:
        """Switch a rule, and say from when on it speaks (as typed; empty: as usual). Raises Refused out of limits."""
        await self._data.act('change_alert_rule', key, kind=kind, is_on=is_on, threshold=threshold or None)


class CommandData:
    """Commands to the bot. All but `retry` is only for the identity of the system."""

    def __init__(self, data: Data) -> None:
        self._data = data

    async def claim(self, number: int) -> list[Command]:
        """Take up to so many commands that are due; nobody else gets them for a minute."""
        answer = await self._data.call('claim_commands', number=number)
        return parse(Commands, {'commands': answer}).commands

    async def settle(self, tries: Sequence[tuple[Command, Outcome]]) -> None:
        """Write down how sending commands ended."""
        await self._data.call(
            'settle_commands',
            commands=[command.id for command, _outcome in tries],
            leases=[command.lease for command, _outcome in tries],
            outcomes=[outcome.word for _command, outcome in tries],
            errors=[outcome.error for _command, outcome in tries],
            waits=[outcome.wait for _command, outcome in tries],
        )

    async def hurry(self) -> None:
        """Let no command wait for its next try any longer."""
        await self._data.call('hurry_commands')

    async def take_event(self, event: str, kind: str, data: dict[str, Any]) -> bool:
        """Take a callback of the bot whose signature was checked; False when it was taken before."""
        return bool(await self._data.call('take_bot_event', event=event, type=kind, data=data))

    async def count_refused(self, reason: str, number: int) -> None:
        """Add to the number of callbacks that were refused."""
        await self._data.call('count_refused_callbacks', reason=reason, number=number)

    async def retry(self, key: UUID, command: UUID) -> None:
        """Try one again that did not get through. Raises Conflict when it is under way already."""
        await self._data.act('retry_command', key, command=command)


class LiveData:
    """What the live feed needs; only for the identity of the system."""

    def __init__(self, data: Data) -> None:
        self._data = data

    async def touch_canary(self, process: str) -> str:
        """Touch this process's canary row; its change must come back through Realtime. Returns the moment written."""
        return str(await self._data.call('touch_canary', process=process))

    async def pulse(self) -> dict[str, dict[str, str | None]]:
        """Marks of the newest rows, by salon and table: what changed since the last one has another mark."""
        answer: dict[str, dict[str, str | None]] = await self._data.call('pulse')
        return answer

    async def forget_stored_day(self, tenant_id: UUID, session_id: UUID) -> None:
        """The bot changed an archived dialog: its day's stored figures no longer hold."""
        await self._data.call('forget_stored_day', tenant=tenant_id, session=session_id)


class JobData:
    """What jobs do for all salons; only for the identity of the system."""

    def __init__(self, data: Data) -> None:
        self._data = data

    async def salons(self) -> list[JobSalon]:
        """The salons that jobs look after, by name."""
        return parse(JobSalons, {'salons': await self._data.call('salons_for_jobs')}).salons

    async def begin_collection(self, salon: UUID, first: date | None, last: date | None) -> Collection:
        """Which days of a salon are to be stored: those of the period, else all that are missing; and changed ones."""
        period = {'first_day': first, 'last_day': last} if first and last else {}
        return parse(Collection, await self._data.call('begin_collection', tenant=salon, **period))

    async def collect_days(self, salon: UUID, first: date, last: date) -> int:
        """Store some days; how many these were. Raises TooSlow when it were too many."""
        return int(await self._data.call('collect_days', tenant=salon, first_day=first, last_day=last))

    async def end_collection(self, salon: UUID, collection: Collection) -> None:
        """All days of a collection are stored."""
        await self._data.call('end_collection', tenant=salon, begun=collection.begun.isoformat())

    async def check_alerts(self, salon: UUID) -> list[Notice]:
        """Open and close the salon's alerts; the ones that its chat is to be told of."""
        return parse(Notices, {'notices': await self._data.call('check_alerts', tenant=salon)}).notices

    async def notify_alert(self, notice: Notice, text: str) -> bool:
        """Give the bot a notice for the salon's chat, once for each alert; whether it was given now."""
        return bool(await self._data.call('notify_alert', alert=notice.id, text=text))

    async def digest_due(self, salon: UUID) -> Digest | None:
        """What the salon's daily letter tells; None when none is due."""
        answer = await self._data.call('digest_due', tenant=salon)
        return None if answer is None else parse(Digest, answer)

    async def send_digest(self, salon: UUID, digest: Digest, text: str) -> bool:
        """Give the bot the letter, once for each day; whether it was given now."""
        return bool(await self._data.call('send_digest', tenant=salon, day=digest.day.day, text=text))


class OperationsData:
    """What those who run the dashboard look at; for the system only."""

    def __init__(self, data: Data) -> None:
        self._data = data

    async def queues(self) -> dict[str, Any]:
        """Commands and broadcasts by their state."""
        answer: dict[str, Any] = await self._data.call('queues')
        return answer
