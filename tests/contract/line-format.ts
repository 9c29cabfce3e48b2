// A message format with lines of text, for tests.

import { decodeText, encodeText } from '../../src/base/byte-text.ts';
import type { Address, Body, Properties } from '../../src/broker/conversion/properties.ts';
import { emptyProperties } from '../../src/broker/conversion/properties.ts';
import { type Field, textValue, toJson, type Value } from '../../src/broker/conversion/value.ts';
import type { MessageFormat } from '../../src/broker/format.ts';

/*
 * A head is lines of `name:value`, as in STOMP. Everything is text in it, as it is for such protocols.
 */
/** A format for tests whose headers are lines of text: another protocol than AMQP 0-9-1. */
export const lineFormat: MessageFormat = {
  name: 'stomp',
  headerCount: (buffer, start, end) => linesOf(buffer, start, end).length,
  headers: (buffer, start, end) =>
    Object.fromEntries(
      linesOf(buffer, start, end).map(([name, value]) => [name, { type: 'longstr', value }]),
    ),
  expiration: (buffer, start, end) => new Map(linesOf(buffer, start, end)).get('expires'),
  deadLetterHead: (buffer, start, end) => Buffer.from(buffer.subarray(start, end)),

  toProperties(view): Properties {
    const { buffer, headAt, headLength, bodyAt, bodyLength } = view;
    const lines = linesOf(buffer, headAt, headAt + headLength);
    const named = new Map(lines);
    const ms = (name: string) => (named.has(name) ? Number(named.get(name)) : undefined);
    const id = (name: string) => (named.has(name) ? textValue(named.get(name) ?? '') : undefined);
    const createdAtMs = named.get('timestamp');
    return {
      ...emptyProperties,
      isDurable: named.get('persistent') === 'true',
      priority: ms('priority'),
      ttlMs: ms('expires'),
      createdAtMs: createdAtMs === undefined ? undefined : BigInt(createdAtMs),
      messageId: id('message-id'),
      correlationId: id('correlation-id'),
      replyTo: addressOf(named.get('reply-to')),
      type: named.get('type'),
      contentType: named.get('content-type'),
      groupId: named.get('group'),
      headers: lines.flatMap(([name, value]): Field[] =>
        name.startsWith('h:') ? [[name.slice(2), textValue(value)]] : [],
      ),
      body: bodyOf(
        named.has('content-length'),
        Buffer.from(buffer.subarray(bodyAt, bodyAt + bodyLength)),
      ),
    };
  },

  fromProperties(properties, headBytesMax) {
    const lines: [name: string, value: string][] = [];
    const add = (name: string, value: string | number | bigint | undefined) => {
      if (value !== undefined) lines.push([name, String(value)]);
    };
    if (properties.isDurable) add('persistent', 'true');
    add('priority', properties.priority);
    add('expires', properties.ttlMs);
    add('timestamp', properties.createdAtMs);
    add('message-id', textOf(properties.messageId));
    add('correlation-id', textOf(properties.correlationId));
    const { replyTo } = properties;
    add('reply-to', replyTo === undefined ? undefined : `/${replyTo.kind}/${replyTo.name}`);
    add('type', properties.type);
    add('content-type', properties.contentType);
    add('group', properties.groupId);
    const { kind } = properties.body;
    if (kind === 'bytes' || kind === 'value') add('content-length', 'yes');
    let bytes = lines.reduce((sum, line) => sum + lineBytes(line).length, 0);
    for (const [name, value] of properties.headers) {
      const line: [string, string] = [`h:${name}`, textOf(value) ?? ''];
      bytes += lineBytes(line).length;
      if (bytes <= headBytesMax) lines.push(line);
    }
    const fitting = lines.filter((line) => lineBytes(line).length <= headBytesMax);
    return { head: Buffer.concat(fitting.map(lineBytes)), body: bytesOf(properties.body) };
  },
};

function linesOf(buffer: Buffer, start: number, end: number): [name: string, value: string][] {
  const text = decodeText(buffer, start, end);
  return text.split('\n').flatMap((line): [string, string][] => {
    const at = line.indexOf('\t');
    return at < 0 ? [] : [[unescaped(line.slice(0, at)), unescaped(line.slice(at + 1))]];
  });
}

const escapes: readonly (readonly [string, string])[] = [
  ['\\', '\\\\'],
  ['\n', '\\n'],
  ['\t', '\\c'],
];
const escaped = (text: string) =>
  escapes.reduce((sum, [plain, code]) => sum.replaceAll(plain, code), text);
const unescaped = (text: string) =>
  text.replace(/\\(.)/g, (_, code) => (code === 'n' ? '\n' : code === 'c' ? '\t' : '\\'));
const lineBytes = ([name, value]: readonly [string, string]) =>
  encodeText(`${escaped(name)}\t${escaped(value)}\n`);

function textOf(value: Value | undefined): string | undefined {
  if (value === undefined) return undefined;
  const json = toJson(value);
  return typeof json === 'string' ? json : JSON.stringify(json);
}

function addressOf(text: string | undefined): Address | undefined {
  const match = /^\/(queue|topic|temporary-queue|temporary-topic)\/(.*)$/s.exec(text ?? '');
  return match === null ? undefined : { kind: match[1] as Address['kind'], name: match[2] ?? '' };
}

function bodyOf(isBytes: boolean, bytes: Buffer): Body {
  if (isBytes) return { kind: 'bytes', bytes };
  return bytes.length === 0
    ? { kind: 'none' }
    : { kind: 'text', text: decodeText(bytes, 0, bytes.length) };
}

function bytesOf(body: Body): Buffer {
  if (body.kind === 'bytes') return body.bytes;
  if (body.kind === 'text') return encodeText(body.text);
  return body.kind === 'none' ? Buffer.alloc(0) : Buffer.from(JSON.stringify(toJson(body.value)));
}
