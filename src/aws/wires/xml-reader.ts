// Reads XML bodies according to a shape.

import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { RequestError } from '../errors.ts';
import type { Shape, ShapeNode } from '../shapes/shape.ts';
import { fromText } from '../shapes/text.ts';
import { elementName, mapNames } from './xml-writer.ts';

type NodeOf<Kind extends ShapeNode['kind']> = Extract<ShapeNode, { kind: Kind }>;

/** Maximum nesting of elements. Real services have fewer than ten levels. */
export const xmlDepthMax = 64;

/** Maximum number of tags in a body; an element has two. */
export const xmlTagCountMax = 40_000;

/** A parsed element: children by name, attributes with the prefix `@`, and text. */
interface Element {
  readonly [name: string]: readonly Element[] | string | undefined;
  readonly '#text'?: string;
}

const attributePrefix = '@';

const parser = new XMLParser({
  alwaysCreateTextNode: true,
  attributeNamePrefix: attributePrefix,
  htmlEntities: true,
  ignoreAttributes: false,
  ignoreDeclaration: true,
  ignorePiTags: true,
  isArray: (_name, _path, _isLeaf, isAttribute) => !isAttribute,
  maxNestedTags: xmlDepthMax,
  parseAttributeValue: false,
  parseTagValue: false,
  removeNSPrefix: true,
  trimValues: false,
});

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads an XML body according to a shape. An empty body is an empty structure.
 *
 * @throws {RequestError} `unreadable`
 */
export function readXml(body: Buffer, shape: Shape<unknown>): unknown {
  if (body.length === 0) return {};
  const root = rootOf(textOf(body));
  return memberValue(shape, root);
}

function textOf(body: Buffer): string {
  try {
    return utf8.decode(body);
  } catch (error) {
    throw unreadable('not UTF-8', error);
  }
}

function rootOf(text: string): Element {
  // Checked before parsing: document types are never needed, and entities could expand without
  // limit.
  if (/<!(?:DOCTYPE|ENTITY)/i.test(text)) throw unreadable('XML with a document type');
  let tagCount = 0;
  for (let at = text.indexOf('<'); at >= 0; at = text.indexOf('<', at + 1)) tagCount += 1;
  if (tagCount > xmlTagCountMax) {
    throw unreadable(`XML with more than ${xmlTagCountMax} tags, the maximum allowed`);
  }
  // The parser accepts malformed XML. The validator's messages could repeat sensitive text.
  if (XMLValidator.validate(text) !== true) throw unreadable('not well-formed XML');
  let document: Element;
  try {
    document = parser.parse(text) as Element;
  } catch (error) {
    throw unreadable(`not XML of at most ${xmlDepthMax} levels`, error);
  }
  const [root] = Object.values(document).filter((each) => Array.isArray(each));
  const [first] = root ?? [];
  if (first === undefined || typeof first === 'string') throw unreadable('XML without an element');
  return first;
}

function unreadable(what: string, cause?: unknown): RequestError {
  return new RequestError('unreadable', `The body of the request is ${what}`, { cause });
}

function memberValue(shape: Shape<unknown>, element: Element): unknown {
  const { node } = shape;
  switch (node.kind) {
    case 'structure':
      return structureOf(node, element);
    case 'list':
      return listOf(node, childrenOf(element, node.of.xml?.name ?? elementName));
    case 'map':
      return mapOf(node, childrenOf(element, mapNames.entry));
    default:
      return fromText(shape, element['#text'] ?? '', 'date-time');
  }
}

function structureOf({ members }: NodeOf<'structure'>, element: Element): object {
  const found = Object.entries(members).map(([memberName, member]) => {
    const name = member.xml?.name ?? memberName;
    if (!member.xml?.isAttribute) return [memberName, memberOf(member, childrenOf(element, name))];
    const text = element[`${attributePrefix}${name.replace(/^.*:/, '')}`];
    return [memberName, typeof text === 'string' ? fromText(member, text, 'date-time') : undefined];
  });
  return Object.fromEntries(found);
}

function memberOf(member: Shape<unknown>, children: readonly Element[]): unknown {
  const [first] = children;
  if (first === undefined) return undefined;
  const { node } = member;
  if (member.xml?.isFlattened && node.kind === 'list') return listOf(node, children);
  if (member.xml?.isFlattened && node.kind === 'map') return mapOf(node, children);
  return memberValue(member, first);
}

function listOf({ of }: NodeOf<'list'>, children: readonly Element[]): unknown[] {
  return children.map((each) => memberValue(of, each));
}

function mapOf({ key, value }: NodeOf<'map'>, entries: readonly Element[]): object {
  const pairs = entries.map((entry) => {
    const [keyElement] = childrenOf(entry, key.xml?.name ?? mapNames.key);
    const [valueElement] = childrenOf(entry, value.xml?.name ?? mapNames.value);
    return [
      keyElement?.['#text'] ?? '',
      valueElement === undefined ? null : memberValue(value, valueElement),
    ];
  });
  return Object.fromEntries(pairs);
}

function childrenOf(element: Element, name: string): readonly Element[] {
  const found = Object.hasOwn(element, name) ? element[name] : undefined;
  return Array.isArray(found) ? found : [];
}
