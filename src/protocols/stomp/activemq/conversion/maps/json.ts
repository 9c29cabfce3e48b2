// Elements in JSON, as ActiveMQ writes maps for `jms-map-json`.

import { type Element, MapError, mapDepthMax, numberNames } from './elements.ts';

/**
 * Writes an element: an object with its name and content. Elements of the same name become an array,
 * so that `{"string":["colour","red"]}` is an entry with a key and a value.
 */
export function toJsonText(element: Element): string {
  return `{${JSON.stringify(element.name)}:${contentText(element)}}`;
}

function contentText({ name, content }: Element): string {
  if (content.length === 0) return '""';
  if (typeof content === 'string') {
    const isPlain = name === 'boolean' || (numberNames.has(name) && /^-?[\d.E-]+$/.test(content));
    return isPlain ? content : JSON.stringify(content);
  }
  const byName = new Map<string, string[]>();
  for (const child of content) {
    const texts = byName.get(child.name);
    if (texts === undefined) byName.set(child.name, [contentText(child)]);
    else texts.push(contentText(child));
  }
  const members = [...byName].map(([key, texts]) => {
    const [only = ''] = texts;
    return `${JSON.stringify(key)}:${texts.length === 1 ? only : `[${texts.join()}]`}`;
  });
  return `{${members.join()}}`;
}

/**
 * A text, which stays as it is, or a whole number that a JavaScript number may not represent. A text
 * without an end matches, too: otherwise, each quote in it would be looked at as the start of another.
 */
const textOrLargeNumber = /"(?:[^"\\]|\\.)*"?|(?<=[:,[\s])-?\d{16,19}(?=\s*[,}\]])/gs;

/**
 * Reads an element.
 *
 * @throws {MapError} if the text is not an object with one member that is an element
 */
export function fromJsonText(text: string): Element {
  let parsed: unknown;
  try {
    const exact = text.replace(textOrLargeNumber, (found) =>
      found.startsWith('"') ? found : `"${found}"`,
    );
    parsed = JSON.parse(exact);
  } catch (error) {
    throw new MapError('the text is not valid JSON', { cause: error });
  }
  const [element, other] = membersOf(parsed, 0);
  if (element === undefined || other !== undefined) {
    throw new MapError('the JSON does not consist of one element');
  }
  return element;
}

/** Maximum nesting of objects: each map has entries between itself and its values. */
const objectDepthMax = 2 * mapDepthMax + 2;

function membersOf(parsed: unknown, depth: number): Element[] {
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new MapError('the JSON has no object where one is expected');
  }
  if (depth > objectDepthMax) throw new MapError('the JSON is nested too deeply');
  return Object.entries(parsed).flatMap(([name, content]: [string, unknown]) =>
    (Array.isArray(content) ? content : [content]).map((each: unknown): Element => {
      const isNested = typeof each === 'object' && each !== null;
      return { name, content: isNested ? membersOf(each, depth + 1) : textOf(each) };
    }),
  );
}

function textOf(scalar: unknown): string {
  return Object.is(scalar, -0) ? '-0' : String(scalar ?? '');
}
