// Elements in XML, as ActiveMQ writes maps for `jms-map-xml`.

import { type Element, MapError, mapDepthMax } from './elements.ts';

const named: Readonly<Record<string, string>> = {
  amp: '&',
  apos: "'",
  gt: '>',
  lt: '<',
  quot: '"',
};

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;',
  "'": '&apos;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
};

/** Writes an element with an indentation of two spaces, without attributes. */
export function toXml(element: Element, indentation = ''): string {
  const { name, content } = element;
  if (content.length === 0) return `${indentation}<${name}/>`;
  if (typeof content === 'string') return `${indentation}<${name}>${escaped(content)}</${name}>`;
  const children = content.map((child) => toXml(child, `${indentation}  `));
  return `${indentation}<${name}>\n${children.join('\n')}\n${indentation}</${name}>`;
}

function escaped(text: string): string {
  // XML has no control characters, and readers change the ends of lines.
  return text.replace(
    /[&'<>"\p{Cc}]/gu,
    (one) => escapes[one] ?? `&#x${one.charCodeAt(0).toString(16)};`,
  );
}

/** Maximum nesting of elements: each map has entries between itself and its values. */
const elementDepthMax = 2 * mapDepthMax + 2;

/** A tag without attributes, or text up to the next tag. */
const token = /<(\/?)([A-Za-z][\w.-]{0,63})\s*(\/?)>|[^<]+/y;

/** An element whose end has not been read. */
interface Open {
  readonly name: string;
  readonly children: Element[];
  text: string;
}

/**
 * Reads an element. Attributes, comments, processing instructions and document types are refused.
 *
 * @throws {MapError} if the text is not such an element
 */
export function fromXml(text: string): Element {
  const root: Open = { name: '', children: [], text: '' };
  const open: Open[] = [root];
  token.lastIndex = /^\s*(<\?xml[^<>]{0,200}\?>)?/.exec(text)?.[0].length ?? 0;
  while (token.lastIndex < text.length) {
    const found = token.exec(text);
    if (found === null) {
      throw new MapError('the XML is not well-formed, or has attributes or comments');
    }
    take(found, open);
  }
  const [element, other] = root.children;
  if (open.length > 1 || element === undefined || other !== undefined || root.text.trim() !== '') {
    throw new MapError('the XML does not consist of one element');
  }
  return element;
}

/** Takes a tag or text. */
function take([whole, slash, name, isEmpty]: RegExpExecArray, open: Open[]): void {
  const last = open.at(-1);
  if (last === undefined) throw new MapError('the XML is not well-formed');
  if (name === undefined) last.text += whole;
  else if (slash !== '') close(name, isEmpty !== '', open);
  else if (isEmpty !== '') last.children.push({ name, content: '' });
  else {
    if (open.length > elementDepthMax) throw new MapError('the XML is nested too deeply');
    open.push({ name, children: [], text: '' });
  }
}

function close(name: string, isEmpty: boolean, open: Open[]): void {
  const [outer, last] = open.slice(-2);
  if (outer === undefined || last?.name !== name || isEmpty) {
    throw new MapError(`the XML has an end of ${name} in the wrong place`);
  }
  open.pop();
  outer.children.push(ended(last));
}

function ended({ name, children, text }: Open): Element {
  if (children.length === 0) return { name, content: unescaped(text) };
  if (text.trim() !== '') throw new MapError(`${name} has text between its elements`);
  return { name, content: children };
}

function unescaped(text: string): string {
  return text.replace(
    /&(#x[0-9a-fA-F]{1,6}|#\d{1,7}|[a-z]{1,8})?;?/g,
    (whole, reference?: string) => {
      const isEnded = reference !== undefined && whole.endsWith(';');
      if (isEnded && Object.hasOwn(named, reference)) return named[reference] ?? '';
      const code = reference?.startsWith('#x')
        ? Number.parseInt(reference.slice(2), 16)
        : Number(reference?.slice(1));
      if (!isEnded || !(code <= 0x10ffff)) throw new MapError('the XML has an unknown entity');
      return String.fromCodePoint(code);
    },
  );
}
