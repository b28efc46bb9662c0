"""Why the database refused something, in words.

The one rule: the database answers with a word of this list; whatever else it says is never shown to people.
"""

from __future__ import annotations

from components.i18n import N_, _

REASONS = {
    'required': N_('This is needed.'),
    'too_long': N_('This is too long.'),
    'not_failed': N_('This is on its way already, or was tried again meanwhile.'),
    'amount_range': N_('This is no amount between 0 and 10,000,000 with two decimal places at most.'),
    'in_the_past': N_('This time has passed already.'),
    'too_far': N_('This is more than two years ahead.'),
    'after_the_visit': N_('The answer must come before the visit.'),
    'number_of_entries': N_('This can be done for 1 to 200 entries at once.'),
    'status_does_not_fit': N_('The entry does not stand like that any more. Nothing was changed.'),
    'offered_already': N_('A time has been offered already, and the client has not answered yet.'),
    'nothing_changed': N_('Nothing was changed.'),
    'not_in_list': N_('Choose one from the list.'),
    'time_format': N_('Enter a time like 09:30.'),
    'same_times': N_('This is the same time as the beginning.'),
    'both_or_none': N_('Enter both times, or none.'),
    'phone_format': N_('There is no phone number in this.'),
    'chat_id_format': N_('This is a number, for groups with a minus in front.'),
    'digits_only': N_('This is a number with digits only.'),
    'has_settings': N_('The salon has settings already.'),
    'no_email': N_('This is no e-mail address.'),
    'email_taken': N_('This e-mail is in use already; invite the person with another one.'),
    'no_such_role': N_('There is no such role.'),
    'no_such_salon': N_('There is no such salon.'),
    'own_account': N_('You cannot do this with your own account.'),
    'switched_off': N_('The person is switched off. Switch the account on first.'),
    'password_elsewhere': N_('This person signs in with the platform’s common account: its password is changed there.'),
    'last_super_admin': N_('This is the last platform administrator; somebody must stay.'),
    'password_short': N_('At least 12 characters, please.'),
    'password_long': N_('This is too long: at most 72 bytes, which is 36 Cyrillic or 72 Latin letters.'),
    'password_email': N_('The e-mail is no good password.'),
    'password_differs': N_('The two are not the same.'),
    'password_same': N_('This is the password you have already.'),
    'password_wrong': N_('This is not your present password.'),
    'password_unavailable': N_('The data store does not answer. Nothing was changed; please try again.'),
    'outdated': N_('Something else was decided since, or the time has passed: this is not sent any more.'),
    'perhaps_received': N_(
        'When this was sent the bot did not answer, and by now it has forgotten it: the client might get it twice.'
        ' Write a new message if it is still needed.'
    ),
    'with_its_broadcast': N_('A message of a broadcast is sent again on the page of the broadcast.'),
    'opted_out': N_('The client does not want messages.'),
    'out_of_limits': N_('Enter a whole number within the limits below the field.'),
    'invited_recently': N_('The client was invited less than 30 days ago.'),
    'booked_already': N_('The client has a visit ahead already.'),
    'unknown_field': N_('There is a field in braces that nobody can fill. Choose one of those below the text.'),
    'days_range': N_('Enter a number of days from 0 to 365.'),
    'too_far_for_a_broadcast': N_('This is more than a year ahead.'),
    'nobody': N_('Nobody would get this now.'),
    'sent_already': N_('This broadcast has been sent already.'),
    'still_counting': N_('The clients are being counted. Please try again in a moment.'),
    'status_changed': N_('Somebody was faster: the broadcast does not stand like that any more.'),
    'nothing_to_retry': N_('There is nothing left to try again.'),
    'no_admin_chat': N_('The salon has no chat of its own yet. Enter its number in the settings.'),
    'nothing_to_save': N_('No filter is chosen, so there is nothing to save.'),
    'stopped': N_('the broadcast was stopped'),
    'refused': N_('The bot refused it.'),
    'not_taken': N_('The bot did not take it for a whole day.'),
}


def reason_text(reason: str, otherwise: str = '') -> str:
    """The words for a reason; for an unknown one `otherwise`, or that something is not right."""
    text = REASONS.get(reason)
    return _(text) if text else otherwise or _('This is not possible like that. Please check what you entered.')


def needs_bot_text(*, is_reachable: bool) -> str:
    """Why what needs the bot cannot be done now; empty when it can."""
    return '' if is_reachable else _('The bot does not answer, so this is not possible now.')
