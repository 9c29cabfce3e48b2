// Publishing of messages: /api/exchanges/{vhost}/{name}/publish.

import { encodeText } from '../../base/byte-text.ts';
import type { Arguments } from '../../broker/arguments.ts';
import { BrokerError } from '../../broker/errors.ts';
import type { Exchange } from '../../broker/exchanges/exchange.ts';
import { checkSenderKeys, senderKeys } from '../../broker/exchanges/sender-keys.ts';
import { formatNumbers, hasHiddenHeaders } from '../../broker/format.ts';
import { Publication } from '../../broker/publication.ts';
import { expiryMsMax } from '../../broker/queue-options.ts';
import type { JsonObject } from '../../broker/rabbitmq/model.ts';
import type { Access } from '../../broker/users.ts';
import type { Vhost } from '../../broker/vhost.ts';
import type { BasicProperties } from '../../protocols/amqp091/codec/basic-properties.ts';
import { type Answer, jsonAnswer } from '../answers.ts';
import { synced } from '../commit.ts';
import { badRequest, keyMissing, ManagementError } from '../errors.ts';
import { own, requireText } from '../json/read.ts';
import type { ApiRequest } from '../request.ts';
import { inSlices } from '../slices.ts';
import { exchangeLabel } from './exchanges.ts';
import { encodeProperties, propertiesFromJson } from './properties.ts';

/** `POST /api/exchanges/{vhost}/{name}/publish` */
export async function publish(request: ApiRequest): Promise<Answer> {
  const { flow } = request.broker;
  if (flow.blockedReason !== undefined) {
    throw new ManagementError('busy', `publishers are blocked: ${flow.blockedReason}`);
  }
  const vhost = request.ownVhost();
  request.broker.accounts.requireNotMoved(request.user);
  const exchange = vhost.exchanges.get(exchangeLabel(request, 'name'));
  if (exchange === undefined) {
    throw new ManagementError('target-not-found', 'exchange_not_found');
  }
  requireWritable(request, vhost, exchange);
  const body = request.object();
  const routingKey = requireText(body, 'routing_key');
  if (encodeText(routingKey).length > 255) throw badRequest('routing_key is longer than 255 bytes');
  const payload = readPayload(body);
  const { bodyBytesMax } = request.broker.limits;
  if (payload.length > bodyBytesMax) {
    throw badRequest(`payload of ${payload.length} bytes; at most ${bodyBytesMax} are allowed`);
  }
  if (own(body, 'properties') === undefined) throw keyMissing('properties');
  const properties = propertiesFromJson(own(body, 'properties'));
  requireOwnUserId(request, properties);
  const publication = publicationOf(exchange, routingKey, payload, properties);
  addSenderKeys(publication, properties.headers, request.broker.limits.senderKeyCountMax);
  requireTopics(request.access(vhost), exchange, publication);
  return jsonAnswer({ routed: await publishAll(request, vhost, publication) });
}

function requireWritable(request: ApiRequest, vhost: Vhost, { name, options }: Exchange): void {
  request.access(vhost).require('write', 'exchange', name);
  if (!options.internal) return;
  const why = `cannot publish to internal exchange '${name}' in vhost '${vhost.name}'`;
  throw new BrokerError('access-refused', why);
}

/** All routing keys of a message for a topic exchange must be permitted. */
function requireTopics(
  access: Access,
  { type, name }: Exchange,
  { routingKey, extraRoutingKeys }: Publication,
): void {
  if (type.name !== 'topic') return;
  access.requireTopic('write', name, routingKey);
  for (const key of extraRoutingKeys) access.requireTopic('write', name, key);
}

function readPayload(body: JsonObject): Buffer {
  const payload = requireText(body, 'payload');
  const encoding = requireText(body, 'payload_encoding');
  if (encoding === 'string') return Buffer.from(payload, 'utf8');
  if (encoding !== 'base64') throw badRequest('unsupported_encoding', encoding.slice(0, 100));
  const isBase64 = /^[A-Za-z0-9+/]*={0,2}$/.test(payload) && payload.length % 4 === 0;
  if (!isBase64) throw badRequest('not_base64', 'payload');
  return Buffer.from(payload, 'base64');
}

function requireOwnUserId({ user }: ApiRequest, { userId }: BasicProperties): void {
  if (userId === undefined || userId === user.name) return;
  const why = `user_id property set to '${userId}' but authenticated user was '${user.name}'`;
  throw new BrokerError('precondition-failed', why);
}

function publicationOf(
  exchange: Exchange,
  routingKey: string,
  payload: Buffer,
  properties: BasicProperties,
): Publication {
  const publication = new Publication();
  publication.exchange = exchange;
  publication.setAddress(exchange.name, routingKey);
  publication.head = encodeProperties(properties);
  publication.headEnd = publication.head.length;
  publication.format = formatNumbers.amqp091;
  publication.isPersistent = properties.deliveryMode === 2;
  publication.priority = properties.priority ?? 0;
  publication.expirationMs = readExpiration(properties.expiration);
  if (payload.length > 0) publication.addPart(payload, 0, payload.length);
  return publication;
}

function readExpiration(text: string | undefined): number {
  if (text === undefined) return -1;
  if (/^\d{1,15}$/.test(text) && Number(text) <= expiryMsMax) return Number(text);
  throw badRequest(`invalid expiration: milliseconds from 0 to ${expiryMsMax} are allowed`);
}

/** Headers `CC` and `BCC` name more routing keys. Receivers must not see `BCC`. */
function addSenderKeys(
  publication: Publication,
  headers: Arguments | undefined,
  countMax: number,
): void {
  if (headers === undefined) return;
  const keys = senderKeys(headers);
  checkSenderKeys(keys, countMax);
  publication.extraRoutingKeys = [...keys.cc, ...keys.bcc];
  if (headers['BCC'] !== undefined) publication.format |= hasHiddenHeaders;
}

/**
 * Publishes a message, and waits until it is on disk if a durable queue has it.
 *
 * @returns whether any queue has taken it
 * @throws {ManagementError} `bad-request` if a full queue refused it
 */
async function publishAll(
  { broker, background }: ApiRequest,
  vhost: Vhost,
  publication: Publication,
): Promise<boolean> {
  const published = broker.publish(vhost, publication);
  // The object is reused for the next message.
  const { routed, isRefused, group, rest } = published;
  const result = { routed, isRefused, group };
  if (rest !== undefined) {
    await inSlices(
      background,
      (function* () {
        for (const _ of rest) yield;
        result.routed = published.routed;
        result.isRefused = published.isRefused;
        result.group = published.group;
      })(),
    );
  }
  await synced(broker, result.group);
  if (result.isRefused) throw badRequest('the message was refused by a full queue');
  return result.routed > 0;
}
