// The API itself: lite's REST and Auth parts, each on a database role of its own. Rule: no request is changed on its way in.
import { App, InMemoryEmailDriver, SUPABASE_AUTH_HELPERS_SQL } from '@supabase/lite';
import { Database } from './database.mjs';

const REST_CONNECTIONS = 10;
const AUTH_CONNECTIONS = 3;

function appOn(database, settings) {
  return new App({
    connection: database,
    api: { schemas: ['public', 'dashboard'], max_rows: settings.maxRows },
    auth: {
      enabled: true,
      jwt_secret: settings.jwtSecret,
      publishable_key: settings.publishableKey,
      secret_key: settings.secretKey,
      email: { enable_confirmations: true },
    },
    storage: { enabled: false },
    db: { migrations: { enabled: false } },
    options: {
      server: { admin: false, disableStudio: true },
      drivers: { email: new InMemoryEmailDriver() },
    },
  });
}

/** Creates the `auth` schema and its functions, as a hosted project has them before any migration runs. */
export async function provision(settings) {
  const database = new Database(settings.authUrl, 1);
  await appOn(database, settings).ensureSystemSchema();
  await database.exec(SUPABASE_AUTH_HELPERS_SQL);
  await database.close();
}

/** A function from Request to Response that serves /rest/v1 and /auth/v1. */
export async function createApi(settings) {
  const rest = appOn(new Database(settings.restUrl, REST_CONNECTIONS, settings.ownerUrl), settings);
  const auth = appOn(new Database(settings.authUrl, AUTH_CONNECTIONS), settings);
  await Promise.all([rest.init(), auth.init()]);
  await rest.connection.introspect();
  return (request, path) => (path.startsWith('/auth/') ? auth : rest).fetch(request);
}
