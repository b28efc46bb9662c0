"""What may be wrong with the bot's rows, in words, and what it costs.

The one rule: every rule says which figures leave its rows out, as docs/METRICS.md defines them.
"""

from __future__ import annotations

from components.translate import N_, _

FLAWS = {
    'no_dialog': (
        N_('Messages without a dialog'),
        N_('They count for the dialog in whose time they were written; outside of any they count nowhere')),
    'no_status': (
        N_('Dialogs without an outcome'), N_('They count in every figure, but no filter by outcome finds them')),
    'unknown_status': (
        N_('Dialogs with an unknown outcome'), N_('They count in every figure, but no filter by outcome finds them')),
    'unknown_intent': (
        N_('Dialogs with an unknown wish'), N_('They count as “wanted to book” only when a step or a booking says so')),
    'unknown_channel': (
        N_('Dialogs from an unknown channel'), N_('They are found as “another channel”; all figures count them')),
    'unknown_step': (
        N_('Clients who left at an unknown step'), N_('They count as “wanted to book” and in none of the later steps')),
    'no_amount': (
        N_('Bookings without an amount'), N_('They count as bookings; revenue and the average booking leave them out')),
    'odd_amount': (
        N_('Bookings with an impossible amount'),
        N_('What is no number is left out of revenue; a negative amount lowers it')),
    'other_currency': (
        N_('Amounts in another currency'), N_('They are listed beside the revenue and never added to it')),
    'no_time': (
        N_('Bookings without a time'), N_('They are no visits: visit intervals and “overdue” leave them out')),
    'ended_before_start': (
        N_('Dialogs that end before they begin'), N_('Older messages of the client may miss them')),
    'no_meta': (
        N_('Dialogs without notes of the bot'), N_('No services, specialists, steps and moods are known of them')),
    'archived_twice': (
        N_('Dialogs archived twice'), N_('They count twice as dialogs; a booking counts once')),
    'unknown_role': (
        N_('Messages of an unknown author'), N_('They are shown; the response time leaves them out')),
    'unreadable_phone': (
        N_('Phones that cannot be read'), N_('Search by phone does not find them, and nobody can call from the card')),
    'unreadable_day': (
        N_('Wished days that cannot be read'), N_('The wish counts as “any day”')),
}  # fmt: skip
"""The rules by their words in the database: what is wrong, and what it costs."""


def flaw_name(rule: str) -> str:
    """What is wrong; a word that nobody knows is shown as it is."""
    return _(FLAWS[rule][0]) if rule in FLAWS else rule[:100]


def flaw_cost(rule: str) -> str:
    """Which figures leave such rows out."""
    return _(FLAWS[rule][1]) if rule in FLAWS else ''
