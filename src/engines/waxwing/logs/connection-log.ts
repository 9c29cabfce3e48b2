// Log lines about connections and channels, in the words of RabbitMQ.

import { printable } from '../../../base/byte-text.ts';
import type { Clock } from '../../../base/clock.ts';
import { FailureGatherer, type GatheringLimits } from '../../../base/failure-gatherer.ts';
import type { ClientConnection, ConnectionObserver } from '../../../broker/client-connection.ts';
import type { LogCategory } from '../../../control/engine.ts';

/** Clients can connect and fail again and again, so that lines are limited. */
const limits: GatheringLimits = { periodMs: 10_000, toldCountMax: 200 };

/** Maximum length of a line, characters. */
const lineLengthMax = 2000;

type Level = 'info' | 'warn' | 'error';

/** A line, and what it says without the numbers that differ each time. */
interface Line {
  readonly level: Level;
  readonly category: LogCategory;
  readonly text: string;
}

/** How lines name a connection. Its user is not known any more when it closes. */
interface Known {
  /** The number in the form of a process of RabbitMQ: `<0.17.0>`. */
  readonly id: string;
  readonly ends: string;
  readonly owner: string;
  /** Milliseconds of the monotonic clock. */
  readonly sinceMs: number;
}

/**
 * Writes the lines of the logs `connection` and `channel`. They contain addresses, names of users,
 * virtual hosts and queues, but no message and no password. Above a rate, similar lines are counted
 * instead of written.
 */
export class ConnectionLog implements ConnectionObserver {
  readonly #tell: (level: Level, text: string, category: LogCategory) => void;
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #lines: FailureGatherer<Line>;
  readonly #known = new WeakMap<object, Known>();
  #count = 0;

  /** @param tell receives each line without its time */
  constructor(
    tell: (level: Level, text: string, category: LogCategory) => void,
    clock: Pick<Clock, 'monotonicMs'>,
  ) {
    this.#tell = tell;
    this.#clock = clock;
    this.#lines = new FailureGatherer((line, count) => this.#told(line, count), limits);
  }

  opened(connection: ClientConnection): void {
    const { access, peerAddress = '?', localAddress = '?' } = connection;
    const id = `<0.${++this.#count}.0>`;
    const ends = `${peerAddress} -> ${localAddress}`;
    const owner = `vhost: '${access.vhost}', user: '${access.user}'`;
    this.#known.set(connection, { id, ends, owner, sinceMs: this.#clock.monotonicMs() });
    const who = `user '${access.user}' authenticated and granted access to vhost '${access.vhost}'`;
    this.#add('info', 'connection', 'accepting', `${id} accepting AMQP connection ${id} (${ends})`);
    this.#add('info', 'connection', who, `${id} connection ${id} (${ends}): ${who}`);
  }

  closed(connection: ClientConnection): void {
    const known = this.#known.get(connection);
    if (known === undefined) return;
    const { id, ends, owner, sinceMs } = known;
    const seconds = Math.round((this.#clock.monotonicMs() - sinceMs) / 1000);
    const what = `${id} (${ends}, ${owner}, duration: '${seconds}s')`;
    const text = `${id} closing AMQP connection ${what}`;
    this.#add('info', 'connection', `closing ${owner}`, text);
  }

  channelFailed(
    connection: object,
    channel: number,
    operation: string,
    code: string,
    text: string,
  ): void {
    const known = this.#known.get(connection);
    const id = known?.id ?? '<0.0.0>';
    const name = known === undefined ? id : `${id} (${known.ends}, ${known.owner})`;
    const what = `operation ${operation} caused a channel exception ${code}: ${text}`;
    const where = `Channel error on connection ${name}, channel ${channel}`;
    this.#add('error', 'channel', what, `${id} ${where}: ${what}`);
  }

  #add(level: Level, category: LogCategory, kind: string, text: string): void {
    this.#lines.add(`${category} ${kind}`, { level, category, text });
  }

  #told(line: Line | undefined, count: number): void {
    if (line === undefined) {
      this.#tell('warn', `<0.0.0> ${count} further lines were left out`, 'connection');
      return;
    }
    const times = count === 1 ? '' : ` (${count} similar lines)`;
    const text = printable(line.text).slice(0, lineLengthMax);
    this.#tell(line.level, `${text}${times}`, line.category);
  }

  /** Writes what was counted. */
  flush(): void {
    this.#lines.flush();
  }
}
