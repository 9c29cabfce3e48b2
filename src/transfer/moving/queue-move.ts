// Moving of all messages of a queue to the queue of the same name at another broker.

import { createHash } from 'node:crypto';
import type { Clock, Timer } from '../../base/clock.ts';
import { methodIds } from '../../protocols/amqp091/codec/methods.gen.ts';
import { HeadScan } from '../../protocols/amqp091/codec/properties.ts';
import type { ClientChannel, Delivered, Outgoing } from '../amqp/channel.ts';
import type { AmqpClient } from '../amqp/client.ts';
import { TransferError } from '../errors.ts';
import { Forwarding, type WaitingBytes } from '../forwarding.ts';

/** Both ends of a move. */
export interface QueueMoveOptions {
  readonly source: AmqpClient;
  readonly destination: AmqpClient;
  readonly queue: string;
  /** Maximum number of messages without a confirm. After a crash, this many may be moved twice. */
  readonly prefetchCount: number;
  readonly waiting: WaitingBytes;
  readonly clock: Clock;
  /** Aborted when no further messages should be taken. */
  readonly interruption: AbortSignal;
  /** A message has been moved. `isRedelivered`: it may have been moved before, too. */
  readonly moved: (bodyBytes: number, isRedelivered: boolean) => void;
}

/** Interval of looks whether the queue is empty, milliseconds. */
const lookMs = 250;
/**
 * Time without a message from a queue that has some, after which another connection is tried: a node of a
 * cluster may have lost its part of the queue. Milliseconds.
 */
const stalledMs = 15_000;
/** Maximum time to wait for confirms after an interruption, milliseconds. */
const drainMsMax = 30_000;

/**
 * Moves messages until the queue is empty or the move is interrupted. A message is acknowledged after
 * the destination has confirmed it.
 *
 * @throws {TransferError} if one of the ends fails; the messages without a confirm stay at the source. The
 *   connection to the source is closed if no messages arrive
 */
export async function moveQueue(options: QueueMoveOptions): Promise<void> {
  const { source, destination, queue, prefetchCount } = options;
  const channels: ClientChannel[] = [];
  const open = async (client: AmqpClient) => {
    const channel = await client.openChannel();
    channels.push(channel);
    return channel;
  };
  try {
    const from = await open(source);
    const to = await open(destination);
    await to.declareQueue(queue, { isPassive: true });
    await to.confirmSelect();
    await from.setPrefetch(prefetchCount);
    const copies = new Copies(to, queue);
    await emptied(options, { from, to, probe: await open(source), copies });
    copies.end();
  } finally {
    // Everything sent before has its effect, such as the last acknowledgements.
    await Promise.allSettled(channels.map((channel) => channel.close()));
  }
}

interface MoveChannels {
  readonly from: ClientChannel;
  readonly to: ClientChannel;
  /** Asks for the length of the queue. */
  readonly probe: ClientChannel;
  readonly copies: Copies;
}

/** Forwards until the queue is empty, or until the interruption and the last confirm after it. */
function emptied(options: QueueMoveOptions, { from, to, probe, copies }: MoveChannels) {
  const { queue, clock, interruption, waiting } = options;
  return new Promise<void>((resolve, reject) => {
    let movedSinceLook = 0;
    let movedAtMs = clock.monotonicMs();
    let lookTimer: Timer | undefined;
    let drainTimer: Timer | undefined;
    let isOver = false;
    const end = (error?: TransferError) => {
      isOver = true;
      lookTimer?.clear();
      drainTimer?.clear();
      interruption.removeEventListener('abort', interrupted);
      forwarding.stop();
      if (error === undefined) resolve();
      else reject(error);
    };
    const forwarding = new Forwarding({
      source: from,
      destination: to,
      ackMode: 'on-confirm',
      countMax: Infinity,
      waiting,
      outgoing: (message) => copies.of(message),
      events: {
        moved: (bodyBytes, isRedelivered) => {
          movedSinceLook++;
          movedAtMs = clock.monotonicMs();
          options.moved(bodyBytes, isRedelivered);
        },
        refused: () =>
          end(failed(queue, 'the destination refuses a message: its queue is full or has failed')),
        completed: () => end(),
        ended: (side, reason) => end(failed(queue, `${side}: ${reason}`)),
      },
    });
    const isIdle = () => movedSinceLook === 0 && forwarding.waitingCount === 0;
    const look = () => {
      const wasIdle = isIdle();
      movedSinceLook = 0;
      if (!wasIdle) lookAgain();
      else {
        probe.declareQueue(queue, { isPassive: true }).then(({ messageCount }) => {
          if (messageCount === 0 && isIdle()) end();
          else if (isIdle() && clock.monotonicMs() - movedAtMs > stalledMs) {
            end(failed(queue, `has ${messageCount} messages, and none arrives`));
            options.source.destroy();
          } else lookAgain();
        }, end);
      }
    };
    const lookAgain = () => {
      if (!isOver) lookTimer = clock.setTimeout(look, lookMs);
    };
    const interrupted = () => {
      drainTimer = clock.setTimeout(() => end(), drainMsMax);
      forwarding.drain();
    };
    interruption.addEventListener('abort', interrupted);
    from.consume(queue, { isAcknowledged: true, arguments: {} }).then(look, end);
  });
}

function failed(queue: string, why: string): TransferError {
  return new TransferError('channel-closed', `queue '${queue}': ${why}`);
}

/** What is published for the messages of a queue. */
class Copies {
  readonly #channel: ClientChannel;
  readonly #queue: string;
  readonly #scan = new HeadScan();
  #exchange: string | undefined = undefined;

  constructor(channel: ClientChannel, queue: string) {
    this.#channel = channel;
    this.#queue = queue;
  }

  /** The message, for the queue of the same name only. */
  of(message: Delivered): Outgoing {
    this.#scan.scan(message.head, 0, message.head.length);
    return {
      ...message,
      exchange: this.#scan.isAddressed ? this.#ownExchange() : '',
      routingKey: this.#queue,
      isMandatory: true,
    };
  }

  /**
   * Messages with the headers `CC` or `BCC` would also be routed to the queues that these name, which
   * have got them before. They are published to an exchange with one binding.
   */
  #ownExchange(): string {
    if (this.#exchange !== undefined) return this.#exchange;
    const exchange = `waxwing.move.${createHash('sha256').update(this.#queue).digest('base64url')}`;
    this.#exchange = exchange;
    // In order with the publishes, on the same channel.
    this.#channel.send({
      id: methodIds.exchangeDeclare,
      exchange,
      type: 'direct',
      passive: false,
      durable: false,
      autoDelete: true,
      internal: false,
      noWait: true,
      arguments: {},
    });
    this.#channel.send({
      id: methodIds.queueBind,
      queue: this.#queue,
      exchange,
      routingKey: this.#queue,
      noWait: true,
      arguments: {},
    });
    return exchange;
  }

  /** Deletes what was declared. */
  end(): void {
    const exchange = this.#exchange;
    if (exchange === undefined) return;
    this.#channel.send({ id: methodIds.exchangeDelete, exchange, ifUnused: false, noWait: true });
  }
}
