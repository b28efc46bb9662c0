"""Alerts: what somebody should look at now, the rules for that, and what was.

Its one rule: alerts come and go by themselves (jobs/alerts.py); a person says "I see to it" and sets the rules.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar
from uuid import uuid4

from nicegui import ui

from components.alert_list import alert_card, alert_lines, rule_rows
from components.alert_texts import KINDS, rule_name, unit_text
from components.button import button
from components.form import Form
from components.i18n import N_, _, format_ago, format_day_time
from components.link import link
from components.page_head import page_head, section
from components.place import Place
from components.states import empty_state, error_state, note, skeleton_rows
from components.toast import Toast
from data import DataError
from models import Alert, AlertPage, AlertRule, Role
from pages import page
from pages.view import View, explain

LONGEST_PAGE = 200
LOOK_AGAIN_SECONDS = 60.0
LONGEST_PAUSE = timedelta(minutes=5)
"""The jobs look once a minute: after this nobody looks any more."""


@page('/alerts', title=N_('Alerts'), icon='alerts', allowed=Role.STAFF)
class AlertsView(View):
    """The open alerts, the rules, and the alerts that are over."""

    reloads_on: ClassVar[tuple[str, ...]] = ('alerts', 'tenant_settings')

    def build(self) -> None:
        self.known: AlertPage | None = None
        self.closed: list[Alert] = []
        self.next: dict[str, Any] | None = None
        self.toast = Toast()
        with page_head(_('Alerts'), _('What somebody should look at now')):
            if self.may_act:
                link(_('State of the data'), to='/data-health')
        self.place = Place(ui.element('div').classes('stack alerts'))
        with self.place.root:
            skeleton_rows(4)
        ui.timer(LOOK_AGAIN_SECONDS, self.load, immediate=False)

    @property
    def is_watched(self) -> bool:
        """Whether somebody had looked for alerts shortly before the page was read."""
        checked = self.known.checked_at if self.known else None
        return checked is not None and (self.read_at or datetime.now(UTC)) - checked <= LONGEST_PAUSE

    @property
    def may_act(self) -> bool:
        """Whether this person sees to alerts and sets rules."""
        return self.session.user.role.covers(Role.ADMIN)

    # --- reading

    async def fetch(self) -> None:
        self.known = read = await self.data.alerts.page(size=min(max(30, len(self.closed)), LONGEST_PAGE))
        self.closed, self.next = read.rows, read.next

    async def more(self) -> None:
        """Read the next page of those that are over."""
        key = self.next
        if key is None:
            return
        try:
            read = await self.data.alerts.page(key)
        except DataError as error:
            if self.is_open:
                self.toast.show(explain(error))
            return
        if key == self.next and self.is_open:
            self.closed, self.next = [*self.closed, *read.rows], read.next
            with self.root:
                self.draw()

    # --- drawing

    def draw(self) -> None:
        known = self.known
        assert known
        ages = [format_ago(row.since) for alert in known.open for row in alert.rows]
        shown = known.model_copy(update={'checked_at': None}) if self.is_watched else known
        if self.place.is_new(shown, self.closed, self.next, ages, self.is_watched, self.salon.timezone):
            with self.place.root:
                if not self.is_watched:
                    self._draw_unwatched(known)
                self._draw_open(known)
                self._draw_rules(known)
                self._draw_closed()

    def _draw_open(self, known: AlertPage) -> None:
        if not known.open and self.is_watched:
            text = _('When clients wait, the bot falls silent or the figures break, it says so here and in the header.')
            empty_state(_('All is well'), text, icon_name='check')
        for alert in known.open:
            alert_card(alert, zone=self.salon.timezone, on_seen=self.acknowledge if self.may_act else None)

    def _draw_unwatched(self, known: AlertPage) -> None:
        title = _('Nobody is looking for alerts now')
        text = _('There was no look yet: the background work of the dashboard does not run. Tell whoever runs it.')
        if known.checked_at:
            text = _('The last look was at {time}. What came after it is not shown. Tell whoever runs the dashboard.')
            text = text.format(time=format_day_time(known.checked_at, self.salon.timezone))
        note(text, title=title)

    def _draw_rules(self, known: AlertPage) -> None:
        with section(_('Rules'), _('when an alert is opened'), classes='rules-card'):
            if not known.has_chat:
                note(_('The bot knows no chat of the salon, so alerts and letters are shown here only.'), tone='info')
                if self.may_act:
                    link(_('Set the chat for notices'), to='/settings')
            rule_rows(known.rules, on_change=RuleForm(self).open if self.may_act else None)

    def _draw_closed(self) -> None:
        with section(_('Past alerts'), _('newest first'), classes='alerts-card'):
            if not self.closed:
                ui.label(_('No alert is over yet.')).classes('muted')
            alert_lines(self.closed, zone=self.salon.timezone)
            if self.next:
                with ui.element('div').classes('dialog-more'):
                    button(_('Show more'), on_click=self.more)

    def show_error(self, error: DataError) -> None:
        self.place.clear()
        with self.place.root:
            error_state(explain(error), on_retry=self.load)

    # --- acts

    async def acknowledge(self, alert: Alert) -> None:
        """This person sees to it: the salon's chat is not told any more."""
        if await self.attempt(self.data.alerts.acknowledge(uuid4(), alert.id), fail=self.tell):
            await self.load()

    def tell(self, text: str, *, field: str | None = None) -> None:
        self.toast.show(text)


class RuleForm:
    """Asks whether a rule is wanted, and from when on it speaks."""

    def __init__(self, view: AlertsView) -> None:
        self.view = view

    def open(self, rule: AlertRule) -> None:
        """Show the form for a rule."""
        self.rule = rule
        form = Form(rule_name(rule.kind), submit=_('Save'), on_submit=self._send, hint=_(KINDS[rule.kind].hint))
        self.switch = form.switch(_('Tell me of it'), value=rule.is_on)
        if rule.lowest is not None and rule.highest is not None and rule.usual is not None:
            limits = _('{lowest} to {highest}; empty: {usual}, as usual').format(
                lowest=unit_text(rule.kind, rule.lowest),
                highest=unit_text(rule.kind, rule.highest),
                usual=unit_text(rule.kind, rule.usual),
            )
            form.text('threshold', _('Threshold'), str(rule.threshold), longest=9, hint=limits).props(
                'inputmode=numeric'
            )
        form.open()

    async def _send(self, form: Form) -> None:
        threshold = form.value('threshold') if 'threshold' in form else ''
        act = self.view.data.alerts.change_rule(
            form.key, self.rule.kind, is_on=bool(self.switch.value), threshold=threshold
        )
        if await self.view.attempt(act, fail=form.fail):
            form.close()
            self.view.toast.show(_('Saved. It counts from the next look, within a minute.'))
            await self.view.load()
