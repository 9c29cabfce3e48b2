// Generates the codec of OpenWire's data structures.

import { commandsTable } from '../src/protocols/openwire/codec/commands.table.ts';

interface Field {
  readonly name: string;
  readonly kind: string;
  /** The versions that have the field, inclusive. */
  readonly since: number;
  readonly until: number;
}

interface Structure {
  /** Undefined for a base. */
  readonly type: number | undefined;
  readonly name: string;
  readonly base: string | undefined;
  readonly own: readonly Field[];
}

const versionMax = 12;

const scalars: Record<string, { type: string; read: string; write: string; zero: string }> = {
  bool: { type: 'boolean', read: 'r.bool()', write: 'bool', zero: 'false' },
  byte: { type: 'number', read: 'r.byte()', write: 'byte', zero: '0' },
  short: { type: 'number', read: 'r.short()', write: 'short', zero: '0' },
  int: { type: 'number', read: 'r.int()', write: 'int', zero: '0' },
  long: { type: 'Long', read: 'r.long()', write: 'long', zero: '0' },
  str: { type: 'string | undefined', read: 'r.str()', write: 'str', zero: 'undefined' },
  bytes: { type: 'Buffer | undefined', read: 'r.data()', write: 'bytes', zero: 'undefined' },
  octets: { type: 'Buffer | undefined', read: 'r.octets()', write: 'bytes', zero: 'undefined' },
  content: { type: 'Buffer | undefined', read: 'r.data()', write: 'content', zero: 'undefined' },
  thr: {
    type: 'Throwable | undefined',
    read: 'r.throwable()',
    write: 'throwable',
    zero: 'undefined',
  },
};

function parseField(text: string): Field {
  const [name = '', rest = ''] = text.split(':');
  const [kind = '', versions] = rest.split('@');
  const [since = 1, until = versionMax] = (versions ?? '1').split('-').map(Number);
  return { name, kind, since, until };
}

function parseStructure(line: string): Structure {
  const [head = '', ...rest] = line.split(':');
  const [number = '', name = '', base] = head.split(' ');
  const fields = rest.join(':').trim();
  return {
    type: number === '-' ? undefined : Number(number),
    name,
    base,
    own: fields === '' ? [] : fields.split(' ').map(parseField),
  };
}

/** The structures, the unions by name, and what both of them need. */
class Table {
  readonly structures: readonly Structure[];
  readonly unions = new Map<string, readonly string[]>();

  constructor(text: string) {
    const lines = text.trim().split(/\n+/);
    this.structures = lines.filter((line) => !line.startsWith('=')).map(parseStructure);
    for (const line of lines.filter((each) => each.startsWith('='))) {
      const [, name = '', members = ''] = line.split(' ');
      this.unions.set(name, members.split('|'));
    }
  }

  get concrete(): readonly Structure[] {
    return this.structures.filter(({ type }) => type !== undefined);
  }

  fieldsOf(structure: Structure): readonly Field[] {
    const base = this.structures.find(({ name }) => name === structure.base);
    return [...(base === undefined ? [] : this.fieldsOf(base)), ...structure.own];
  }

  /** The names of the structures that a reference means. */
  membersOf(reference: string): readonly string[] {
    return reference.split('|').flatMap((name) => this.unions.get(name) ?? [name]);
  }

  typeNumber(name: string): number {
    return this.structures.find((each) => each.name === name)?.type ?? -1;
  }
}

const table = new Table(commandsTable);

interface Reference {
  /** `nested`, `cached` or `list`. */
  readonly method: string;
  /** `any`, or the names of structures, separated by `|`. */
  readonly target: string;
}

function referenceOf(kind: string): Reference | undefined {
  if (kind.startsWith('^')) return { method: 'nested', target: kind.slice(1) };
  if (kind.startsWith('~')) return { method: 'cached', target: kind.slice(1) };
  if (kind.startsWith('[')) return { method: 'list', target: kind.slice(1, -1) };
  return undefined;
}

