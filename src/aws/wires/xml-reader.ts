import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { RequestError } from '../errors.ts';
import type { Shape, ShapeNode } from '../shapes/shape.ts';
import { fromText } from '../shapes/text.ts';
import { elementName, mapNames } from './xml-writer.ts';

type NodeOf<Kind extends ShapeNode['kind']> = Extract<ShapeNode, { kind: Kind }>;

/** Levels of elements that a body may have; what services take has fewer than ten. */
export const xmlDepthMax = 64;

/** Tags that a body may have: an element has two. */
export const xmlTagCountMax = 40_000;

/** An element as the parser gives it: children by name, attributes behind an `@`, and its text. */
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
 * Reads a body as XML, as far as a shape knows it; an empty one is an empty structure.
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
  // Looked at before parsing. Nothing needs a document type, and entities could grow without a limit.
  if (/<!(?:DOCTYPE|ENTITY)/i.test(text)) throw unreadable('XML with a document type');
  let tagCount = 0;
  for (let at = text.indexOf('<'); at >= 0; at = text.indexOf('<', at + 1)) tagCount += 1;
  if (tagCount > xmlTagCountMax) {
    throw unreadable(`XML with more than the ${xmlTagCountMax} tags allowed`);
  }
  // The parser itself takes what is not well-formed. Its messages may repeat what is secret.
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
