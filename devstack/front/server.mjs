// The front door: one address for REST, Auth and Realtime, as a Supabase project has. Rule: it listens on the loopback address only.
//
//   node server.mjs provision   creates the auth schema and ends
//   node server.mjs             serves; writes one line of JSON with its ports to READY_FD when ready; ends when its stdin ends
//
// Settings arrive as JSON in the environment variable DEVSTACK_FRONT.
import { closeSync, writeSync } from 'node:fs';
import { createServer } from 'node:http';
import net from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { createApi, provision } from './api.mjs';
import { Faults } from './faults.mjs';

const HOST = '127.0.0.1';
const READY_FD = Number(process.env.READY_FD);
const settings = JSON.parse(process.env.DEVSTACK_FRONT);
const faults = new Faults();
const tunnels = new Set();

const now = () => performance.timeOrigin + performance.now();

function answering(api) {
  return async (request) => {
    const start = now();
    const url = new URL(request.url);
    const response = (await faults.intercept(url.pathname + url.search)) ?? (await api(request, url.pathname));
    faults.record({ method: request.method, path: url.pathname, query: url.search, status: response.status, start, end: now() });
    return response;
  };
}

/** Hands a websocket to the Realtime stand-in: the same bytes, nothing read, nothing added. */
function tunnel(request, socket, head) {
  if (!request.url.startsWith('/realtime/v1/')) return socket.destroy();
  const far = net.connect(settings.realtimePort, HOST, () => {
    const headers = request.rawHeaders.map((text, i) => (i % 2 ? `${text}\r\n` : `${text}: `)).join('');
    far.write(`${request.method} ${request.url} HTTP/1.1\r\n${headers}\r\n`);
    far.write(head);
    socket.pipe(far).pipe(socket);
  });
  const end = () => [socket, far].forEach((side) => side.destroy());
  for (const side of [socket, far]) side.setNoDelay(true).on('error', end);
  far.on('close', () => socket.destroySoon());
  socket.on('close', () => far.destroy());
  tunnels.add(socket);
  socket.on('close', () => tunnels.delete(socket));
}

const listen = (server, port) => new Promise((done, fail) => server.once('error', fail).listen(port, HOST, () => done(server.address().port)));

/** Down means that nobody listens: connections are refused and the open ones end. */
async function setDown(server, port, down) {
  if (down && server.listening) {
    server.close();
    server.closeAllConnections();
    for (const socket of tunnels) socket.resetAndDestroy();
  } else if (!down && !server.listening) {
    await listen(server, port);
  }
}

function control(server, port) {
  const routes = {
    'PUT /fault': async (body) => {
      faults.fault = body;
      await setDown(server, port, body.kind === 'down');
      return faults.fault;
    },
    'GET /log': async () => faults.log,
    'DELETE /log': async () => (faults.log = []),
  };
  return createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    const route = routes[`${request.method} ${request.url}`];
    const result = route ? await route(body && JSON.parse(body)) : null;
    response.writeHead(route ? 200 : 404, { 'content-type': 'application/json' }).end(JSON.stringify(result));
  });
}

async function serve() {
  const server = createAdaptorServer({ fetch: answering(await createApi(settings)) });
  server.on('upgrade', tunnel);
  server.keepAliveTimeout = 60_000;
  const port = await listen(server, settings.port);
  const controlPort = await listen(control(server, port), 0);
  process.stdin.on('end', () => process.exit(0)).resume();
  writeSync(READY_FD, `${JSON.stringify({ port, control: controlPort })}\n`);
  closeSync(READY_FD);
}

if (process.argv[2] === 'provision') await provision(settings);
else await serve();
