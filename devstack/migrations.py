"""Applies SQL files as the Supabase CLI does: in order of their names, each in one transaction, each recorded.

Rule: nothing here knows what a migration holds.
"""

from pathlib import Path

import psycopg

ROOT = Path(__file__).resolve().parent.parent
MIGRATIONS = ROOT / 'supabase' / 'migrations'
SQL = Path(__file__).resolve().parent / 'sql'


def migration_files() -> list[Path]:
    return sorted(MIGRATIONS.glob('*.sql'))


def run_file(connection: psycopg.Connection[tuple[object, ...]], path: Path) -> None:
    """Runs a file in one transaction; the error names the file."""
    try:
        with connection.transaction():
            connection.execute(path.read_bytes())
    except psycopg.Error as error:
        error.add_note(f'in {path.name}, at character {error.diag.statement_position or "?"}')
        raise


def apply_pending(dsn: str, files: list[Path] | None = None) -> list[str]:
    """Applies the migrations that are not recorded yet; the names of those applied."""
    applied = []
    with psycopg.connect(dsn, autocommit=True) as connection:
        done = {str(row[0]) for row in connection.execute('select version from supabase_migrations.schema_migrations')}
        for path in migration_files() if files is None else files:
            version, _, name = path.stem.partition('_')
            if version in done:
                continue
            run_file(connection, path)
            connection.execute(
                'insert into supabase_migrations.schema_migrations (version, statements, name) values (%s, %s, %s)',
                (version, [path.read_text()], name),
            )
            applied.append(path.stem)
    return applied


def changed_since_applied(dsn: str) -> list[str]:
    """Recorded migrations whose file says something else now: the data directory is older than the code."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        rows = connection.execute('select version, statements from supabase_migrations.schema_migrations').fetchall()
    recorded = {str(version): (statements or [''])[0] for version, statements in rows}
    return [
        path.stem
        for path in migration_files()
        if recorded.get(path.stem.partition('_')[0], path.read_text()) != path.read_text()
    ]
