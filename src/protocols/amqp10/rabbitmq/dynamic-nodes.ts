// Nodes that the broker creates for a link (3.5.3).

import { textBytes } from '../../../base/byte-text.ts';
import { noArguments } from '../../../broker/arguments.ts';
import type { Queue } from '../../../broker/queue.ts';
import { type Entry, type Item, stringItem, symbolItem } from '../codec/items.ts';
import type { Attach, Source, Target } from '../codec/performatives.gen.ts';
import { temporaryCountMax } from '../limits.ts';
import { type DynamicNode, settledMode } from '../links/link.ts';
import { queueAddress } from './addresses.ts';
import type { RabbitMqConnection } from './dialect.ts';
import { linkError, notImplemented, requireAccess } from './refusals.ts';

/** The capabilities of a terminus with which it may be dynamic. */
const temporaryQueue = 'temporary-queue';
const volatileQueue = 'rabbitmq:volatile-queue';

/** Maximum length of container id and link name together in the name of a queue, in bytes. */
const namedBytesMax = 150;

/** A queue for one link. */
interface DynamicQueue {
  readonly queue: Queue;
  readonly node: DynamicNode;
}

/**
 * Creates an exclusive queue that is deleted with its link.
 *
 * @throws {AmqpError} `not-implemented` for other capabilities, `resource-limit-exceeded`;
 *   `unauthorized-access` with scope `session`
 * @throws {BrokerError}
 */
export function createDynamicQueue(
  own: RabbitMqConnection,
  frame: Attach,
  terminus: Source | Target,
): DynamicQueue {
  const { access, host, vhost } = own;
  const { capabilities = [] } = terminus;
  const isVolatile = frame.role && capabilities.includes(volatileQueue);
  const isPossible = isVolatile
    ? frame.sndSettleMode === settledMode
    : capabilities.includes(temporaryQueue);
  if (!isPossible) {
    const kind = frame.role ? 'source' : 'target';
    throw notImplemented(
      `Dynamic ${kind} not supported: a capability ${temporaryQueue} is required`,
    );
  }
  if (own.dynamicCount >= temporaryCountMax) {
    const why = `more than ${temporaryCountMax} dynamic nodes of one connection`;
    throw linkError('resource-limit-exceeded', why);
  }
  own.freeName ??= nameFor(own, frame.name);
  const name = own.freeName;
  requireAccess(access, 'configure', 'queue', name);
  // Checked before the queue exists: a refused link would leave it behind.
  if (frame.role) requireAccess(access, 'read', 'queue', name);
  else requireAccess(access, 'write', 'exchange', '');
  const options = { durable: !isVolatile, exclusive: true, autoDelete: false };
  const queue = vhost.declareFreeQueue(name, { ...options, arguments: noArguments }, host);
  own.dynamicCount++;
  const node: DynamicNode = {
    delete: () => {
      own.dynamicCount--;
      vhost.removeQueue(queue);
    },
  };
  return { queue, node };
}

/** The name contains the container id and the name of the link, so that people recognise it. */
function nameFor({ core, host }: RabbitMqConnection, linkName: string): string {
  const { clientId } = host;
  const isShort = textBytes(clientId) + textBytes(linkName) < namedBytesMax;
  const prefix = isShort ? `amq.dyn-${clientId}-${linkName}` : 'amq.dyn.gen';
  return `${prefix}-${core.broker.randomName()}`;
}

const properties: readonly Entry[] = [
  [
    symbolItem('lifetime-policy'),
    {
      type: 'described',
      descriptor: symbolItem('amqp:delete-on-close:list'),
      value: { type: 'list', value: [] },
    },
  ],
  [
    symbolItem('supported-dist-modes'),
    { type: 'array', value: [symbolItem('move')] satisfies Item[] },
  ],
];

/** What the answer states about a dynamic node. */
export function dynamicAnswer(queue: string) {
  return {
    address: stringItem(queueAddress(queue)),
    durable: 0,
    expiryPolicy: 'link-detach',
    timeout: 0,
    dynamic: true,
    dynamicNodeProperties: properties,
    capabilities: [temporaryQueue],
  } as const;
}
