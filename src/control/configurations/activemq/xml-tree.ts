// Parsing and writing of XML configurations.

import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { refuse } from '../../rules.ts';
import { configurationLimits } from '../limits.ts';
import { faultOf } from './well-formed.ts';

/** The namespace of ActiveMQ configurations. */
export const brokerNamespace = 'http://activemq.apache.org/schema/core';

/** The key under which the parser stores attributes. */
const attributesKey = ':@';
const textKey = '#text';
/** The key under which the parser stores comments. */
export const commentKey = '#comment';
/** The key under which the parser stores CDATA sections. */
export const cdataKey = '#cdata';

/** Options that the parser and the writer share, so that the output equals the input. */
export const xmlOptions = {
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: '',
  commentPropName: commentKey,
  cdataPropName: cdataKey,
  // Entities are not expanded, so that they cannot grow.
  processEntities: false,
} as const;

/**
 * A node as the parser returns it: an element, text, comment or declaration, with one key besides
 * `:@`.
 */
export type XmlNode = Readonly<Record<string, unknown>>;

const parser = new XMLParser({
  ...xmlOptions,
  ignorePiTags: true,
  maxNestedTags: configurationLimits.xmlDepthMax,
  parseAttributeValue: false,
  parseTagValue: false,
  trimValues: false,
});

/**
 * Parses an ActiveMQ configuration.
 *
 * @param isStored whether the text was accepted before: an earlier release accepted a few texts that
 *   are not well-formed, and their brokers must still start
 * @returns the top-level nodes: the `broker` element, and possibly a declaration and comments
 * @throws {ControlError} 'bad-request' if the text is not well-formed or not a broker
 *   configuration; the message does not contain any of it
 */
export function readXml(source: string, isStored = false): readonly XmlNode[] {
  requireCharacters(source);
  const visible = withoutComments(source);
  if (/&(?!(?:lt|gt|amp|quot|apos|#\d{1,7}|#x[0-9A-Fa-f]{1,6});)/.test(visible)) {
    throw malformed('it has entities other than lt, gt, amp, quot and apos');
  }
  const { xmlTagCountMax, xmlAttributeCountMax, xmlDepthMax } = configurationLimits;
  if (countOf('<', source) > xmlTagCountMax) {
    throw malformed(`it has more than ${xmlTagCountMax} tags`);
  }
  if (countOf('=', visible) > xmlAttributeCountMax) {
    throw malformed(`it has more than ${xmlAttributeCountMax} attributes`);
  }
  const fault = isStored ? undefined : faultOf(source);
  if (fault !== undefined) throw malformed(fault);
  if (XMLValidator.validate(source) !== true) throw malformed('it is not well-formed');
  let nodes: readonly XmlNode[];
  try {
    nodes = parser.parse(source);
  } catch (error) {
    throw malformed(`it is not XML of at most ${xmlDepthMax} levels of elements`, error);
  }
  requireBroker(nodes);
  return nodes;
}

function countOf(character: string, text: string): number {
  let count = 0;
  for (let at = text.indexOf(character); at >= 0; at = text.indexOf(character, at + 1)) count += 1;
  return count;
}

/** Characters that XML 1.0 does not permit (section 2.2), lone surrogates included. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the ones that are not permitted
const forbidden = /[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|[\ud800-\udfff]/u;

/** Requires characters, character references and an encoding that an XML parser accepts. */
function requireCharacters(source: string): void {
  if (forbidden.test(source)) throw malformed('it has characters that XML does not permit');
  for (const [, hex, decimal] of source.matchAll(/&#(?:x([0-9A-Fa-f]+)|(\d+));/g)) {
    const code = hex === undefined ? Number(decimal) : Number.parseInt(hex, 16);
    if (code > 0x10_ffff || forbidden.test(String.fromCodePoint(code))) {
      throw malformed('it has references to characters that XML does not permit');
    }
  }
  const encoding = /^\ufeff?<\?xml\s[^>]*?encoding\s*=\s*["']([^"']*)["']/.exec(source)?.[1];
  if (encoding !== undefined && encoding.toUpperCase() !== 'UTF-8') {
    throw malformed('it declares another encoding than UTF-8');
  }
}

/**
 * Removes comments and CDATA sections, which may contain anything.
 *
 * @throws {ControlError} 'bad-request' if they do not end, or there is a document type declaration
 */
export function withoutComments(source: string): string {
  let rest = '';
  let at = 0;
  for (;;) {
    const start = source.indexOf('<!', at);
    if (start < 0) return rest + source.slice(at);
    const isComment = source.startsWith('<!--', start);
    if (!isComment && !source.startsWith('<![CDATA[', start)) {
      throw malformed('it has a document type declaration, which is not allowed');
    }
    const end = source.indexOf(isComment ? '-->' : ']]>', start + 4);
    if (end < 0) throw malformed('it is not well-formed');
    rest += source.slice(at, start);
    at = end + 3;
  }
}

function requireBroker(nodes: readonly XmlNode[]): void {
  const elements = nodes.filter((node) => isElement(node));
  const [root] = elements;
  if (root === undefined || elements.length > 1)
    throw malformed('it does not have exactly one root element');
  if (nameOf(root) === 'broker' && attributesOf(root)['xmlns'] === brokerNamespace) return;
  throw malformed(`its root is not the element broker of the namespace ${brokerNamespace}`);
}

/** Whether a node is an element. */
export function isElement(node: XmlNode): boolean {
  const name = nameOf(node);
  return !name.startsWith('?') && ![textKey, commentKey, cdataKey].includes(name);
}

/** The name of an element, or the key of a text, comment or declaration. */
export function nameOf(node: XmlNode): string {
  for (const name of Object.keys(node)) if (name !== attributesKey) return name;
  return textKey;
}

/** The children of an element. */
export function childrenOf(node: XmlNode): readonly XmlNode[] {
  const children = node[nameOf(node)];
  // The parser is configured to return a list for each element.
  return Array.isArray(children) ? (children as readonly XmlNode[]) : [];
}

/** The attributes of an element, with unexpanded entities. */
export function attributesOf(node: XmlNode): Readonly<Record<string, string>> {
  const attributes = node[attributesKey];
  // The parser is configured to return strings.
  return attributes === undefined ? {} : (attributes as Readonly<Record<string, string>>);
}

/** Copies an element with other attributes and children. */
export function elementWith(
  name: string,
  attributes: ReadonlyMap<string, string>,
  children: readonly XmlNode[],
): XmlNode {
  return { [name]: children, [attributesKey]: Object.fromEntries(attributes) };
}

/** The text of a node; empty for other nodes. */
export function textOf(node: XmlNode): string {
  const text = node[textKey];
  return typeof text === 'string' ? text : '';
}

const entities: Readonly<Record<string, string>> = {
  lt: '<',
  gt: '>',
  amp: '&',
  quot: '"',
  apos: "'",
};

/** Decodes the entities of an attribute value, once. */
export function decoded(value: string): string {
  return value.replace(/&(?:#(\d+)|#x([0-9A-Fa-f]+)|(\w+));/g, (whole, decimal, hex, name) => {
    if (name !== undefined) return entities[name] ?? whole;
    const code = decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal);
    return code <= 0x10ffff ? String.fromCodePoint(code) : whole;
  });
}

/** The error for a text that is not a configuration. */
export function malformed(why: string, cause?: unknown): Error {
  const error = refuse('data', `The configuration is not valid XML of a broker: ${why}.`);
  return Object.assign(error, { cause });
}
