// The parser of selectors.

import { argumentCountMax, call } from './functions.ts';
import * as nodes from './nodes.ts';
import {
  type Condition,
  conditionOf,
  constant,
  identifier,
  type Node,
  type NodeOptions,
} from './nodes.ts';
import { invalidSelector, readTokens, type Token } from './tokens.ts';

/** Maximum nesting depth of parentheses, signs and NOTs. */
const depthMax = 200;

/** A recursive-descent parser of selectors. Each method is one rule of the grammar. */
export class SelectorParser {
  readonly #tokens: readonly Token[];
  readonly #options: NodeOptions;
  #at = 0;
  #depth = 0;
  /** Number of operators and operands, which estimates the cost of an evaluation. */
  nodeCount = 0;
  /** Whether an evaluation compares or copies characters, up to `stepCountMax`. */
  hasLike = false;

  constructor(text: string, options: NodeOptions) {
    this.#tokens = readTokens(text);
    this.#options = options;
  }

  /** @throws {BrokerError} `precondition-failed` */
  parse(): Condition {
    const node = this.#or();
    if (this.#token.type !== 'end') this.#unexpected();
    return conditionOf(node);
  }

  get #token(): Token {
    return this.#tokens[this.#at] as Token; // the last token is the end, which is never passed
  }

