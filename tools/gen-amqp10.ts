// Generates the codec of the composite types of AMQP 1.0.

import { performativesTable } from '../src/protocols/amqp10/codec/performatives.table.ts';

interface Field {
  readonly name: string;
  readonly type: string;
  readonly isMandatory: boolean;
  /** `open.container-id`, for errors. */
  readonly title: string;
}

interface Line {
  /** `0x10` */
  readonly code: string;
  readonly name: string;
  readonly key: string;
  readonly type: string;
  readonly fields: readonly Field[];
}

const types: Readonly<Record<string, string>> = {
  boolean: 'boolean',
  ubyte: 'number',
  ushort: 'number',
  uint: 'number',
  ulong: 'bigint',
  timestamp: 'bigint',
  binary: 'Buffer',
  string: 'string',
  symbol: 'string',
  symbols: 'readonly string[]',
  map: 'readonly Entry[]',
  item: 'Item',
  '*': 'Composite',
};

const camel = (name: string) =>
  name.replace(/[-.](.)/g, (_, letter: string) => letter.toUpperCase());

function parse(line: string): Line {
  const [code = '', name = '', ...rest] = line.split(/ +/);
  const fields = rest.map((part): Field => {
    const [label = '', type = ''] = part.split(':');
    const isMandatory = label.endsWith('!');
    const plain = label.replace('!', '');
    return { name: camel(plain), type, isMandatory, title: `${name}.${plain}` };
  });
  return { code: `0x${code}`, name, key: camel(name), type: camel(`-${name}`), fields };
}

const isUsed = ({ type }: Field) => type !== 'skip';

function interfaceOf({ code, name, type, fields }: Line): string {
  const members = fields.filter(isUsed).map((field) => {
    const text = types[field.type] ?? 'never';
    return field.isMandatory
      ? `  readonly ${field.name}: ${text};\n`
      : `  readonly ${field.name}?: ${text} | undefined;\n`;
  });
  const head = `/** \`${name}\` */\nexport interface ${type} {\n`;
  return `${head}  readonly code: ${code};\n${members.join('')}}\n`;
}

function readOf({ name, type, isMandatory, title }: Field, at: number): string {
  if (type === 'skip') return `  if (count > ${at}) d.skip();\n`;
  const method = type === '*' ? 'readNested(d)' : type === 'item' ? 'readItem(d)' : `d.${type}()`;
  const read = `count > ${at} ? ${method} : undefined`;
  const value = isMandatory ? `required(${read}, '${title}')` : read;
  return `  const ${name} = ${value};\n`;
}

function readerOf({ code, type, fields }: Line): string {
  const reads = fields.map(readOf).join('');
  const names = fields.filter(isUsed).map(({ name }) => name);
  const open = fields.length === 0 ? '  d.openList();\n' : '  const count = d.openList();\n';
  return (
    `function read${type}(d: Decoder): ${type} {\n${open}${reads}  d.closeList();\n` +
    `  return { ${[`code: ${code}`, ...names].join(', ')} };\n}\n`
  );
}

function writeOf({ name, type }: Field): string {
  if (type === 'skip') return '  w.null();\n';
  return type === '*' ? `  writeNested(w, c.${name});\n` : `  w.${type}(c.${name});\n`;
}

function writerOf({ type, fields }: Line): string {
  const parameter = fields.some(isUsed) ? `, c: ${type}` : '';
  const writes = fields.map(writeOf).join('');
  return (
    `function write${type}(w: Encoder${parameter}): void {\n  const at = w.openList();\n` +
    `${writes}  w.closeList(at, ${fields.length});\n}\n`
  );
}

const helpers = `
function required<T>(value: T | undefined, title: string): T {
  if (value === undefined) throw decodeError(\`the mandatory field \${title} is missing\`);
  return value;
}

function readItem(d: Decoder): Item | undefined {
  const item = d.item();
  return item.type === 'null' ? undefined : item;
}

function readNested(d: Decoder): Composite | undefined {
  return d.described() ? readDescribed(d) : undefined;
}

function writeNested(w: Encoder, c: Composite | undefined): void {
  if (c === undefined) w.null();
  else writeComposite(w, c);
}

function codeOf(name: string): number {
  return codesByName.get(name) ?? -1;
}

/** Reads a composite value with its descriptor. */
export function readComposite(d: Decoder): Composite {
  if (!d.described()) throw decodeError('a composite value is null');
  return readDescribed(d);
}

function readDescribed(d: Decoder): Composite {
  const code = d.descriptor(codeOf);
  const composite = read(code, d);
  if (composite === undefined) throw decodeError('a composite value has an unknown descriptor');
  return composite;
}
`;

/** Generates the text of `src/protocols/amqp10/codec/performatives.gen.ts`. */
export function generateAmqp10Performatives(): string {
  const lines = performativesTable.trim().split(/\n+/).map(parse);
  const names = lines.map(({ code, name }) => `  ['amqp:${name}:list', ${code}],\n`);
  const keys = lines.map(({ code, key }) => `  ${key}: ${code},\n`);
  const reads = lines.map(({ code, type }) => `    case ${code}:\n      return read${type}(d);\n`);
  const writes = lines.map(({ code, type, fields }) => {
    const argument = fields.some(isUsed) ? ', c' : '';
    return `    case ${code}:\n      return write${type}(w${argument});\n`;
  });
  return [
    '// Made by `npm run gen` from performatives.table.ts. Not to be edited.\n',
    "import { decodeError } from '../errors.ts';\nimport type { Decoder } from './decoder.ts';\n" +
      "import type { Encoder } from './encoder.ts';\nimport type { Entry, Item } from './items.ts';\n",
    lines.map(interfaceOf).join('\n'),
    '/** Any composite value, told apart by `code`, its descriptor. */\n' +
      `export type Composite =\n${lines.map(({ type }) => `  | ${type}`).join('\n')};\n`,
    '/** The descriptor of each composite type, by its name. */\n' +
      `export const compositeCodes = {\n${keys.join('')}} as const;\n`,
    `const codesByName: ReadonlyMap<string, number> = new Map<string, number>([\n${names.join('')}]);\n`,
    helpers.trimStart(),
    lines.map(readerOf).join('\n'),
    'function read(code: number, d: Decoder): Composite | undefined {\n' +
      `  switch (code) {\n${reads.join('')}    default:\n      return undefined;\n  }\n}\n`,
    lines.map(writerOf).join('\n'),
    '/** Writes a composite value with its descriptor. */\n' +
      'export function writeComposite(w: Encoder, c: Composite): void {\n  w.descriptor(c.code);\n' +
      `  switch (c.code) {\n${writes.join('')}  }\n}\n`,
  ].join('\n');
}
