// Moving of the messages of many queues, again after failures.

import type { Clock } from '../../base/clock.ts';
import { type AmqpUri, parseAmqpUri } from '../../broker/rabbitmq/shovels/amqp-uri.ts';
import { AmqpClient } from '../amqp/client.ts';
import { dial } from '../amqp/dial.ts';
import { TransferError } from '../errors.ts';
import type { WaitingBytes } from '../forwarding.ts';
import { moveQueue } from './queue-move.ts';
import type { QueueToMove } from './queues.ts';

/** An AMQP server of a move. */
export interface AmqpAccess {
  /** `amqps://user@host:port`, without a virtual host. */
  readonly uri: string;
  readonly password: string;
  /** Certificates of authorities besides the public ones, PEM. */
  readonly authorities: readonly string[];
}

/** What is moved, and how. */
export interface BrokerMoveOptions {
  readonly source: AmqpAccess;
  readonly destination: AmqpAccess;
  readonly queues: readonly QueueToMove[];
  readonly prefetchCount: number;
  /** Milliseconds without progress until failures end the move. */
  readonly retryMsMax: number;
  readonly clock: Clock;
  /** Aborted when the move should end early. */
  readonly interruption: AbortSignal;
  readonly moved: (queue: QueueToMove, bodyBytes: number, isRedelivered: boolean) => void;
  /** An attempt has failed and is repeated. */
  readonly failed: (reason: string) => void;
}

/** A queue that could not be emptied. */
export interface LeftQueue extends QueueToMove {
  readonly reason: string;
}

/** Queues that are moved at the same time. */
const parallelMax = 4;
const connectMsMax = 30_000;
const pauseMsMin = 500;
const pauseMsMax = 10_000;
/** Body bytes that may wait for confirms in all queues together. */
const waitingBytesMax = 64 * 1024 * 1024;

/** Moves all messages of some queues. @returns the queues that were not emptied */
export async function moveMessages(options: BrokerMoveOptions): Promise<LeftQueue[]> {
  const left: LeftQueue[] = [];
  const vhosts = new Set(options.queues.map(({ vhost }) => vhost));
  for (const vhost of vhosts) {
    const queues = options.queues.filter((queue) => queue.vhost === vhost);
    left.push(...(await new VhostMove(vhost, queues, options).run()));
  }
  return left;
}

/** The move of the queues of one virtual host. */
class VhostMove {
  readonly #vhost: string;
  readonly #options: BrokerMoveOptions;
  readonly #waiting: WaitingBytes = { bytes: 0, bytesMax: waitingBytesMax };
  #queues: QueueToMove[];
  readonly #left: LeftQueue[] = [];
  #progressAtMs: number;

  constructor(vhost: string, queues: readonly QueueToMove[], options: BrokerMoveOptions) {
    this.#vhost = vhost;
    this.#queues = [...queues];
    this.#options = options;
    this.#progressAtMs = options.clock.monotonicMs();
  }