  #unexpected(): never {
    throw invalidSelector(`unexpected ${this.#token.text} after ${this.#at} words`);
  }

  /** Whether the next token is a keyword. Keywords are not case-sensitive. */
  #isWord(keyword: string): boolean {
    const { type, text } = this.#token;
    return type === 'word' && text.toUpperCase() === keyword;
  }

  #takeWord(keyword: string): boolean {
    if (!this.#isWord(keyword)) return false;
    this.#at++;
    return true;
  }

  #takeSymbol(...symbols: readonly string[]): string | undefined {
    const { type, text } = this.#token;
    if (type !== 'symbol' || !symbols.includes(text)) return undefined;
    this.#at++;
    return text;
  }

  #require(isTaken: unknown): void {
    if (isTaken === undefined || isTaken === false) this.#unexpected();
  }

  #or(): Node {
    const operands = [this.#and()];
    while (this.#takeWord('OR')) operands.push(this.#and());
    return operands.length === 1 ? (operands[0] as Node) : nodes.anyOf(operands);
  }

  #and(): Node {
    const operands = [this.#equality()];
    while (this.#takeWord('AND')) operands.push(this.#equality());
    return operands.length === 1 ? (operands[0] as Node) : nodes.allOf(operands);
  }

  #equality(): Node {
    let node = this.#comparison();
    for (let count = 0; ; count++) {
      const operator = this.#takeSymbol('=', '<>');
      if (operator !== undefined) {
        node = nodes.equality(operator, node, this.#comparison(), this.#options);
      } else if (this.#takeWord('IS')) {
        const isNegated = this.#takeWord('NOT');
        this.#require(this.#takeWord('NULL'));
        node = nodes.isNull(node, isNegated);
      } else return node;
      this.#limitChain(count);
    }
  }

  #comparison(): Node {
    let node = this.#sum();
    for (let count = 0; ; count++) {
      const operator = this.#takeSymbol('>', '>=', '<', '<=');
      const next =
        operator === undefined
          ? this.#negatableTest(node)
          : nodes.comparison(operator, node, this.#sum(), this.#options);
      if (next === undefined) return node;
      node = next;
      this.#limitChain(count);
    }
  }

  /** LIKE, BETWEEN or IN, optionally after NOT; undefined for anything else. */
  #negatableTest(node: Node): Node | undefined {
    if (!this.#isWord('NOT')) return this.#test(node);
    const next = this.#tokens[this.#at + 1]?.text.toUpperCase() ?? '';
    if (!['LIKE', 'BETWEEN', 'IN'].includes(next)) return undefined;
    this.#at++;
    const tested = this.#test(node);
    return tested && nodes.not(tested);
  }

  /** Chained comparisons count as nesting. */
  #limitChain(count: number): void {
    if (count >= depthMax) throw invalidSelector(`more than ${depthMax} comparisons in a row`);
  }

  /** LIKE, BETWEEN and IN. */
  #test(node: Node): Node | undefined {
    if (this.#takeWord('LIKE')) {
      this.hasLike = true;
      const pattern = this.#string();
      return nodes.like(node, pattern, this.#takeWord('ESCAPE') ? this.#string() : undefined);
    }
    if (this.#takeWord('BETWEEN')) {
      const low = this.#sum();
      this.#require(this.#takeWord('AND'));
      return nodes.between(node, low, this.#sum(), this.#options);
    }
    if (!this.#takeWord('IN')) return undefined;
    this.#require(this.#takeSymbol('('));
    const values = [this.#string()];
    while (this.#takeSymbol(',') !== undefined) values.push(this.#string());
    this.#require(this.#takeSymbol(')'));
    return nodes.isIn(node, values);
  }

  #string(): string {
    const { type, value } = this.#token;
    if (type !== 'constant' || typeof value !== 'string') this.#unexpected();
    this.#at++;
    return value;
  }

  #sum(): Node {
    return this.#chain(['+', '-'], () => this.#product());
  }

  #product(): Node {
    return this.#chain(['*', '/', '%'], () => this.#unary());
  }

  #chain(symbols: readonly string[], operand: () => Node): Node {
    const first = operand();
    const rest: { readonly operator: string; readonly operand: Node }[] = [];
    for (;;) {
      const operator = this.#takeSymbol(...symbols);
      if (operator === undefined) return rest.length === 0 ? first : nodes.arithmetic(first, rest);
      rest.push({ operator, operand: operand() });
    }
  }

  #unary(): Node {
    if (++this.#depth > depthMax) throw invalidSelector(`nested deeper than ${depthMax}`);
    const node = this.#signed();
    this.#depth--;
    return node;
  }

  #signed(): Node {
    this.nodeCount++;
    if (this.#takeSymbol('+') !== undefined) return this.#unary();
    if (this.#takeSymbol('-') !== undefined) return nodes.negative(this.#unary());
    if (this.#takeWord('NOT')) return nodes.not(this.#unary());
    return this.#primary();
  }

  #primary(): Node {
    const { type, text, value } = this.#token;
    if (this.#takeSymbol('(') !== undefined) {
      const inner = this.#or();
      this.#require(this.#takeSymbol(')'));
      return nodes.grouped(inner);
    }
    if (type !== 'constant' && type !== 'word') this.#unexpected();
    this.#at++;
    if (type === 'constant') return constant(value);
    const keyword = text.toUpperCase();
    if (keyword === 'TRUE' || keyword === 'FALSE') return constant(keyword === 'TRUE');
    if (keyword === 'NULL') return constant(null);
    if (['XPATH', 'XQUERY'].includes(keyword)) throw invalidSelector(`${keyword} is not supported`);
    if (reserved.has(keyword)) {
      this.#at--;
      this.#unexpected();
    }
    return this.#takeSymbol('(') === undefined ? identifier(text) : this.#call(text);
  }

  #call(name: string): Node {
    const args = [this.#unary()];
    while (this.#takeSymbol(',') !== undefined) {
      args.push(this.#unary());
      if (args.length > argumentCountMax) {
        throw invalidSelector(`more than ${argumentCountMax} arguments of ${name}`);
      }
    }
    this.#require(this.#takeSymbol(')'));
    this.hasLike = true;
    return call(name, args, this.#options);
  }
}

const reserved: ReadonlySet<string> = new Set([
  'AND',
  'OR',
  'NOT',
  'IS',
  'LIKE',
  'BETWEEN',
  'IN',
  'ESCAPE',
]);
