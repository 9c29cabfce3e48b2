// Creates the links to the management node.

import { entryOf, textOf } from '../../codec/items.ts';
import { type Attach, type Composite, compositeCodes } from '../../codec/performatives.gen.ts';
import type { Attached } from '../../dialect.ts';
import { settledMode } from '../../links/link.ts';
import type { Session } from '../../session.ts';
import type { RabbitMqConnection } from '../dialect.ts';
import { linkError } from '../refusals.ts';
import type { ManagementPair } from './pairs.ts';
import { RequestLink, requestBytesMax } from './request-link.ts';
import { ResponseLink } from './response-link.ts';

/** The address of the management node. */
const managementAddress = '/management';

function addressOf(terminus: Composite | undefined): string | undefined {
  const isTerminus =
    terminus?.code === compositeCodes.source || terminus?.code === compositeCodes.target;
  return isTerminus ? textOf(terminus.address) : undefined;
}

/** Whether an attach is for the management node. Requests are sent settled. */
export function isManagement({ role, source, target, sndSettleMode }: Attach): boolean {
  if (role) return addressOf(source) === managementAddress;
  return addressOf(target) === managementAddress && sndSettleMode === settledMode;
}

/**
 * Creates a link of a pair. The links have the same name, and the property `paired`.
 *
 * @throws {AmqpError} `invalid-field`, `precondition-failed`
 */
export function attachManagement(
  own: RabbitMqConnection,
  session: Session,
  frame: Attach,
): Attached {
  if (entryOf(frame.properties, 'paired')?.value !== true) {
    throw linkError('invalid-field', "Link property 'paired' is not set to boolean value 'true'");
  }
  const pair = pairOf(own, session, frame);
  const { source, target, properties } = frame;
  const answer = { source, target, properties, sndSettleMode: settledMode };
  if (frame.role) {
    const link = new ResponseLink(own, session, frame);
    pair.response = link;
    const { maxMessageSize, rcvSettleMode = 0 } = frame;
    return { link, answer: { ...answer, rcvSettleMode, initialDeliveryCount: 0, maxMessageSize } };
  }
  const link = new RequestLink(own, session, frame, pair);
  pair.request = link;
  return { link, answer: { ...answer, maxMessageSize: BigInt(requestBytesMax) } };
}

function pairOf(own: RabbitMqConnection, session: Session, frame: Attach): ManagementPair {
  const { name, role } = frame;
  const clientAddress = addressOf(role ? frame.target : frame.source) ?? '';
  const found = own.pairs.find(session, name);
  if (found === undefined) {
    const pair = { clientAddress, request: undefined, response: undefined };
    own.pairs.add(session, name, pair);
    return pair;
  }
  const isTaken = role ? found.response !== undefined : found.request !== undefined;
  if (isTaken || found.clientAddress !== clientAddress) {
    const why = `received invalid attach for management link pair '${name.slice(0, 100)}'`;
    throw linkError('precondition-failed', why);
  }
  return found;
}