  get #isInterrupted(): boolean {
    return this.#options.interruption.aborted;
  }

  async run(): Promise<LeftQueue[]> {
    let pauseMs = pauseMsMin;
    while (this.#queues.length > 0 && !this.#isInterrupted) {
      const beganAtMs = this.#progressAtMs;
      const error = await this.#tryAttempt();
      if (error === undefined) continue;
      if (this.#progressAtMs > beganAtMs) pauseMs = pauseMsMin;
      if (this.#isHopeless(error)) this.#leave(this.#queues.splice(0), error.message);
      else {
        this.#options.failed(`vhost '${this.#vhost}': ${error.message}`);
        await this.#pause(pauseMs);
        pauseMs = Math.min(pauseMsMax, pauseMs * 2);
      }
    }
    this.#leave(this.#queues.splice(0), 'interrupted');
    return this.#left;
  }

  async #tryAttempt(): Promise<TransferError | undefined> {
    try {
      await this.#attempt();
      return undefined;
    } catch (error) {
      if (error instanceof TransferError) return error;
      throw error;
    }
  }

  /** Whether there is no point in another attempt. */
  #isHopeless({ code }: TransferError): boolean {
    const { clock, retryMsMax } = this.#options;
    return code === 'login-refused' || clock.monotonicMs() - this.#progressAtMs > retryMsMax;
  }

  #leave(queues: readonly QueueToMove[], reason: string): void {
    for (const queue of queues) this.#left.push({ ...queue, reason });
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#options.clock.setTimeout(resolve, ms);
      const { interruption } = this.#options;
      const end = () => {
        timer.clear();
        resolve();
      };
      interruption.addEventListener('abort', end, { once: true });
    });
  }

  /** Moves the queues that are left, until all are empty or a connection fails. */
  async #attempt(): Promise<void> {
    const { source: from, destination: to } = this.#options;
    const source = await this.#open(from, 'source');
    try {
      const destination = await this.#open(to, 'destination');
      try {
        const work = Array.from({ length: parallelMax }, () => this.#work(source, destination));
        const results = await Promise.allSettled(work);
        for (const result of results) if (result.status === 'rejected') throw result.reason;
      } finally {
        await destination.close();
      }
    } finally {
      await source.close();
    }
  }

  /** Takes queues one after the other. */
  async #work(source: AmqpClient, destination: AmqpClient): Promise<void> {
    for (;;) {
      const queue = this.#isInterrupted ? undefined : this.#queues.shift();
      if (queue === undefined) return;
      const error = await this.#tryMove(queue, source, destination);
      if (error !== undefined && (source.isEnded || destination.isEnded)) {
        this.#queues.unshift(queue);
        throw error;
      }
      // Only this queue has failed: it does not exist, is full, or is used exclusively.
      if (error !== undefined) this.#leave([queue], error.message);
      else if (this.#isInterrupted) this.#leave([queue], 'interrupted');
    }
  }

  async #tryMove(
    queue: QueueToMove,
    source: AmqpClient,
    destination: AmqpClient,
  ): Promise<TransferError | undefined> {
    try {
      await this.#move(queue, source, destination);
      return undefined;
    } catch (error) {
      if (error instanceof TransferError) return error;
      throw error;
    }
  }

  #move(queue: QueueToMove, source: AmqpClient, destination: AmqpClient): Promise<void> {
    const { prefetchCount, clock, interruption, moved } = this.#options;
    return moveQueue({
      source,
      destination,
      queue: queue.name,
      prefetchCount,
      waiting: this.#waiting,
      clock,
      interruption,
      moved: (bodyBytes, isRedelivered) => {
        this.#progressAtMs = clock.monotonicMs();
        moved(queue, bodyBytes, isRedelivered);
      },
    });
  }

  async #open({ uri, password, authorities }: AmqpAccess, side: string): Promise<AmqpClient> {
    const { clock } = this.#options;
    const parsed = parseAmqpUri(uri);
    try {
      return await openClient(parsed, password, this.#vhost, authorities, clock);
    } catch (error) {
      if (!(error instanceof TransferError)) throw error;
      const text = `${side} ${parsed.shown}: ${error.message}`;
      throw new TransferError(error.code, text, { cause: error });
    }
  }
}

async function openClient(
  { endpoint, username, heartbeatSeconds }: AmqpUri,
  password: string,
  vhost: string,
  authorities: readonly string[],
  clock: Clock,
): Promise<AmqpClient> {
  if (endpoint === undefined) throw new TransferError('connection-failed', 'the URI names no host');
  const stream = await dial(endpoint, { authorities, clock, timeoutMs: connectMsMax });
  return AmqpClient.open(stream, {
    clock,
    username,
    password,
    vhost,
    connectionName: 'waxwing move',
    heartbeatSeconds,
    timeoutMs: connectMsMax,
  });
}
