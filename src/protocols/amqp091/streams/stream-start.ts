// Consumers of streams.

import type { Argument, Arguments } from '../../../broker/arguments.ts';
import { describe } from '../../../broker/errors.ts';
import type { Queue } from '../../../broker/queue.ts';
import {
  readStreamFilter,
  readStreamOffset,
  type StreamStart,
} from '../../../broker/streams/stream-start.ts';
import type { Channel } from '../channel.ts';
import type { BasicConsume } from '../codec/methods.gen.ts';
import { AmqpError } from '../errors.ts';

/**
 * Reads where a consumer of a stream begins.
 *
 * @throws {AmqpError} `precondition-failed` without a prefetch, and for an invalid offset;
 *   `not-implemented` without acknowledgements
 */
export function streamStartOf(channel: Channel, queue: Queue, method: BasicConsume): StreamStart {
  const subject = describe('queue', queue.name, queue.vhost);
  const args = method.arguments;
  const offset = readStreamOffset(args['x-stream-offset'], channel.broker.nowMs());
  if (offset === undefined) {
    const why = `{invalid_stream_offset_arg,${shown(args['x-stream-offset'])}}`;
    const text = `invalid arg 'x-stream-offset' for ${subject}: ${why}`;
    throw new AmqpError('precondition-failed', text);
  }
  if (channel.prefetch === Infinity) {
    const text = `consumer prefetch count is not set for stream ${subject}`;
    throw new AmqpError('precondition-failed', text);
  }
  if (method.noAck) {
    const text = `automatic acknowledgement not supported by stream ${subject}`;
    throw new AmqpError('not-implemented', text);
  }
  const filter = readStreamFilter(args['x-stream-filter'], args['x-stream-match-unfiltered']);
  return { offset, filter };
}

/** A value as RabbitMQ shows it. */
function shown(found: Argument | undefined): string {
  if (found === undefined) return 'undefined';
  const value = typeof found.value === 'object' ? '...' : String(found.value).slice(0, 100);
  return found.type === 'longstr' ? `{longstr,<<"${value}">>}` : `{${found.type},${value}}`;
}

/**
 * Refuses arguments that consumers of queues of other types have.
 *
 * @throws {AmqpError} `precondition-failed`
 */
export function refuseForeignArguments(queue: Queue, args: Arguments, subject: string): void {
  const { type } = queue.settings;
  const foreign = type === 'stream' ? 'x-priority' : 'x-stream-offset';
  if (args[foreign] === undefined) return;
  const why = `${subject} of queue type rabbit_${type}_queue`;
  throw new AmqpError('precondition-failed', `invalid arg '${foreign}' for ${why}`);
}
