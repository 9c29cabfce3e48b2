// Messages that are published: by PUBLISH packets and as wills.

import type { Route } from '../../../broker/exchanges/route-cache.ts';
import { noExtraKeys } from '../../../broker/exchanges/sender-keys.ts';
import { formatNumbers } from '../../../broker/format.ts';
import type { Publication } from '../../../broker/publication.ts';
import type { Published } from '../../../broker/publishing/publishing.ts';
import { expiryMsMax } from '../../../broker/queue-options.ts';
import { plainHead, writeHead } from '../codec/head.ts';
import { noProperties, type PropertyList, propertyIds } from '../codec/properties.ts';
import { visibleBytes } from '../codec/stored-properties.ts';
import type { TopicTarget, VhostDialect } from '../dialect.ts';

/** The properties of a message. */
export interface MessageOptions {
  readonly qos: number;
  readonly isRetained: boolean;
  readonly properties: PropertyList;
  /** The client id, if the publisher has subscriptions that exclude its own messages. */
  readonly origin: string | undefined;
  /** MQTT has none, so all messages have that of the dialect. */
  readonly priority: number;
}

/** Sets all fields of a publication except its address and its body. */
export function prepare(publication: Publication, options: MessageOptions): void {
  const { qos, isRetained, properties, origin, priority } = options;
  const seconds = properties.number(propertyIds.messageExpiry);
  const ttlMs = seconds === undefined ? -1 : Math.min(seconds * 1000, expiryMsMax);
  const isPlain = properties === noProperties && origin === undefined;
  const head = isPlain
    ? plainHead(qos, isRetained)
    : writeHead({
        qos,
        isRetained,
        isNative: true,
        ttlMs,
        ...(origin !== undefined && { origin }),
        visible: visibleBytes(properties),
      });
  publication.head = head;
  publication.headStart = 0;
  publication.headEnd = head.length;
  publication.format = formatNumbers.mqtt;
  publication.isPersistent = qos > 0;
  publication.priority = priority;
  publication.expirationMs = ttlMs;
  publication.extraRoutingKeys = noExtraKeys;
}

/**
 * Stores a message in the queues of its route and, if its retain flag is set, for its topic.
 *
 * @returns the result, in an object that the next call overwrites; its group also covers the retained
 *   message
 * @throws {BrokerError} `resource-error` if it cannot be retained; nothing is stored then
 */
export function store(
  dialect: VhostDialect,
  target: TopicTarget,
  publication: Publication,
  route: Route,
  isRetained: boolean,
): Published {
  const { broker, vhost } = dialect;
  if (!isRetained) return broker.publish(vhost, publication, route);
  const { name } = target.address;
  const { retained, store: messages } = broker;
  // [MQTT-3.3.1-5] [MQTT-3.3.1-6] [MQTT-3.3.1-7]
  const isCleared = publication.bodyLength === 0;
  if (!isCleared) retained.requireRoom(vhost.name, name, publication.bodyLength);
  messages.begin();
  try {
    if (isCleared) retained.clear(vhost.name, name);
    else retained.set(vhost.name, name, publication);
    const published = broker.publish(vhost, publication, route);
    published.group = messages.log.appendedGroup;
    return published;
  } finally {
    messages.end();
  }
}
