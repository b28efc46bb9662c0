// Listens to Realtime with the JavaScript client, which nobody here wrote. Commands come as lines of JSON on stdin, what
// happens goes to stdout as lines of JSON; it ends when stdin ends.
import { createInterface } from 'node:readline';
import { createClient } from '../../../devstack/node_modules/@supabase/supabase-js/dist/index.mjs';

const [url, key] = process.argv.slice(2);
const client = createClient(url, key, { auth: { persistSession: false, autoRefreshToken: false } });
const print = (event) => console.log(JSON.stringify(event));
const channels = new Map();

const commands = {
  auth: ({ token }) => client.realtime.setAuth(token),
  subscribe: ({ channel, bindings }) => {
    const joined = client.channel(channel);
    for (const binding of bindings) {
      joined.on('postgres_changes', binding, (change) => print({ event: 'change', channel, binding, change }));
    }
    joined.on('system', {}, (message) => print({ event: 'system', channel, message }));
    joined.subscribe((status, error) => print({ event: 'status', channel, status, error: error?.message ?? null }));
    channels.set(channel, joined);
  },
  leave: ({ channel }) => client.removeChannel(channels.get(channel)),
};

for await (const line of createInterface({ input: process.stdin })) {
  const { command, ...rest } = JSON.parse(line);
  await commands[command](rest);
}
process.exit(0);
