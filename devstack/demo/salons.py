"""The three demo salons: their hours, people, services and how the bot stores their settings.

Rule: ids are fixed, so that tests, links and documentation may name them.
"""

from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo


@dataclass(frozen=True)
class Service:
    """What a salon sells; price in rubles."""

    id: str
    title: str
    price: int
    minutes: int


@dataclass(frozen=True)
class Specialist:
    """Who does the work; ids as YClients gives them."""

    id: str
    name: str


@dataclass(frozen=True)
class Salon:
    """One tenant. `share` is its part of all dialogs, `opens` and `closes` are hours of the salon's day."""

    id: str
    name: str
    slug: str | None
    timezone: str
    address: str
    share: float
    opens: int
    closes: int
    telegram_share: float
    services: tuple[Service, ...]
    specialists: tuple[Specialist, ...]
    metadata: dict[str, Any] = field(hash=False)

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.timezone)


def _services(start: int, *rows: tuple[str, int, int]) -> tuple[Service, ...]:
    return tuple(Service(str(start + 37 * n), title, price, minutes) for n, (title, price, minutes) in enumerate(rows))


def _specialists(start: int, *names: str) -> tuple[Specialist, ...]:
    return tuple(Specialist(str(start + 113 * n), name) for n, name in enumerate(names))


SALON_A = Salon(
    id='a0000000-0000-4000-8000-000000000001',
    name='Студия «Облепиха»',
    slug='oblepiha',
    timezone='Europe/Moscow',
    address='ул. Яблоневая, 14',
    share=0.5,
    opens=9,
    closes=21,
    telegram_share=0.7,
    services=_services(
        10_400_100,
        ('Маникюр с покрытием', 2200, 90),
        ('Маникюр без покрытия', 1200, 60),
        ('Педикюр', 2800, 90),
        ('Женская стрижка', 2500, 60),
        ('Окрашивание в один тон', 5200, 150),
        ('Сложное окрашивание', 9000, 240),
        ('Укладка', 1800, 45),
        ('Ламинирование ресниц', 2600, 75),
        ('Коррекция бровей', 900, 30),
        ('Свадебный образ', 28000, 300),
    ),
    specialists=_specialists(1_184_300, 'Алёна', 'Вера', 'Жанна', 'Инна', 'Соня', 'Рита'),
    metadata={
        'yclients_company_id': 410_001,
        'yclients_token': 'demo-secret-a-yclients-7f3c',
        'telegram_bot_token': '700001:demo-secret-a-telegram',
        'telegram_bot_enabled': True,
        'admin_chat_id': 500100,
        'salon_name': 'Студия «Облепиха»',
        'welcome_message': 'Здравствуйте! Я помогу записаться в студию «Облепиха».',
        'closing_time': '21:00',
        'enable_gap_filtering': True,
        'current_branch': {
            'id': 1,
            'name': 'На Яблоневой',
            'phone': '+7 900 100-20-30',
            'address': 'ул. Яблоневая, 14',
        },
    },
)
SALON_B = Salon(
    id='b0000000-0000-4000-8000-000000000002',
    name='Салон «Северный лён»',
    slug='severny-lyon',
    timezone='Asia/Vladivostok',
    address='Портовый переулок, 3',
    share=0.3,
    opens=10,
    closes=20,
    telegram_share=0.35,
    services=_services(
        20_700_500,
        ('Мужская стрижка', 1400, 45),
        ('Стрижка и борода', 2100, 75),
        ('Детская стрижка', 1000, 40),
        ('Женская стрижка', 2000, 60),
        ('Тонирование', 3400, 90),
        ('Уход для волос', 1900, 40),
        ('Массаж головы', 1100, 30),
    ),
    specialists=_specialists(2_271_050, 'Глеб', 'Захар', 'Майя', 'Нелли'),
    metadata={
        'yclients': {'company_id': 520_002, 'branch_id': 2, 'user_token': 'demo-secret-b-yclients-91aa'},
        'telegram': {'admin_chat_id': '500200'},
        'settings': {'closing_time': '20:00', 'enable_gap_filtering': False},
    },
)
SALON_C = Salon(
    id='c0000000-0000-4000-8000-000000000003',
    name='Кабинет «Мята и соль»',
    slug=None,
    timezone='Europe/Kaliningrad',
    address='Янтарная набережная, 27',
    share=0.2,
    opens=8,
    closes=22,
    telegram_share=0.55,
    services=_services(
        30_100_900,
        ('Чистка лица', 3600, 90),
        ('Пилинг', 2900, 60),
        ('Массаж лица', 2400, 50),
        ('Массаж спины', 3200, 60),
        ('Шугаринг', 1700, 45),
        ('Программа на весь день', 41000, 420),
    ),
    specialists=_specialists(3_340_700, 'Лада', 'Эмма', 'Ярослава'),
    metadata={
        'yclients_salon_id': '630003',
        'yclients_token': 'demo-secret-c-yclients-c0de',
        'closing_time_override': '22:00',
        'salon_name': '',
    },
)
SALONS = (SALON_A, SALON_B, SALON_C)
