// Messages as they are shown: their header fields and properties, with long texts cut.

import { qualifiedName } from '../../broker/activemq/destination.ts';
import type { Properties } from '../../broker/conversion/properties.ts';
import { type Field, toJson, type Value } from '../../broker/conversion/value.ts';
import type { MessageView } from '../../storage/message-record.ts';
import type { Console } from '../console.ts';
import { shownLengthMax, shownPropertiesLengthMax, shownPropertyCountMax } from '../limits.ts';

/** A message as it is shown. Long texts are cut. */
export interface ShownMessage {
  readonly messageId: string | null;
  readonly correlationId: string | null;
  readonly type: string | null;
  readonly replyTo: string | null;
  readonly groupId: string | null;
  readonly priority: number;
  readonly persistent: boolean;
  /** When the broker received it, milliseconds since 1970. */
  readonly receivedAtMs: number;
  /** Milliseconds since 1970; 0 for never. */
  readonly expiresAtMs: number;
  readonly bodyBytes: number;
  /** Those of the sender. The last ones are left out if there are many. */
  readonly properties: Readonly<Record<string, string>>;
}

/** The properties of the message of a view, without its body, which may be large. */
export function headPropertiesOf({ broker }: Console, view: MessageView): Properties | undefined {
  const { buffer, headAt, headLength, bodyAt } = view;
  const head = { buffer, headAt, headLength, bodyAt, bodyLength: 0 };
  return broker.formatOf(view.format)?.toProperties(head);
}

/** Shows the message of a view. */
export function shownMessage(view: MessageView, properties: Properties | undefined): ShownMessage {
  const { priority, isPersistent, receivedAtMs, expiresAtMs, bodyLength } = view;
  const { messageId, correlationId, type, replyTo, groupId, headers = [] } = properties ?? {};
  return {
    messageId: messageId === undefined ? null : textOf(messageId),
    correlationId: correlationId === undefined ? null : textOf(correlationId),
    type: type === undefined ? null : cut(type),
    replyTo: replyTo === undefined ? null : cut(qualifiedName(replyTo)),
    groupId: groupId === undefined ? null : cut(groupId),
    priority,
    persistent: isPersistent,
    receivedAtMs: Math.round(receivedAtMs),
    expiresAtMs: expiresAtMs === Infinity ? 0 : Math.round(expiresAtMs),
    bodyBytes: bodyLength,
    properties: shownProperties(headers),
  };
}

/** Further properties are left out. */
function shownProperties(headers: readonly Field[]): Readonly<Record<string, string>> {
  const shownFields: [name: string, value: string][] = [];
  let length = 0;
  for (const [name, value] of headers.slice(0, shownPropertyCountMax)) {
    const field: [string, string] = [cut(name), textOf(value)];
    length += field[0].length + field[1].length;
    if (length > shownPropertiesLengthMax) break;
    shownFields.push(field);
  }
  // `__proto__` is an ordinary name here.
  return Object.fromEntries(shownFields);
}

function textOf(value: Value): string {
  // Nested values are not converted as a whole, because they may be large.
  if (value.type === 'binary') return cut(value.value.subarray(0, shownLengthMax).toString('hex'));
  if (value.type === 'list' || value.type === 'map') return `(${value.type})`;
  return cut(String(toJson(value)));
}

function cut(text: string): string {
  return text.length <= shownLengthMax ? text : `${text.slice(0, shownLengthMax)}...`;
}
