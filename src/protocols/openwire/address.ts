// Destinations as OpenWire encodes them.

import {
  namedDestination,
  parseDestination,
  parseList,
} from '../../broker/activemq/destination.ts';
import type { Address } from '../../broker/conversion/properties.ts';
import type {
  Destination,
  QueueDestination,
  TempQueueDestination,
  TempTopicDestination,
  TopicDestination,
} from './codec/commands.gen.ts';
import { types } from './codec/commands.gen.ts';
import { OpenWireError } from './errors.ts';

const typeOfKind = {
  queue: types.QueueDestination,
  topic: types.TopicDestination,
  'temporary-queue': types.TempQueueDestination,
  'temporary-topic': types.TempTopicDestination,
} as const;

const kindOfType: Readonly<Record<Destination['type'], Address['kind']>> = {
  [types.QueueDestination]: 'queue',
  [types.TopicDestination]: 'topic',
  [types.TempQueueDestination]: 'temporary-queue',
  [types.TempTopicDestination]: 'temporary-topic',
};

/** Returns the structure for a destination. */
export function destinationOf({ kind, name }: Address): Destination {
  const type = typeOfKind[kind];
  return { type, physicalName: name } as
    | QueueDestination
    | TopicDestination
    | TempQueueDestination
    | TempTopicDestination; // one of them, by the type
}

/** Returns the destination that a structure names, without a check; for stored messages. */
export function addressOf({ type, physicalName }: Destination): Address {
  return { kind: kindOfType[type], name: physicalName ?? '' };
}

/**
 * Returns the destinations that a structure of a client names: several if the name has commas.
 * Options behind a question mark are ignored; clients use them.
 *
 * @throws {BrokerError} `precondition-failed` if a name is empty or too long, or there are too many
 * @throws {OpenWireError} `invalid` if there is no destination
 */
export function addressesOf(destination: Destination | undefined): Address[] {
  if (destination?.physicalName === undefined) {
    throw new OpenWireError('invalid', 'the command has no destination', 'destination');
  }
  const { type, physicalName } = destination;
  const kind = kindOfType[type];
  const [name = ''] = physicalName.split('?', 1);
  // Only the parts of a list have prefixes.
  if (!name.includes(',')) return [namedDestination(name, kind)];
  return parseList(name, (part) => parseDestination(part, kind));
}
