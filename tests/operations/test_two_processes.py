"""Two dashboards on one stack, with NiceGUI's storage in Redis: what begins in one goes on, and ends, in the other.

Nothing here is sticky: each request goes to whichever process the test wants. Behind a proxy a browser stays with one:
the last test asks through the nginx of docs/OPERATIONS.md.
"""

import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import bcrypt
import httpx
import psycopg
import pytest

from devstack.demo.salons import SALON_A
from devstack.postgres import free_port
from devstack.stack import Stack
from tests.operations.conftest import ROOT, Process, environment_of, running

PASSWORD, NEXT = 'only-for-two-processes', 'another-for-two-processes'
EMAIL = 'two@processes.test'


@pytest.fixture(scope='module')
def redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A Redis server that keeps nothing; its address."""
    found = shutil.which('redis-server') or shutil.which('valkey-server')
    if found is None:
        pytest.skip('no redis-server on this machine: two dashboards side by side are left out')
    port, folder = free_port(), tmp_path_factory.mktemp('redis')
    command = [found, '--port', str(port), '--bind', '127.0.0.1', '--save', '', '--dir', str(folder)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    yield f'redis://127.0.0.1:{port}/0'
    process.terminate()
    process.wait(10)


@pytest.fixture(scope='module')
def both(stack: Stack, redis: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Process, Process]]:
    """Two dashboards."""
    folder = tmp_path_factory.mktemp('two')
    one, other = (environment_of(stack, NICEGUI_REDIS_URL=redis) for _name in 'ab')
    with running(one, folder / 'a') as a, running(other, folder / 'b') as b:
        yield a, b
        assert 'Traceback' not in a.log + b.log and '"exception"' not in a.log + b.log


@pytest.fixture
def person(stack: Stack) -> Iterator[psycopg.Connection[tuple[object, ...]]]:
    """A user made for one test."""
    hashed = bcrypt.hashpw(PASSWORD.encode(), bcrypt.gensalt(4)).decode()
    insert = 'insert into dashboard.users (email, encrypted_password, role, tenant_id) values (%s, %s, %s, %s)'
    with psycopg.connect(stack.admin_dsn, autocommit=True) as db:
        db.execute(insert, (EMAIL, hashed, 'admin', SALON_A.id))
        yield db
        mine = 'select id from dashboard.users where email = %s'
        db.execute(f'delete from dashboard.audits where user_id in ({mine})'.encode(), (EMAIL,))
        db.execute('delete from dashboard.users where email = %s', (EMAIL,))
        db.execute('delete from dashboard.login_attempts')


class Browser:
    """One browser, whose requests go to the process of one's choice."""

    def __init__(self) -> None:
        self.http = httpx.Client(trust_env=False, headers={'accept': 'text/html'})

    def close(self) -> None:
        self.http.close()

    def sign_in(self, process: Process) -> None:
        answer = self.http.post(f'{process.url}/login', data={'email': EMAIL, 'password': PASSWORD})
        assert (answer.status_code, answer.headers['location']) == (303, '/')

    def is_in(self, process: Process) -> bool:
        """Whether the process takes the browser for signed in."""
        answer = self.http.get(f'{process.url}/sessions')
        assert answer.status_code in {200, 302, 303, 307}
        return answer.status_code == 200

    def change_password(self, process: Process) -> str:
        form = {'current': PASSWORD, 'password': NEXT, 'again': NEXT}
        return str(self.http.post(f'{process.url}/account/password', data=form).headers['location'])


OpenBrowser = Callable[[], Browser]


@pytest.fixture
def open_browser() -> Iterator[OpenBrowser]:
    """Opens browsers that the test's end closes."""
    with ExitStack() as opened:
        yield lambda: opened.enter_context(closing(Browser()))


