"""The platform's list of salons: how each is doing, a way into each, and settings for those that have none."""

from typing import Any

from nicegui import ui
from nicegui.elements.mixins.validation_element import ValidationElement

from devstack.demo.salons import SALON_B, SALONS
from pages.salons import SalonsView
from tests.pages.conftest import SmallSalon
from tests.simulated import Dashboard, Person, tell, until

NOBODYS = 'Салон для пробы'


def named(person: Person, label: str) -> list[ValidationElement[Any]]:
    elements = person.client.elements.values()
    return [e for e in elements if isinstance(e, ValidationElement) and e.props.get('label') == label]


async def test_the_platform_sees_every_salon_and_gives_a_new_one_its_settings(
    dashboard: Dashboard, small_salon: SmallSalon
) -> None:
    person = await dashboard.signed_in('platform', '/salons')
    await person.sees(*(salon.name for salon in SALONS), NOBODYS, 'нет настроек', 'ни разу', 'открыт сейчас')
    person.click('Создать настройки')
    await until(lambda: named(person, 'Валюта'))
    with person.client:
        named(person, 'Часовой пояс')[0].set_value('Asia/Almaty')
        named(person, 'Валюта')[0].set_value('KZT')
    tell([element for element in person.client.elements.values() if element.tag == 'form'][-1], 'submit')
    await person.sees('Настройки созданы.', 'Алматы, UTC+5')
    assert 'нет настроек' not in person.texts()
    made = 'select timezone, currency from dashboard.tenant_settings where tenant_id = %s'
    assert small_salon.db.execute(made, (small_salon.id,)).fetchone() == ('Asia/Almaty', 'KZT')


async def test_a_salon_is_opened_from_the_list(dashboard: Dashboard) -> None:
    person = await dashboard.signed_in('platform', '/salons')
    view = person.view
    assert isinstance(view, SalonsView) and view.known
    (salon,) = [salon for salon in view.known.salons if str(salon.id) == SALON_B.id]
    with person.client:
        await view.open_salon(salon)
    await until(lambda: person.sent_to == ['/'])
    again = await dashboard.another_tab(person, '/salons')
    assert again.session.salon and str(again.session.salon.id) == SALON_B.id


async def test_refused_callbacks_are_counted_by_reason(dashboard: Dashboard) -> None:
    dashboard.run("insert into dashboard.refused_callbacks values ((now() at time zone 'utc')::date, 'forged', 1204)"
                  ' on conflict (day, reason) do update set number = 1204')  # fmt: skip
    person = await dashboard.signed_in('platform', '/salons')
    await person.sees('с неверной подписью', '1\u00a0204')
    dashboard.run('delete from dashboard.refused_callbacks')


async def test_nobody_but_the_platform_comes_in(dashboard: Dashboard) -> None:
    for name in ('owner', 'staff', 'stranger'):
        person = await dashboard.signed_in(name, '/salons')
        assert person.view is None
        assert not [link for link in person.all(ui.link) if link.props['href'] == '/salons']
    assert dashboard.run("select count(*) > 0 from dashboard.audits where action = 'refused'") == [(True,)]
