// Topic names and filters.

import { controlIn } from '../../broker/activemq/destination.ts';
import { isSendable } from './codec/fields.ts';
import { MqttError, malformed } from './errors.ts';
import { topicBytesMax, topicLevelCountMax } from './limits.ts';

/** Whether a filter begins with a wildcard. */
export function startsWithWildcard(filter: string): boolean {
  return filter.startsWith('+') || filter.startsWith('#');
}

/**
 * Checks a topic name.
 *
 * @throws {MqttError} `invalidTopicName` if it is empty or too long, or has wildcards or control
 *   characters
 */
export function checkTopic(topic: string): void {
  // [MQTT-4.7.3-1] [MQTT-3.3.2-2] [MQTT-4.7.1-1]
  if (topic === '') throw malformed('a topic name is empty');
  if (/[+#]/.test(topic)) {
    throw new MqttError('peer', 'invalidTopicName', 'a topic name contains a wildcard');
  }
  requireNoControls(topic, 'topic name', 'invalidTopicName');
  requireSize(topic, 'topic name', 'invalidTopicName');
}

/** Whether a client accepts a text as the topic name of a message. Others may end the connection. */
export function isTopicName(text: string): boolean {
  return text !== '' && !/[+#]/.test(text) && isSendable(text) && controlIn(text) === undefined;
}

/**
 * Requires a topic name or filter of a client to have no control characters [MQTT-1.5.4-2]. Filters
 * that are stored already are not checked.
 *
 * @throws {MqttError} `refused`
 */
export function requireNoControls(
  text: string,
  what: string,
  reason: 'invalidTopicName' | 'invalidTopicFilter',
): void {
  const control = controlIn(text);
  if (control === undefined) return;
  const found = `a ${what} contains the control character ${control}`;
  throw new MqttError('refused', reason, `${found}, which is not permitted`);
}

function requireSize(
  text: string,
  what: string,
  reason: 'invalidTopicName' | 'invalidTopicFilter',
): void {
  const bytes = Buffer.byteLength(text);
  if (bytes > topicBytesMax) {
    throw new MqttError(
      'refused',
      reason,
      `a ${what} of ${bytes} bytes is longer than ${topicBytesMax}`,
    );
  }
  const levels = text.split('/').length;
  if (levels <= topicLevelCountMax) return;
  const found = `a ${what} of ${levels} levels`;
  throw new MqttError('refused', reason, `${found} has more than ${topicLevelCountMax}`);
}

/** A filter of a subscription. */
export interface ParsedFilter {
  /** As the client wrote it. */
  readonly text: string;
  /** Without the share name. */
  readonly filter: string;
  /** The share name of a shared subscription (4.8.2). */
  readonly shareName: string | undefined;
}

/**
 * Parses a filter. `$share/` begins a shared subscription in all versions.
 *
 * @throws {MqttError} `malformedPacket` or `protocolError` if it is invalid; `refused` with
 *   `invalidTopicFilter` if it is too long
 */
export function parseFilter(text: string): ParsedFilter {
  if (text === '') throw malformed('a topic filter is empty'); // [MQTT-4.7.3-1]
  if (!isShared(text)) {
    checkFilter(text);
    return { text, filter: text, shareName: undefined };
  }
  const nameEnd = text.indexOf('/', 7);
  const shareName = nameEnd < 0 ? '' : text.slice(7, nameEnd);
  // [MQTT-4.8.2-1] [MQTT-4.8.2-2]
  if (shareName === '' || /[+#]/.test(shareName) || nameEnd === text.length - 1) {
    throw new MqttError('peer', 'protocolError', 'a shared subscription has an invalid name');
  }
  const filter = text.slice(nameEnd + 1);
  checkFilter(filter);
  return { text, filter, shareName };
}

/** Whether the text of a filter is that of a shared subscription. */
export function isShared(text: string): boolean {
  return text.startsWith('$share/');
}

function checkFilter(filter: string): void {
  const levels = filter.split('/');
  for (const [at, level] of levels.entries()) {
    // [MQTT-4.7.1-1] [MQTT-4.7.1-2]
    const isMany = level === '#' && at === levels.length - 1;
    if (isMany || level === '+' || !/[+#]/.test(level)) continue;
    throw malformed(
      'a topic filter has a wildcard that is not a level of its own, or not the last',
    );
  }
  requireSize(filter, 'topic filter', 'invalidTopicFilter');
}
