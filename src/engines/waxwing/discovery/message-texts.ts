// The texts of a message in which personal and secret data is searched.

import type { Properties } from '../../../broker/conversion/properties.ts';
import type { Field, Value } from '../../../broker/conversion/value.ts';
import { toJson } from '../../../broker/conversion/value.ts';
import type { MessageFormat } from '../../../broker/format.ts';
import type { MessageView } from '../../../storage/message-record.ts';

/** Characters of a body, and of a header, that are examined. */
const bodyCharactersMax = 16_384;
const headerCharactersMax = 1024;
/** Headers of a message that are examined. */
const headerCountMax = 64;
/** Bodies up to this size are decoded; of larger ones, the beginning is taken as text. */
const decodedBytesMax = 256 * 1024;

/** A text with its name, if it has one. */
export interface MessageText {
  readonly text: string;
  readonly name?: string;
}

/**
 * Returns the texts of the message that a view shows: the beginning of the body, and headers. The
 * view is not used after that.
 */
export function textsOf(view: MessageView, format: MessageFormat | undefined): MessageText[] {
  if (format === undefined || view.bodyLength > decodedBytesMax) return [rawBody(view)];
  const { buffer, headAt, headLength, bodyAt, bodyLength } = view;
  const properties = format.toProperties({ buffer, headAt, headLength, bodyAt, bodyLength });
  return [...headerTexts(properties), bodyText(properties)].filter(({ text }) => text !== '');
}

function rawBody({ buffer, bodyAt, bodyLength }: MessageView): MessageText {
  const end = bodyAt + Math.min(bodyLength, bodyCharactersMax);
  return { text: buffer.toString('utf8', bodyAt, end) };
}

function bodyText({ body }: Properties): MessageText {
  switch (body.kind) {
    case 'none':
      return { text: '' };
    case 'bytes':
      return { text: body.bytes.toString('utf8', 0, bodyCharactersMax) };
    case 'text':
      return { text: body.text.slice(0, bodyCharactersMax) };
    case 'value':
      return { text: JSON.stringify(toJson(body.value)).slice(0, bodyCharactersMax) };
  }
}

function headerTexts(properties: Properties): MessageText[] {
  const { messageId, correlationId, type, userId, groupId, appId, replyTo } = properties;
  const texts: MessageText[] = [];
  for (const value of [messageId, correlationId]) {
    if (value !== undefined) texts.push({ text: textOfValue(value) });
  }
  for (const text of [type, userId, groupId, appId, replyTo?.name]) {
    if (text !== undefined) texts.push({ text: text.slice(0, headerCharactersMax) });
  }
  for (const [name, value] of firstOf(properties.headers)) {
    texts.push({ name, text: textOfValue(value) });
  }
  return texts;
}

function firstOf(fields: readonly Field[]): readonly Field[] {
  return fields.slice(0, headerCountMax);
}

function textOfValue(value: Value): string {
  const json = toJson(value);
  const text = typeof json === 'string' ? json : JSON.stringify(json);
  return text.slice(0, headerCharactersMax);
}
