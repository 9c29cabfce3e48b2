// The numbers of attempts to log in by protocol, as RabbitMQ's management API shows them.

/** Attempts over one protocol. */
export interface AttemptCount {
  succeeded: number;
  failed: number;
}

/** The protocol of requests that name none. */
const http = 'http';

/** Counts attempts, until the counts are reset. */
export class LoginAttempts {
  readonly #byProtocol = new Map<string, AttemptCount>();

  /** The counts by the names of protocols in {@link LoginAttempt}; `http` for HTTP. */
  get byProtocol(): ReadonlyMap<string, Readonly<AttemptCount>> {
    return this.#byProtocol;
  }

  /** @param protocol one of the few that the broker offers; undefined for HTTP */
  add(protocol: string | undefined, outcome: keyof AttemptCount): void {
    const name = protocol ?? http;
    const count = this.#byProtocol.get(name) ?? { succeeded: 0, failed: 0 };
    count[outcome]++;
    this.#byProtocol.set(name, count);
  }

  /** Forgets all counts. */
  reset(): void {
    this.#byProtocol.clear();
  }
}