def soon(is_so: Callable[[], bool], seconds: float = 8) -> bool:
    """Whether it becomes so."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_a_sign_in_holds_in_both(both: tuple[Process, Process], person: object, open_browser: OpenBrowser) -> None:
    a, b = both
    for first, second in ((a, b), (b, a)):
        browser = open_browser()
        browser.sign_in(first)
        assert [browser.is_in(process) for process in (second, first) * 5] == [True] * 10


def test_a_session_that_ended_in_one_has_ended_in_the_other(
    both: tuple[Process, Process], person: object, open_browser: OpenBrowser
) -> None:
    a, b = both
    browser = open_browser()
    browser.sign_in(a)
    assert browser.is_in(b)
    stolen = open_browser()
    stolen.http.cookies = httpx.Cookies(browser.http.cookies)
    browser.sign_in(a)
    assert soon(lambda: not stolen.is_in(b))
    assert not stolen.is_in(a)
    assert browser.is_in(b)


def test_a_new_password_ends_the_sessions_of_the_other_process(
    both: tuple[Process, Process], person: object, open_browser: OpenBrowser
) -> None:
    a, b = both
    changing, elsewhere = open_browser(), open_browser()
    changing.sign_in(a)
    elsewhere.sign_in(b)
    assert changing.change_password(a) == '/account?changed=1'
    assert soon(lambda: not elsewhere.is_in(b))
    assert changing.is_in(a)
    assert changing.is_in(b), 'who changed it goes on, in both'


def test_who_is_switched_off_is_out_of_both(
    both: tuple[Process, Process], person: psycopg.Connection[tuple[object, ...]], open_browser: OpenBrowser
) -> None:
    a, b = both
    browsers = open_browser(), open_browser()
    browsers[0].sign_in(a)
    browsers[1].sign_in(b)
    person.execute('update dashboard.users set active = false where email = %s', (EMAIL,))
    assert soon(lambda: not browsers[0].is_in(a))
    assert soon(lambda: not browsers[1].is_in(b))


def test_a_sign_in_outlives_the_process_it_was_made_in(
    stack: Stack, redis: str, both: tuple[Process, Process], person: object, open_browser: OpenBrowser, tmp_path: Path
) -> None:
    browser = open_browser()
    with running(environment_of(stack, NICEGUI_REDIS_URL=redis), tmp_path) as third:
        browser.sign_in(third)
        assert third.stop() < 10
    assert browser.is_in(both[1])


@pytest.fixture
def nginx(both: tuple[Process, Process], tmp_path: Path) -> Iterator[str]:
    """nginx with the configuration of docs/OPERATIONS.md in front of both; it says whom it asked. Its address."""
    found = shutil.which('nginx', path='/usr/sbin:/usr/bin:/usr/local/bin')
    if found is None:
        pytest.skip('no nginx on this machine: the sticky proxy is left out')
    (written,) = re.findall(r'```nginx\n(.*?)```', (ROOT / 'docs' / 'OPERATIONS.md').read_text(), re.DOTALL)
    port = free_port()
    servers = ' '.join(f'server {process.url.removeprefix("http://")};' for process in both)
    for before, after in (
        ('server dashboard:8080;', servers),
        ('listen 443 ssl;', f'listen 127.0.0.1:{port};'),
        ('    add_header Set-Cookie', '    add_header X-Asked $upstream_addr always;\n    add_header Set-Cookie'),
    ):
        assert written.count(before) == 1
        written = written.replace(before, after)
    kinds = ' '.join(f'{kind}_temp_path {tmp_path};' for kind in ('client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'))
    config = tmp_path / 'nginx.conf'
    main = f'daemon off; master_process off; pid {tmp_path}/pid; events {{}}'
    config.write_text(f'{main} http {{ access_log off; {kinds}\n{written} }}')
    process = subprocess.Popen([found, '-c', str(config), '-p', str(tmp_path), '-e', str(tmp_path / 'error.log')])
    address = f'http://127.0.0.1:{port}'
    assert soon(lambda: answers(address)), (tmp_path / 'error.log').read_text()
    yield address
    process.terminate()
    process.wait(10)


def answers(address: str) -> bool:
    """Whether somebody listens there."""
    try:
        return httpx.get(f'{address}/healthz', trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


def test_behind_the_documented_proxy_a_browser_stays_with_one_process(
    nginx: str, both: tuple[Process, Process], person: object, open_browser: OpenBrowser
) -> None:
    asked: list[set[str]] = []
    for number in range(12):
        browser = open_browser()
        form = {'email': EMAIL, 'password': PASSWORD} if number < 3 else {}
        first = browser.http.post(f'{nginx}/login', data=form) if form else browser.http.get(f'{nginx}/login')
        assert first.status_code == (303 if form else 200)
        answered = [first, *(browser.http.get(f'{nginx}/sessions' if form else f'{nginx}/login') for _time in range(4))]
        asked.append({answer.headers['x-asked'] for answer in answered})
    assert [len(processes) for processes in asked] == [1] * 12
    assert set.union(*asked) == {process.url.removeprefix('http://') for process in both}
