// Generates the AMQP 0-9-1 method codec.

import { methodsTable } from '../src/protocols/amqp091/codec/methods.table.ts';

interface Field {
  readonly name: string;
  readonly domain: string;
}

interface MethodLine {
  readonly id: string;
  /** The key of `methodIds`. */
  readonly key: string;
  readonly name: string;
  readonly type: string;
  readonly fields: readonly Field[];
}

const domains: Record<string, { type: string; read: string; write: string; zero: string }> = {
  octet: { type: 'number', read: 'r.u8()', write: 'w.u8', zero: '0' },
  short: { type: 'number', read: 'r.u16()', write: 'w.u16', zero: '0' },
  long: { type: 'number', read: 'r.u32()', write: 'w.u32', zero: '0' },
  longlong: { type: 'number', read: 'r.u64()', write: 'w.u64', zero: '0' },
  shortstr: { type: 'string', read: 'r.shortString()', write: 'w.shortString', zero: "''" },
  longstr: { type: 'Buffer', read: 'r.longBytes()', write: 'w.longBytes', zero: 'Buffer.alloc(0)' },
  table: { type: 'FieldTable', read: 'readTable(r)', write: 'writeTable', zero: '{}' },
  // A table that most clients send with the same contents.
  'repeated-table': {
    type: 'FieldTable',
    read: 'readRepeatedTable(r)',
    write: 'writeTable',
    zero: '{}',
  },
};

const camel = (name: string) =>
  name.replace(/[-.](.)/g, (_, letter: string) => letter.toUpperCase());

const isReserved = (field: Field) => field.name.startsWith('reserved');

function parse(line: string): MethodLine {
  const [number = '', name = '', ...rest] = line.split(/ +/);
  const [classId = 0, methodId = 0] = number.split('.').map(Number);
  const type = camel(`-${name}`);
  const fields = rest.map((part) => {
    const [field = '', domain = ''] = part.split(':');
    return { name: camel(field), domain };
  });
  const id = `0x${((classId << 16) | methodId).toString(16).padStart(8, '0')}`;
  return { id, key: camel(name), name, type, fields };
}

/** `arguments` cannot be the name of a variable. */
const localName = (field: Field) => (field.name === 'arguments' ? 'args' : field.name);

function typeOf(field: Field): string {
  return field.domain === 'bit' ? 'boolean' : (domains[field.domain]?.type ?? 'never');
}

function interfaceOf(method: MethodLine): string {
  const members = method.fields
    .filter((field) => !isReserved(field))
    .map((field) => `  readonly ${field.name}: ${typeOf(field)};\n`);
  return (
    `/** \`${method.name}\` */\n` +
    `export interface ${method.type} {\n  readonly id: ${method.id};\n${members.join('')}}\n`
  );
}

/** Up to eight consecutive bits share an octet. */
function readerOf(method: MethodLine): string {
  const lines: string[] = [];
  let bits = 0;
  let octet = 0;
  for (const field of method.fields) {
    if (field.domain !== 'bit') {
      bits = 0;
      const read = domains[field.domain]?.read;
      lines.push(isReserved(field) ? `  ${read};` : `  const ${localName(field)} = ${read};`);
      continue;
    }
    if (bits % 8 === 0) lines.push(`  const bits${++octet} = r.u8();`);
    const mask = 1 << (bits % 8);
    if (!isReserved(field)) lines.push(`  const ${field.name} = (bits${octet} & ${mask}) !== 0;`);
    bits++;
  }
  const names = method.fields
    .filter((field) => !isReserved(field))
    .map((field) =>
      localName(field) === field.name ? field.name : `${field.name}: ${localName(field)}`,
    );
  const result = [`id: ${method.id}`, ...names].join(', ');
  const reader = lines.length === 0 ? '' : 'r: Reader';
  const unused = reader !== '' && !lines.some((line) => line.includes('bits1 &')) && bits > 0;
  const body = unused ? lines.map((line) => line.replace('const bits1 = ', '')) : lines;
  return (
    `function read${method.type}(${reader}): ${method.type} {\n` +
    `${body.map((line) => `${line}\n`).join('')}  return { ${result} };\n}\n`
  );
}

function writerOf(method: MethodLine): string {
  const lines: string[] = [];
  let pending: string[] = [];
  const flush = () => {
    if (pending.length > 0) lines.push(`  w.u8(${pending.join(' | ')});`);
    pending = [];
  };
  for (const field of method.fields) {
    if (field.domain === 'bit') {
      const mask = 1 << pending.length;
      pending.push(isReserved(field) ? '0' : `(m.${field.name} ? ${mask} : 0)`);
      continue;
    }
    flush();
    const domain = domains[field.domain];
    const value = isReserved(field) ? domain?.zero : `m.${field.name}`;
    lines.push(
      domain?.write === 'writeTable'
        ? `  writeTable(w, ${value});`
        : `  ${domain?.write}(${value});`,
    );
  }
  flush();
  const parameter = lines.some((line) => line.includes('m.')) ? `, m: ${method.type}` : '';
  return (
    `function write${method.type}(w: Writer${parameter}): void {\n` +
    `${lines.map((line) => `${line}\n`).join('')}}\n`
  );
}

function writerCall(method: MethodLine): string {
  if (method.fields.length === 0) return '      return;';
  const takesMethod = method.fields.some((field) => !isReserved(field));
  return `      return write${method.type}(w${takesMethod ? ', m' : ''});`;
}

/** Generates the text of `src/protocols/amqp091/codec/methods.gen.ts`. */
export function generateAmqp091Methods(): string {
  const methods = methodsTable.trim().split(/\n+/).map(parse);
  const reads = methods.map(
    (m) => `    case ${m.id}:\n      return read${m.type}(${m.fields.length > 0 ? 'r' : ''});\n`,
  );
  const writes = methods.map((m) => `    case ${m.id}:\n${writerCall(m)}\n`);
  const ids = methods.map((m) => `  ${m.key}: ${m.id},\n`);
  const names = methods.map((m) => `  [${m.id}]: '${m.name}',\n`);
  const writable = methods.filter((m) => m.fields.length > 0);
  return [
    '// Made by `npm run gen` from methods.table.ts. Not to be edited.\n',
    "import type { Reader, Writer } from '../../../base/bytes.ts';\n" +
      "import { readRepeatedTable } from './repeated-table.ts';\n" +
      "import { type FieldTable, readTable, writeTable } from './tables.ts';\n",
    methods.map(interfaceOf).join('\n'),
    '/** Any method, told apart by `id`: class number in the upper 16 bits, method number below. */\n' +
      `export type Method =\n${methods.map((m) => `  | ${m.type}`).join('\n')};\n`,
    '/** The id of each method, by its name. */\n' +
      `export const methodIds = {\n${ids.join('')}} as const;\n`,
    "/** A method's name as the specification writes it. */\n" +
      `export const methodNames: Readonly<Record<Method['id'], string>> = {\n${names.join('')}};\n`,
    methods.map(readerOf).join('\n'),
    '/** Reads the fields of the method `id`; undefined where there is no such method. */\n' +
      'export function readMethod(id: number, r: Reader): Method | undefined {\n' +
      `  switch (id) {\n${reads.join('')}    default:\n      return undefined;\n  }\n}\n`,
    writable.map(writerOf).join('\n'),
    "/** Writes a method's id and fields: the payload of a method frame. */\n" +
      'export function writeMethod(w: Writer, m: Method): void {\n  w.u32(m.id);\n' +
      `  switch (m.id) {\n${writes.join('')}  }\n}\n`,
  ].join('\n');
}
