// The text form of field tables.

import type { Argument, Arguments, ArgumentType } from '../../../src/broker/arguments.ts';

/**
 * Field tables as text: `{count: long 1, list: ["a", 2, true], none: void}`. A bare number is a
 * `signedint`, quoted text a `longstr`; every other type is named before its value.
 */
export function printTable(table: Arguments): string {
  const names = Object.keys(table).sort();
  return `{${names.map((name) => `${name}: ${printed(table[name])}`).join(', ')}}`;
}

function printed(argument: Argument | undefined): string {
  if (argument === undefined) return '';
  const { type, value } = argument;
  if (type === 'longstr') return JSON.stringify(value);
  if (type === 'signedint' || type === 'bool') return String(value);
  if (type === 'void') return 'void';
  if (type === 'table') return printTable(value as Arguments); // its type says what the value is
  if (type === 'array') return `[${(value as readonly Argument[]).map(printed).join(', ')}]`;
  return `${type} ${type === 'timestamp' ? '*' : value}`;
}

/** Reads what `printTable` writes. */
export function parseTable(text: string): Arguments {
  const reader = new TableReader(text);
  const table = reader.table();
  reader.expect('');
  return table;
}

const tokens = /\s*("(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+)/y;

class TableReader {
  readonly #tokens: string[] = [];
  #at = 0;

  constructor(text: string) {
    tokens.lastIndex = 0;
    for (let found = tokens.exec(text); found !== null; found = tokens.exec(text)) {
      this.#tokens.push(found[1] ?? '');
    }
  }

  expect(token: string): void {
    const found = this.#next();
    if (found !== token) throw new Error(`'${found}' found in a table where '${token}' was due`);
  }

  table(): Arguments {
    const table: Record<string, Argument> = {};
    this.expect('{');
    this.#list('}', () => {
      const name = this.#next();
      this.expect(':');
      table[name.startsWith('"') ? JSON.parse(name) : name] = this.#argument();
    });
    return table;
  }

  #next(): string {
    return this.#tokens[this.#at++] ?? '';
  }

  #list(end: string, item: () => void): void {
    while (this.#tokens[this.#at] !== end) {
      item();
      if (this.#tokens[this.#at] === ',') this.#at++;
    }
    this.#at++;
  }

  #argument(): Argument {
    const token = this.#tokens[this.#at] ?? '';
    if (token === '{') return { type: 'table', value: this.table() };
    if (token === '[') {
      this.#at++;
      const value: Argument[] = [];
      this.#list(']', () => value.push(this.#argument()));
      return { type: 'array', value };
    }
    this.#at++;
    if (token.startsWith('"')) return { type: 'longstr', value: JSON.parse(token) };
    if (token === 'true' || token === 'false') return { type: 'bool', value: token === 'true' };
    if (token === 'void') return { type: 'void', value: null };
    if (/^-?\d+$/.test(token)) return { type: 'signedint', value: Number(token) };
    const value = this.#next();
    const isText =
      token === 'decimal' || token === 'binary' || !Number.isSafeInteger(Math.trunc(Number(value)));
    return { type: token as ArgumentType, value: isText ? value : Number(value) };
  }
}
