// The text form of methods.

import type { Arguments } from '../../../src/broker/arguments.ts';
import type { BasicProperties } from '../../../src/protocols/amqp091/codec/basic-properties.ts';
import { type Method, methodNames } from '../../../src/protocols/amqp091/codec/methods.gen.ts';
import { methodsTable } from '../../../src/protocols/amqp091/codec/methods.table.ts';
import { contentFrames, frame, methodFrame } from '../amqp-peer.ts';
import { parseTable, printTable } from './tables.ts';

const zeros: Readonly<Record<string, unknown>> = { bit: false, shortstr: '', table: {} };
const camel = (name: string) => name.replace(/-(.)/g, (_, letter: string) => letter.toUpperCase());

/** Methods by name, with every field zero, and the names of their fields. */
const methods = new Map<string, { readonly zero: Record<string, unknown> }>();
for (const line of methodsTable.split('\n')) {
  const [number = '', name = '', ...fields] = line.split(/ +/);
  if (name === '') continue;
  const [classId = 0, methodId = 0] = number.split('.').map(Number);
  const zero: Record<string, unknown> = { id: classId * 65_536 + methodId };
  for (const field of fields) {
    const [fieldName = '', domain = ''] = field.split(':');
    const none = domain === 'longstr' ? Buffer.alloc(0) : 0;
    if (!fieldName.startsWith('reserved')) zero[camel(fieldName)] = zeros[domain] ?? none;
  }
  methods.set(name, { zero });
}

/** `name`, `name=value`, `name="text with spaces"` or `name={table}`. */
const words = /\s*([\w-]+)(?:=("(?:[^"\\]|\\.)*"|\{.*?\}(?=\s+[\w-]+(?:=|\s|$)|\s*$)|\S*))?/y;

function parseWords(text: string): Map<string, string | true> {
  const found = new Map<string, string | true>();
  words.lastIndex = 0;
  for (let match = words.exec(text); match !== null; match = words.exec(text)) {
    found.set(match[1] ?? '', match[2] ?? true);
    if (words.lastIndex === text.length) break;
  }
  return found;
}

function parseValue(word: string | true): unknown {
  if (word === true) return true;
  if (word.startsWith('{')) return parseTable(word);
  if (word.startsWith('"')) return JSON.parse(word);
  return word;
}

const likeZero = (zero: unknown, value: unknown): unknown =>
  typeof zero === 'number' ? Number(value) : value;

const numbers = ['deliveryMode', 'priority', 'timestamp'];

/** The frames that one written step stands for: a method, with content where it has one. */
export function parseStep(channel: number, text: string): Buffer {
  const [verb = '', ...more] = text.split(' ');
  if (verb === 'raw') return Buffer.from(more.join(''), 'hex');
  if (verb === 'frame') {
    return frame(Number(more[0]), channel, Buffer.from(more.slice(1).join(''), 'hex'));
  }
  const known = methods.get(verb);
  if (known === undefined) throw new Error(`no method '${verb}'`);
  const given = parseWords(more.join(' '));
  const fields: Record<string, unknown> = { ...known.zero };
  const properties: Record<string, unknown> = {};
  for (const [name, word] of given) {
    const value = parseValue(word);
    if (name in fields) fields[name] = likeZero(fields[name], value);
    else if (name !== 'body') properties[name] = numbers.includes(name) ? Number(value) : value;
  }
  // The table of methods says that these are the fields of such a method.
  const method = methodFrame(channel, fields as unknown as Method);
  if (verb !== 'basic.publish' || given.has('bare')) return method;
  const body = Buffer.from(String(parseValue(given.get('body') ?? '')));
  return Buffer.concat([method, contentFrames(channel, body, properties as BasicProperties)]);
}

function printWord(name: string, value: unknown): string {
  if (value === true) return ` ${name}`;
  if (value === false) return '';
  if (Buffer.isBuffer(value)) return ` ${name}=${JSON.stringify(value.toString())}`;
  if (typeof value === 'object') return ` ${name}=${printTable(value as Arguments)}`;
  const text = String(value);
  return ` ${name}=${/[\s"]/.test(text) ? JSON.stringify(text) : text}`;
}

const notFields = ['id', 'classId', 'methodId'];

/** A received method as a line. */
export function printMethod(method: Method): string {
  const fields = Object.entries(method).filter(([name]) => !notFields.includes(name));
  const close = 'classId' in method ? ` at=${method.classId}.${method.methodId}` : '';
  const said = fields.map(([name, value]) => printWord(name, value)).join('');
  return `${methodNames[method.id]}${said}${close}`;
}

/** A received message, to follow the method it came with. */
export function printContent(properties: BasicProperties, body: Buffer): string {
  const said = Object.entries(properties).map(([name, value]) => printWord(name, value));
  const text = body.length > 64 ? `${body.length} bytes` : JSON.stringify(body.toString());
  return ` |${said.join('')} | ${text}`;
}
