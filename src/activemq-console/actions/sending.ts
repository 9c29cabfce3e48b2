// A message that a person writes.

import { deadLetterHeaders } from '../../broker/activemq/dead-letter-queue.ts';
import { parseDestination } from '../../broker/activemq/destination.ts';
import { scheduledHeaderNames } from '../../broker/activemq/scheduling/scheduled-headers.ts';
import { publicationOf } from '../../broker/activemq/services/publication-of.ts';
import { type Address, emptyProperties } from '../../broker/conversion/properties.ts';
import { type Field, textValue } from '../../broker/conversion/value.ts';
import type { Route } from '../../broker/exchanges/route-cache.ts';
import { formatNumbers } from '../../broker/format.ts';
import type { Publication } from '../../broker/publication.ts';
import { Transaction } from '../../broker/transaction.ts';
import { synced } from '../../management/commit.ts';
import { inSlices } from '../../management/slices.ts';
import { type Answer, jsonAnswer } from '../answers.ts';
import { badRequest } from '../errors.ts';
import { sentHeadBytesMax, sentPropertyCountMax, ttlMsMax } from '../limits.ts';
import type { ConsoleRequest } from '../request.ts';
import { audited, destinationOf } from './operation.ts';
import { routeOf } from './routing.ts';

/** The priority of JMS if none is given, and the highest one. */
const priorityDefault = 4;
const priorityMax = 9;

/** The texts of the head of a message. */
const headerFields = ['JMSCorrelationID', 'JMSReplyTo', 'JMSType', 'JMSXGroupID'] as const;

/**
 * `POST /admin/sendMessage.action`: sends a text message with the names of ActiveMQ's form: `JMSText`,
 * `JMSPersistent`, `JMSPriority`, `JMSTimeToLive`, `JMSCorrelationID`, `JMSReplyTo`, `JMSType`,
 * `JMSXGroupID`, `AMQ_SCHEDULED_DELAY`, `AMQ_SCHEDULED_PERIOD`, `AMQ_SCHEDULED_REPEAT` and
 * `AMQ_SCHEDULED_CRON`. `properties` is a JSON object of texts.
 */
export async function sendMessage(request: ConsoleRequest): Promise<Answer> {
  const { console, access } = request;
  const { broker, dialect } = console;
  const to = destinationOf(request);
  dialect.rights.require(access, 'write', to);
  const text = (name: string) => request.field(name) || undefined;
  const replyTo = text('JMSReplyTo');
  const correlationId = text('JMSCorrelationID');
  const groupId = text('JMSXGroupID');
  const isDurable = request.field('JMSPersistent') !== 'false';
  const ttlMs = request.optionalNumber('JMSTimeToLive', ttlMsMax) ?? 0;
  const nowMs = broker.nowMs();
  const properties = {
    ...emptyProperties,
    isDurable,
    priority: request.optionalNumber('JMSPriority', priorityMax) ?? priorityDefault,
    ttlMs: ttlMs === 0 ? undefined : ttlMs,
    createdAtMs: BigInt(Math.round(nowMs)),
    messageId: textValue(console.nextMessageId()),
    correlationId: correlationId === undefined ? undefined : textValue(correlationId),
    replyTo: replyTo === undefined ? undefined : parseDestination(replyTo, 'queue'),
    type: text('JMSType'),
    groupId,
    to,
    headers: [...sentProperties(request), ...scheduledProperties(request)],
    body: { kind: 'text', text: request.field('JMSText') },
  } as const;
  requireShortHead(request, properties.headers);
  const format = broker.formatOf(formatNumbers.openwire);
  if (format === undefined) throw badRequest('the broker has no listener for OpenWire');
  const publication = publicationOf(format, properties);
  publication.isPersistent = isDurable;
  publication.expirationMs = ttlMs === 0 ? -1 : ttlMs;
  const timing = dialect.timingOf((name) => request.field(name) || undefined);
  const operation = { name: 'sendTextMessage', arguments: [], ...queueOf(to) };
  await audited(request, operation, () =>
    publish(
      request,
      publication,
      routeOf(request, publication, to, { timing, hasGroup: groupId !== undefined }),
    ),
  );
  return jsonAnswer({ name: to.name, isScheduled: timing !== undefined });
}

function queueOf({ kind, name }: Address): { readonly queue?: string } {
  return kind === 'queue' ? { queue: name } : {};
}

/** @throws {ConsoleError} `bad-request` */
function sentProperties(request: ConsoleRequest): Field[] {
  const given = request.field('properties').trim();
  if (given === '') return [];
  const fields = Object.entries(readObject(given));
  if (fields.length > sentPropertyCountMax) {
    throw badRequest(`${fields.length} properties are more than ${sentPropertyCountMax}`);
  }
  return fields.map(([name, value]) => {
    const isOurs = scheduledHeaderNames.has(name) || Object.hasOwn(deadLetterHeaders, name);
    if (name === '' || isOurs || typeof value !== 'string') {
      throw badRequest(
        `properties has ${JSON.stringify(name.slice(0, 64))}: only texts are allowed`,
      );
    }
    return [name, textValue(value)];
  });
}

/**
 * Properties beyond what a stored head has room for would be left out.
 *
 * @throws {ConsoleError} `bad-request`
 */
function requireShortHead(request: ConsoleRequest, headers: readonly Field[]): void {
  const fields = headerFields.map((name) => request.field(name));
  const texts = [...fields, ...headers.flatMap(([name, { value }]) => [name, String(value)])];
  const bytes = texts.reduce((sum, text) => sum + Buffer.byteLength(text), 0);
  if (bytes <= sentHeadBytesMax) return;
  const found = `the header fields and properties have ${bytes} bytes`;
  throw badRequest(`${found}; at most ${sentHeadBytesMax} are allowed`);
}

function readObject(text: string): object {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  } catch {
    // It is refused below.
  }
  throw badRequest('properties is not a JSON object');
}

function scheduledProperties(request: ConsoleRequest): Field[] {
  return [...scheduledHeaderNames]
    .filter((name) => request.field(name) !== '')
    .map((name) => [name, textValue(request.field(name))]);
}

/** Sends a message, and waits until it is on disk. */
export async function publish(
  { console: { broker, dialect } }: ConsoleRequest,
  publication: Publication,
  route: Route,
): Promise<void> {
  const transaction = new Transaction(broker, dialect.vhost);
  transaction.publish(publication, route);
  const group = await inSlices(
    broker.background,
    transaction.commit((sent, _, taken) => dialect.sends.committed(sent, taken)),
  );
  broker.pump();
  if (group > 0) await synced(broker, group);
}
