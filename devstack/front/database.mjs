// How the API server talks with PostgreSQL. Rule: whatever lite does otherwise than PostgREST is put right here, and only here.
import { PostgresConnection } from '@supabase/lite/postgres';
import { sql } from 'kysely';

const isoTimestamp = (text) => text.replace(' ', 'T').replace(/([+-]\d\d)$/, '$1:00');
const jsonText = (value) => (typeof value === 'string' ? value : JSON.stringify(value));
const asIs = (value) => value;

// postgres.js types: how a value is read and written. Timestamps leave as ISO 8601 and numerics as numbers, as PostgREST
// prints them; JSON that lite has already written as text is not written a second time.
const TYPES = {
  timestamp: { to: 1114, from: [1114], serialize: asIs, parse: isoTimestamp },
  timestamptz: { to: 1184, from: [1184], serialize: asIs, parse: isoTimestamp },
  numeric: { to: 1700, from: [1700], serialize: String, parse: (text) => (Number.isFinite(Number(text)) ? Number(text) : text) },
  json: { to: 114, from: [114], serialize: jsonText, parse: JSON.parse },
  jsonb: { to: 3802, from: [3802], serialize: jsonText, parse: JSON.parse },
};

// PostgREST's table of SQLSTATE classes and HTTP statuses, as far as lite answers 500 "SUP" instead.
const STATUS_BY_CLASS = { '08': 503, 25: 500, 28: 403, '2D': 500, 38: 500, 39: 500, '3B': 500, 40: 500, 54: 500, 57: 500, 58: 500, XX: 500 };
const KNOWN_TO_LITE = /^(PT|PGRST|42|22|21|23502$|23503$|23505$|25006$|53|55)/;

function statusOf(code) {
  if (code === 'P0001') return 400;
  if (code.startsWith('P0')) return 500;
  return STATUS_BY_CLASS[code.slice(0, 2)] ?? 400;
}

/** Rewrites a database error that lite would hide into the form (SQLSTATE "PGRST") whose status and body it passes on. */
function explained(error) {
  if (typeof error?.code !== 'string' || !/^[0-9A-Z]{5}$/.test(error.code) || KNOWN_TO_LITE.test(error.code)) return error;
  const { code, message, detail, hint } = error;
  return Object.assign(new Error(message), {
    code: 'PGRST',
    message: JSON.stringify({ code, message, details: detail ?? null, hint: hint ?? null }),
    detail: JSON.stringify({ status: statusOf(code), headers: {} }),
  });
}

export class Database extends PostgresConnection {
  #owner;
  #schema;

  /** `owner` is the address of a role that sees every table; the one that serves requests may itself see none. */
  constructor(url, connections, owner) {
    super({ url, postgresOptions: { max: connections, types: TYPES, onnotice: () => {} } });
    this.#owner = owner && new Database(owner, 1);
  }

  /** The schema, read once. */
  async introspect(options) {
    this.#schema ??= this.#owner ? this.#owner.introspect(options) : super.introspect(options);
    return this.#schema;
  }

  async viewOptionsMetadata(view, schema) {
    return this.#owner ? this.#owner.viewOptionsMetadata(view, schema) : super.viewOptionsMetadata(view, schema);
  }

  /** Lite would grant everything on every table here, undoing the migrations' revokes. Roles always count, as on hosted projects. */
  async ensureRlsContext() {
    return true;
  }

  /** Role and claims for the request's transaction, in one round trip instead of six. */
  async applyJwtSessionContext(db, vars) {
    const role = vars.auth?.role || 'anon';
    const claims = vars.auth?.jwt && typeof vars.auth.jwt === 'object' ? vars.auth.jwt : { role };
    await sql`select set_config('request.jwt.claims', ${JSON.stringify(claims)}, true),
                     set_config('request.jwt.claim.sub', ${String(vars.auth?.uid ?? '')}, true),
                     set_config('request.jwt.claim.role', ${role}, true),
                     set_config('role', ${role}, true)`.execute(db);
  }

  async applyRpcRequestGucs(db, request) {
    await sql`select set_config('response.status', '', true), set_config('response.headers', '', true),
                     set_config('request.method', ${request.method}, true), set_config('request.path', ${request.path}, true),
                     set_config('request.headers', ${JSON.stringify(request.requestHeaders ?? {})}, true)`.execute(db);
  }

  async withContext(vars, work, options) {
    try {
      return await super.withContext(vars, work, options);
    } catch (error) {
      throw explained(error);
    }
  }
}
