// Faults that tests switch on, and the log of what was asked. Rule: without a fault this costs a request nothing but its log line.
const LOG_SIZE = 20_000;

export class Faults {
  constructor() {
    this.fault = { kind: 'none' };
    this.log = [];
  }

  /** The active fault, if it concerns this address (`match` is a regular expression on path and query). */
  for(url) {
    const { kind, match } = this.fault;
    if (kind === 'none' || (match && !new RegExp(match).test(url))) return null;
    return this.fault;
  }

  /** Answers in place of the API, or null when the API is to answer. */
  async intercept(url) {
    const fault = this.for(url);
    if (!fault) return null;
    if (fault.kind === 'slow') await new Promise((done) => setTimeout(done, fault.delay_ms));
    if (fault.kind === 'error') return failure(500, 'XX000', 'internal error (fault switched on)');
    if (fault.kind === 'unavailable') return failure(503, 'PGRST002', 'service unavailable (fault switched on)');
    return null;
  }

  record(entry) {
    if (this.log.length >= LOG_SIZE) this.log.splice(0, LOG_SIZE / 10);
    this.log.push(entry);
  }
}

function failure(status, code, message) {
  return Response.json({ code, message, details: null, hint: null }, { status });
}