const typeNameOf = (target: string) =>
  target === 'any' ? 'DataStructure' : target.split('|').join(' | ');

function typeOf({ kind }: Field): string {
  const reference = referenceOf(kind);
  if (reference === undefined) return scalars[kind]?.type ?? 'never';
  const name = typeNameOf(reference.target);
  if (reference.method !== 'list') return `${name} | undefined`;
  return `readonly (${name} | undefined)[] | undefined`;
}

function interfaceOf(structure: Structure): string {
  const members = table.fieldsOf(structure).map((field) => `  ${field.name}: ${typeOf(field)};\n`);
  return (
    `/** Type ${structure.type}. */\n` +
    `export interface ${structure.name} {\n  readonly type: ${structure.type};\n${members.join('')}}\n`
  );
}

const typesName = (target: string) =>
  `${target
    .split('|')
    .join('Or')
    .replace(/^./, (letter) => letter.toLowerCase())}Types`;

function readOf({ kind }: Field): string {
  const reference = referenceOf(kind);
  if (reference === undefined) return scalars[kind]?.read ?? '';
  const { method, target } = reference;
  if (target === 'any') return `r.${method}(readStructure)`;
  const check = method === 'list' ? 'allOf' : 'oneOf';
  return `${check}<${typeNameOf(target)}>(r.${method}(readStructure), ${typesName(target)})`;
}

function condition({ since, until }: Field, of: string): string | undefined {
  if (since > 1) return `${of}.version >= ${since}`;
  return until < versionMax ? `${of}.version <= ${until}` : undefined;
}

const zeroOf = ({ kind }: Field) => scalars[kind]?.zero ?? 'undefined';

function readerOf(structure: Structure): string {
  const fields = table.fieldsOf(structure);
  const lines = fields.map((field) => {
    const only = condition(field, 'r');
    const read =
      only === undefined ? readOf(field) : `${only} ? ${readOf(field)} : ${zeroOf(field)}`;
    return `    ${field.name}: ${read},\n`;
  });
  const parameter = fields.length === 0 ? '' : 'r: WireReader';
  return (
    `function read${structure.name}(${parameter}): ${structure.name} {\n` +
    `  return {\n    type: ${structure.type},\n${lines.join('')}  };\n}\n`
  );
}

function writeOf(field: Field): string {
  const reference = referenceOf(field.kind);
  const value = `s.${field.name}`;
  const call =
    reference === undefined
      ? `w.${scalars[field.kind]?.write}(${value});`
      : `w.${reference.method}(${value}, writeStructure);`;
  const only = condition(field, 'w');
  return only === undefined ? `  ${call}\n` : `  if (${only}) ${call}\n`;
}

function writerOf(structure: Structure): string {
  const lines = table.fieldsOf(structure).map(writeOf);
  return `function write${structure.name}(w: WireWriter, s: ${structure.name}): void {\n${lines.join('')}}\n`;
}

function makerOf(structure: Structure): string {
  const fields = table.fieldsOf(structure).map((field) => `    ${field.name}: ${zeroOf(field)},\n`);
  const name = structure.name;
  const variable = name.replace(/^./, (letter) => letter.toLowerCase());
  return (
    `/** Creates a ${name}; fields that are not given are zero, false or null. */\n` +
    `export function ${variable}(fields: Partial<Omit<${name}, 'type'>> = {}): ${name} {\n` +
    `  return {\n    type: ${structure.type},\n${fields.join('')}    ...fields,\n  };\n}\n`
  );
}

/** Structures that the broker creates. */
const made: ReadonlySet<string> = new Set([
  'BrokerInfo',
  'ConnectionInfo',
  'ConsumerInfo',
  'ProducerInfo',
  'SessionInfo',
  'TransactionInfo',
  'DestinationInfo',
  'RemoveInfo',
  'RemoveSubscriptionInfo',
  'KeepAliveInfo',
  'ShutdownInfo',
  'ConnectionError',
  'ConsumerControl',
  'ConnectionControl',
  'ProducerAck',
  'MessagePull',
  'MessageDispatch',
  'MessageAck',
  'PlainMessage',
  'TextMessage',
  'PlainResponse',
  'ExceptionResponse',
  'DataArrayResponse',
  'IntegerResponse',
]);

