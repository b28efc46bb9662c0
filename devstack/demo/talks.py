"""What is said in a dialog: who writes what, and when. Rule: a talk ends where its outcome says."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from devstack.demo import words
from devstack.demo.clients import Client
from devstack.demo.salons import Salon, Service, Specialist

STAGES = ('service_selection', 'staff_selection', 'date_selection', 'time_selection')
HALF_HOURS = 2


def spoken(day: date) -> str:
    """`12 мая`, as people and the bot write dates."""
    return f'{day.day} {words.MONTHS[day.month - 1]}'


@dataclass(frozen=True)
class Choice:
    """What the client wants: one to three services, a specialist, a day and a time of the salon's zone."""

    services: tuple[Service, ...]
    staff: Specialist
    day: date
    at: time

    @property
    def title(self) -> str:
        return ' + '.join(service.title.lower() for service in self.services)

    @property
    def price(self) -> int:
        return sum(service.price for service in self.services)

    def moment(self, salon: Salon) -> datetime:
        return datetime.combine(self.day, self.at, salon.zone).astimezone(UTC)


def choose(chance: random.Random, client: Client, started: datetime) -> Choice:
    """People mostly come back to the same service and the same specialist."""
    salon = client.salon
    first = client.service if chance.random() < 0.6 else min(int(chance.expovariate(0.45)), len(salon.services) - 1)
    services = [salon.services[first]]
    while chance.random() < 0.14 and len(services) < 3:
        services.append(salon.services[chance.randrange(len(salon.services) - 1)])
    staff = salon.specialists[client.staff if chance.random() < 0.7 else chance.randrange(len(salon.specialists))]
    day = started.astimezone(salon.zone).date() + timedelta(days=1 + int(chance.expovariate(0.28)))
    slot = chance.randrange(salon.opens * HALF_HOURS, (salon.closes - 1) * HALF_HOURS)
    return Choice(tuple(dict.fromkeys(services)), staff, day, time(slot // HALF_HOURS, 30 * (slot % HALF_HOURS)))


Line = tuple[str, str, datetime]


class Talk:
    """The lines of one dialog as they come."""

    def __init__(self, chance: random.Random, client: Client, started: datetime, choice: Choice) -> None:
        self.chance = chance
        self.client = client
        self.choice = choice
        self.at = started
        self.lines: list[Line] = []

    def texts(self) -> dict[str, object]:
        """The values that sentences may name."""
        choice, salon, chance = self.choice, self.client.salon, self.chance
        days = [choice.day + timedelta(days=n) for n in (0, 1, 3)]
        times = [choice.at, time((choice.at.hour + 2) % 24, choice.at.minute), time((choice.at.hour + 3) % 24, 0)]
        return {
            'service': choice.title,
            'price': choice.price,
            'minutes': sum(service.minutes for service in choice.services),
            'staff': choice.staff.name,
            'staff_list': ', '.join({person.name: 1 for person in (choice.staff, *salon.specialists[:3])}),
            'salon': salon.name,
            'day': spoken(choice.day) if chance.random() < 0.7 else f'в {words.WEEKDAYS[choice.day.weekday()]}',
            'day_list': ', '.join(spoken(day) for day in days),
            'time': f'{choice.at:%H:%M}',
            'time_list': ', '.join(f'{at:%H:%M}' for at in sorted(times)),
            'open': f'{salon.opens}:00',
            'close': f'{salon.closes}:00',
            'address': salon.address,
        }

    def say(self, role: str, text: str, seconds: float) -> None:
        if self.lines:
            self.at += timedelta(seconds=seconds)
        self.lines.append((role, text, self.at))

    def user(self, *options: str) -> None:
        """The client takes seconds or minutes, and sometimes writes a second line at once."""
        text = self._pick(options)
        self.say('user', text, 6 + self.chance.expovariate(1 / 45))
        if self.chance.random() < 0.06:
            self.say('user', self.chance.choice(words.SMALL_TALK), 3 + self.chance.random() * 20)

    def bot(self, *options: str) -> None:
        """The bot answers within 2 to 30 seconds."""
        self.say('assistant', self._pick(options), min(30.0, 2 + self.chance.expovariate(1 / 5)))

    def _pick(self, options: tuple[str, ...]) -> str:
        text = self.chance.choice(options)
        return text.format_map(self.values) if '{' in text else text

    @property
    def values(self) -> dict[str, object]:
        if not hasattr(self, '_values'):
            self._values = self.texts()
        return self._values

    # --- the courses that a dialog may take

    def greet(self, *options: str) -> None:
        text = self._pick(options)
        greeting = self.chance.choice(words.GREETINGS)
        self.user_line(f'{greeting} {text}'.strip())

    def user_line(self, text: str) -> None:
        self.say('user', text, 6 + self.chance.expovariate(1 / 45))

    def question(self) -> None:
        question, answer = self.chance.choice(words.QUESTIONS)
        self.user(question)
        self.bot(answer)

    def booking(self, stage: str | None) -> None:
        """Asks, then chooses service, specialist, day and time; ends at `stage`, or with a booking when it is None."""
        self.greet(*words.ASK_BOOKING)
        if self.chance.random() < 0.3:
            self.bot('Минутку, уточню у мастеров.')
            self.question()
        steps: tuple[tuple[str, tuple[str, ...], tuple[str, ...]], ...] = (
            ('service_selection', words.ASK_SERVICE, words.SAY_SERVICE),
            ('staff_selection', words.ASK_STAFF, words.SAY_STAFF),
            ('date_selection', words.ASK_DATE, words.SAY_DATE),
            ('time_selection', words.ASK_TIME, words.SAY_TIME),
        )
        for name, asked, said in steps:
            self.bot(*asked)
            if name == stage:
                self.leave()
                return
            self.user(*said)
        self.bot(*words.CONFIRM)
        if self.chance.random() < 0.75:
            self.user(*words.THANKS)
            self.bot(*words.WELCOME)

    def leave(self) -> None:
        course = self.chance.random()
        if course < 0.45:
            self.user(*words.LEAVING)
            self.bot('Хорошо! Напишите, когда будете готовы.')
        elif course < 0.75:
            self.say('assistant', self.chance.choice(words.NUDGES), 900 + self.chance.random() * 1800)

    def info(self) -> None:
        question, answer = self.chance.choice(words.QUESTIONS)
        self.greet(question)
        self.bot(answer)
        for _ in range(self.chance.randrange(3)):
            self.question()

    def reschedule(self) -> None:
        self.greet(*words.RESCHEDULE)
        self.bot(words.RESCHEDULE_FOUND)
        self.user(*words.SAY_DATE)
        self.bot(*words.ASK_TIME)
        self.user(*words.SAY_TIME)
        self.bot(words.RESCHEDULE_DONE)
        self.user(*words.THANKS)

    def cancel(self) -> None:
        self.greet(*words.CANCEL)
        self.bot(words.CANCEL_FOUND)
        self.user('Да', 'да, отмените', 'Да, не получается')
        self.bot(*words.CANCEL_DONE)

    def escalate(self) -> None:
        self.user(*words.ESCALATE)
        self.bot(words.ESCALATED)
        self.say('system', words.SYSTEM, 1)
        self.say('operator', self.chance.choice(words.OPERATOR), 120 + self.chance.random() * 900)
        if self.chance.random() < 0.5:
            self.user(*words.THANKS)

    def nothing(self) -> None:
        self.user(*words.NO_INTENT)
        if self.chance.random() < 0.6:
            self.bot('Спасибо! Если захотите записаться, просто напишите.')

    def hostile(self) -> None:
        """A few lines that break careless pages, one of them 20,000 characters long."""
        self.user_line(self.chance.choice(words.HOSTILE_MESSAGES))
        if self.chance.random() < 0.2:
            self.user_line((words.LONG_SENTENCE * 300)[:20_000])
        self.bot('Извините, я не поняла. Записать вас на услугу?')


def courses(talk: Talk) -> dict[str | None, Callable[[], None]]:
    """The course of a dialog that is not about a booking, by its intent."""
    return {
        'info': talk.info,
        'inquiry': talk.info,
        'reschedule': talk.reschedule,
        'cancel': talk.cancel,
        'canceled': talk.cancel,
        None: talk.nothing,
    }
