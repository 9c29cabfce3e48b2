// What actions have in common: the destination that they name, and their lines in the audit log.

import { namedDestination } from '../../broker/activemq/destination.ts';
import type { Address } from '../../broker/conversion/properties.ts';
import { brokerTarget, queueTarget } from '../audit.ts';
import { badRequest } from '../errors.ts';
import type { ConsoleRequest } from '../request.ts';

/** An operation of ActiveMQ that is permitted. */
interface Operation {
  /** The name in ActiveMQ: `removeQueue`. */
  readonly name: string;
  /** Names and numbers; never a body. */
  readonly arguments: readonly (string | number)[];
  /** The queue that it is about; undefined for the broker. */
  readonly queue?: string;
}

/** Performs an operation, with a line of the audit log before it, and one after its success. */
export async function audited<Result>(
  { console, access }: ConsoleRequest,
  { name, arguments: given, queue }: Operation,
  perform: () => Result | Promise<Result>,
): Promise<Result> {
  const { brokerName } = console.broker;
  const line = {
    user: access.user,
    operation: name,
    arguments: given.map(String),
    target: queue === undefined ? brokerTarget(brokerName) : queueTarget(brokerName, queue),
  };
  console.audit.called(line);
  const result = await perform();
  console.audit.ended(line);
  return result;
}

/**
 * The queue or topic that a request names.
 *
 * @throws {ConsoleError} `bad-request`
 * @throws {BrokerError} `precondition-failed`
 */
export function destinationOf(request: ConsoleRequest): Address {
  const type = request.field('JMSDestinationType') || 'queue';
  if (type !== 'queue' && type !== 'topic') {
    const found = JSON.stringify(type.slice(0, 32));
    throw badRequest(`JMSDestinationType is ${found}; queue and topic are allowed`);
  }
  return namedDestination(request.field('JMSDestination'), type);
}

/**
 * The queue that a request names.
 *
 * @throws {ConsoleError} `bad-request`
 * @throws {BrokerError} `precondition-failed`
 */
export function queueAddressOf(request: ConsoleRequest): Address {
  const address = destinationOf(request);
  if (address.kind === 'queue') return address;
  throw badRequest('JMSDestinationType is "topic"; queue is allowed');
}