function typeLists(): string {
  const targets = new Set<string>();
  for (const structure of table.concrete) {
    for (const { kind } of table.fieldsOf(structure)) {
      const target = referenceOf(kind)?.target;
      if (target !== undefined && target !== 'any') targets.add(target);
    }
  }
  return [...targets]
    .map((target) => {
      const numbers = table.membersOf(target).map((name) => table.typeNumber(name));
      return `const ${typesName(target)}: readonly number[] = [${numbers.join(', ')}];\n`;
    })
    .join('');
}

const checks = `
/** Requires a structure to be of a type that its field allows. */
function oneOf<S extends DataStructure>(
  found: DataStructure | undefined,
  types: readonly number[],
): S | undefined {
  if (found === undefined || types.includes(found.type)) return found as S | undefined;
  throw new OpenWireError('malformed', \`a structure of type \${found.type} in a field of another\`);
}

/** The same for each item of a list. */
function allOf<S extends DataStructure>(
  found: readonly (DataStructure | undefined)[] | undefined,
  types: readonly number[],
): readonly (S | undefined)[] | undefined {
  return found?.map((item) => oneOf<S>(item, types));
}
`;

/** Generates the text of `src/protocols/openwire/codec/commands.gen.ts`. */
export function generateOpenWireCommands(): string {
  const { concrete, unions } = table;
  const unionTypes = [...unions].map(
    ([name, members]) =>
      `/** Any of the structures that a ${name} can be. */\nexport type ${name} = ${members.join(' | ')};\n`,
  );
  const commands = concrete.filter((each) => table.fieldsOf(each)[0]?.name === 'commandId');
  const isCommand = commands.filter((each) => table.fieldsOf(each)[1]?.name === 'responseRequired');
  const names = concrete.map(({ name, type }) => `  ${name}: ${type},\n`);
  const reads = concrete.map((each) => {
    const argument = table.fieldsOf(each).length === 0 ? '' : 'r';
    return `    case ${each.type}:\n      return read${each.name}(${argument});\n`;
  });
  const writes = concrete.map(
    ({ type, name }) => `    case ${type}:\n      return write${name}(w, s);\n`,
  );
  return [
    '// Made by `npm run gen` from commands.table.ts. Not to be edited.\n',
    "import { OpenWireError } from '../errors.ts';\n" +
      "import type { Long, Throwable, WireReader } from './wire-reader.ts';\n" +
      "import type { WireWriter } from './wire-writer.ts';\n",
    concrete.map(interfaceOf).join('\n'),
    unionTypes.join('\n'),
    `/** A structure that can be sent by itself, with a number. */\nexport type Command =\n${isCommand.map(({ name }) => `  | ${name}`).join('\n')};\n`,
    `/** Any structure, told apart by \`type\`. */\nexport type DataStructure =\n${concrete.map(({ name }) => `  | ${name}`).join('\n')};\n`,
    `/** The type number of each structure, by its name. */\nexport const types = {\n${names.join('')}} as const;\n`,
    typeLists(),
    checks,
    concrete.map(readerOf).join('\n'),
    '/** Reads the fields of a structure; undefined if there is no such type. */\n' +
      'export function readStructure(r: WireReader, type: number): DataStructure | undefined {\n' +
      `  switch (type) {\n${reads.join('')}    default:\n      return undefined;\n  }\n}\n`,
    concrete.map(writerOf).join('\n'),
    '/** Writes the fields of a structure, without its type. */\n' +
      'export function writeStructure(w: WireWriter, s: DataStructure): void {\n' +
      `  switch (s.type) {\n${writes.join('')}  }\n}\n`,
    concrete
      .filter(({ name }) => made.has(name))
      .map(makerOf)
      .join('\n'),
  ].join('\n');
}
