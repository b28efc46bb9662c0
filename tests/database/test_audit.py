"""The audit as a list: whose lines somebody reads, what the filters ask for, and that a page follows the other."""

import json
from typing import Any
from uuid import uuid4

import pytest

from devstack.demo.salons import SALON_A, SALON_B
from tests.conftest import AsRole, Connection

A, B = SALON_A.id, SALON_B.id
OWNER = {'app_role': 'admin', 'tenant_id': A, 'sub': '1'}
STRANGER = {'app_role': 'admin', 'tenant_id': B, 'sub': '3'}
PLATFORM = {'app_role': 'super_admin', 'tenant_id': A, 'sub': '4'}
NOBODY: tuple[dict[str, str], ...] = (
    {'app_role': 'staff', 'tenant_id': A, 'sub': '2'},
    {},
    {'app_role': 'root', 'tenant_id': A},
)


@pytest.fixture
def lines(db: Connection) -> str:
    """Lines of one kind: two of salon A, one of B, one of the platform in A, one of nobody; the kind."""
    kind = f'kind_{uuid4().hex[:8]}'
    db.cursor().executemany(
        'insert into dashboard.audits (user_id, tenant_id, action, description, metadata, created_at)'
        " values (%s, %s, %s, %s, %s, (now() at time zone 'utc') - %s::interval)",
        [(1, A, kind, 'Первая запись 100%', '{"before": {"x": 1}}', '1 s'), (2, A, kind, 'Вторая', None, '2 s'),
         (3, B, kind, 'чужая', None, '3 s'), (4, A, kind, 'платформа', None, '4 s'),
         (None, None, kind, 'x@y', None, '5 s')],
    )  # fmt: skip
    return kind


def ask(as_role: AsRole, who: dict[str, str], function: str = 'page_of_audit', **given: Any) -> Any:
    with as_role(**who) as db:
        named = ', '.join(f'{name} => %s' for name in given)
        row = db.execute(f'select dashboard.{function}({named})'.encode(), list(given.values())).fetchone()
    assert row
    return row[0]


def texts(page: Any) -> list[str]:
    return [row['description'] for row in page['rows']]


def test_an_owner_reads_the_own_salons_lines_and_the_platform_all(as_role: AsRole, lines: str) -> None:
    assert texts(ask(as_role, OWNER, action=lines)) == ['Первая запись 100%', 'Вторая', 'платформа']
    assert texts(ask(as_role, STRANGER, action=lines)) == ['чужая']
    assert len(texts(ask(as_role, PLATFORM, action=lines))) == 5
    assert texts(ask(as_role, PLATFORM, action=lines, salon=B)) == ['чужая']
    assert texts(ask(as_role, OWNER, action=lines, salon=B)) == texts(ask(as_role, OWNER, action=lines))


@pytest.mark.parametrize('who', NOBODY)
def test_nobody_else_reads_a_line(as_role: AsRole, lines: str, who: dict[str, str]) -> None:
    assert ask(as_role, who, action=lines) == {'rows': [], 'next': None}
    assert ask(as_role, who, 'count_audit', action=lines)['rows'] == 0
    assert ask(as_role, who, 'audit_people') == {'people': []}


def test_people_of_the_platform_have_no_name_in_front_of_an_owner(as_role: AsRole, lines: str) -> None:
    rows = ask(as_role, OWNER, action=lines)['rows']
    assert [(bool(row['name']), row['is_platform'], row['salon']) for row in rows] == [
        (True, False, None), (True, False, None), (False, True, None)]  # fmt: skip
    assert all(row['name'] for row in ask(as_role, PLATFORM, action=lines)['rows'] if row['user_id'])
    names = json.dumps(ask(as_role, OWNER, 'audit_people'), ensure_ascii=False)
    assert 'platform' not in names
    assert len(ask(as_role, OWNER, 'audit_people')['people']) == 2


@pytest.mark.parametrize(('given', 'found'), [
    ({'search': 'ПЕРВАЯ'}, 1), ({'search': '%'}, 1), ({'search': '_'}, 0), ({'person': 2}, 1), ({'person': 3}, 0),
    ({'action': 'no such'}, 0),
])  # fmt: skip
def test_filters(as_role: AsRole, lines: str, given: dict[str, Any], found: int) -> None:
    given = {'action': lines, **given}
    assert len(ask(as_role, OWNER, **given)['rows']) == ask(as_role, OWNER, 'count_audit', **given)['rows'] == found


def test_a_day_is_the_salons_own(as_role: AsRole, db: Connection, lines: str) -> None:
    db.execute("update dashboard.audits set created_at = '2026-03-09 21:30' where action = %s", (lines,))
    zone = SALON_A.timezone
    (day,) = db.execute("select ('2026-03-09 21:30+00'::timestamptz at time zone %s)::date", (zone,)).fetchone() or ()
    given = {'action': lines, 'first_day': day, 'last_day': day}
    assert len(ask(as_role, OWNER, **given)['rows']) == 3
    assert ask(as_role, OWNER, 'count_audit', **given) == {'rows': 3, 'is_exact': True}
    assert ask(as_role, OWNER, action=lines, first_day=day.replace(day=day.day + 1)) == {'rows': [], 'next': None}


def test_pages_bring_every_line_once_however_equal_their_times(as_role: AsRole, db: Connection, lines: str) -> None:
    db.execute("update dashboard.audits set created_at = '2026-03-09 12:00' where action = %s", (lines,))
    found: list[Any] = []
    after: Any = {}
    while after is not None:
        page = ask(as_role, PLATFORM, action=lines, page_size=2, **after)
        found += [row['id'] for row in page['rows']]
        after = page['next'] and {'after_at': page['next']['at'], 'after_id': page['next']['id']}
    assert len(found) == 5
    assert found == sorted(set(found), reverse=True)


def test_more_than_ten_thousand_are_not_counted_to_the_end(as_role: AsRole, db: Connection) -> None:
    db.execute(
        "insert into dashboard.audits (tenant_id, action) select %s, 'many' from generate_series(1, 10002)", (A,)
    )
    assert ask(as_role, OWNER, 'count_audit', action='many') == {'rows': 10000, 'is_exact': False}


def test_the_answer_of_an_act_is_not_in_the_list(as_role: AsRole, db: Connection, lines: str) -> None:
    db.execute('update dashboard.audits set answer = \'{"link": "geheim"}\' where action = %s', (lines,))
    assert 'geheim' not in json.dumps(ask(as_role, PLATFORM, action=lines))
