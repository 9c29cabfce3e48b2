// Log lines in the layout of ActiveMQ.

import { printable } from '../../base/byte-text.ts';
import { FailureGatherer } from '../../base/failure-gatherer.ts';
import type { ActiveMqEvents } from '../../broker/activemq/events.ts';
import type { LoginFailure } from '../../broker/logins/logins.ts';
import type { Access, DenialObserver } from '../../broker/users.ts';

/** Maximum length of a line, characters. */
const lineLengthMax = 2000;

/** Logger names, which users filter by. */
const loggers = {
  broker: 'org.apache.activemq.broker.BrokerService',
  connector: 'org.apache.activemq.broker.TransportConnector',
  connection: 'org.apache.activemq.broker.TransportConnection',
  service: 'org.apache.activemq.broker.TransportConnection.Service',
  region: 'org.apache.activemq.broker.region.RegionBroker',
  ldap: 'org.apache.activemq.jaas.LDAPLoginModule',
} as const;

/** The parts that the log needs. */
export interface ActiveMqLogParts {
  /** `name, id` */
  readonly broker: { readonly name: string; readonly id: string; readonly version: string };
  /** Receives each line. */
  readonly log: (level: 'info' | 'warn' | 'error', line: string) => void;
  readonly nowMs: () => number;
  /** Returns the address of the connection of a user; undefined if it has ended. */
  readonly peerOf: (access: object) => string | undefined;
  /** Called for each action that is not permitted. */
  readonly denied?: DenialObserver;
}

/**
 * Writes the lines of ActiveMQ's general log: `date | LEVEL | message | logger | thread`. They
 * contain names of users and destinations, but no message, no password, and no name that was used
 * in a log-in and that no user has, because it may be a password.
 */
export class ActiveMqLog implements ActiveMqEvents {
  readonly #parts: ActiveMqLogParts;
  /** Clients can repeat refused requests without limit. */
  readonly #refusals: FailureGatherer<{ readonly access: object; readonly text: string }>;
  /** Clients can reach limits again and again. */
  readonly #warnings: FailureGatherer<string>;

  constructor(parts: ActiveMqLogParts) {
    this.#parts = parts;
    this.#refusals = new FailureGatherer((refusal, count) => this.#refused(refusal, count));
    this.#warnings = new FailureGatherer((text, count) => this.#warned(text, count));
  }

  #line(level: 'info' | 'warn' | 'error', message: string, logger: string, thread: string): void {
    const { log, nowMs } = this.#parts;
    const date = new Date(nowMs()).toISOString().replace('T', ' ').replace('.', ',').slice(0, 23);
    // Names of clients must not look like the fields of a line.
    const text = printable(message).replaceAll('|', String.raw`\x7c`).slice(0, lineLengthMax);
    log(level, `${date} | ${level.toUpperCase()} | ${text} | ${logger} | ${thread}`);
  }

  /**
   * The broker starts.
   *
   * @param warnings settings that have no effect
   */
  starting(warnings: readonly string[]): void {
    this.#line('info', `${this.#title} is starting`, loggers.broker, 'main');
    for (const text of warnings) this.#line('warn', text, loggers.broker, 'main');
  }

  /** The broker accepts connections. */
  started(listeners: readonly string[]): void {
    for (const name of listeners) {
      this.#line('info', `Connector ${name} started`, loggers.connector, 'main');
    }
    this.#line('info', `${this.#title} started`, loggers.broker, 'main');
  }

  /** The broker stops. */
  stopping(): void {
    this.#refusals.flush();
    this.#warnings.flush();
    this.#line('info', `${this.#title} is shutting down`, loggers.broker, 'ActiveMQ ShutdownHook');
  }

  get #title(): string {
    const { name, id, version } = this.#parts.broker;
    return `Apache ActiveMQ ${version} (${name}, ${id})`;
  }

  /** Log-ins failed for the same reason; `failure` is undefined if there were different reasons. */
  loginFailed(failure: LoginFailure | undefined, count: number): void {
    const times = count === 1 ? '' : ` (${count} times)`;
    const text =
      failure === undefined
        ? `Failed to add ${count} Connections for other reasons`
        : `Failed to add Connection id=unknown, clientId=unknown, clientIP=tcp://${failure.peerAddress} due to ${reasonOf(failure)}${times}`;
    this.#line('warn', text, loggers.connection, 'ActiveMQ Transport');
  }

  /** A problem with an LDAP server. */
  directoryProblem(text: string): void {
    this.#line('warn', text, loggers.ldap, 'ActiveMQ Task');
  }

  refused(access: Pick<Access, 'user'>, text: string): void {
    this.#parts.denied?.(access, text);
    this.#refusals.add(text, { access, text });
  }

  #refused(
    refusal: { readonly access: object; readonly text: string } | undefined,
    count: number,
  ): void {
    const times = count === 1 ? '' : ` (${count} times)`;
    if (refusal === undefined) {
      this.#line(
        'warn',
        `${count} Security Errors occurred`,
        loggers.service,
        'ActiveMQ Transport',
      );
      return;
    }
    const peer = this.#parts.peerOf(refusal.access);
    const from = peer === undefined ? 'unknown' : `tcp://${peer}`;
    const text = `Security Error occurred on connection to: ${from}, ${refusal.text}${times}`;
    this.#line('warn', text, loggers.service, 'ActiveMQ Transport');
  }

  warned(text: string): void {
    this.#warnings.add(text, text);
  }

  #warned(text: string | undefined, count: number): void {
    const times = text === undefined || count === 1 ? '' : ` (${count} times)`;
    const told = text === undefined ? `${count} further warnings` : `${text}${times}`;
    this.#line('warn', told, loggers.region, 'ActiveMQ Broker Scheduler');
  }

  removedInactive(name: string, inactiveMs: number): void {
    const text = `${name} Inactive for longer than ${inactiveMs} ms - removing ...`;
    this.#line('info', text, loggers.region, 'ActiveMQ Broker Scheduler');
  }
}

function reasonOf({ user, reason }: LoginFailure): string {
  const isWrong = reason === 'wrong-password' || reason === 'unknown-user';
  return isWrong ? `User name [${user ?? 'unknown'}] or password is invalid.` : reason;
}
