"""The demo's own accounts and the salons' settings in `dashboard`. Rule: no fixed password."""

from typing import Any

import bcrypt
import psycopg

from devstack.demo.salons import SALON_A, SALON_B, SALONS

BCRYPT_COST = 12
# e-mail, first name, last name, role, salon
ACCOUNTS = (
    ('owner@demo.salon', 'Ольга', 'Ветрова', 'admin', SALON_A.id),
    ('staff@demo.salon', 'Света', 'Ручьёва', 'staff', SALON_A.id),
    ('stranger@demo.salon', 'Борис', 'Чужов', 'admin', SALON_B.id),
    ('platform@demo.salon', 'Павел', 'Платформин', 'super_admin', None),
)


def has_table(connection: psycopg.Connection[Any], name: str) -> bool:
    row = connection.execute('select to_regclass(%s) is not null', (name,)).fetchone()
    return bool(row and row[0])


def create_accounts(connection: psycopg.Connection[Any], password: str) -> None:
    """The four people of the demo and their salons' zones."""
    if has_table(connection, 'dashboard.tenant_settings'):
        connection.cursor().executemany(
            'insert into dashboard.tenant_settings (tenant_id, timezone, currency) values (%s, %s, %s)',
            [(salon.id, salon.timezone, 'RUB') for salon in SALONS],
        )
    if has_table(connection, 'dashboard.users'):
        digest = bcrypt.hashpw(password.encode(), bcrypt.gensalt(BCRYPT_COST)).decode()
        connection.cursor().executemany(
            'insert into dashboard.users (email, encrypted_password, first_name, last_name, role, tenant_id,'
            ' created_at, updated_at) values (%s, %s, %s, %s, %s, %s, now(), now())',
            [(email, digest, first, last, role, salon) for email, first, last, role, salon in ACCOUNTS],
        )
