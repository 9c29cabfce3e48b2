// Rules of well-formed XML that the parser does not check.

/** The byte order mark, which may precede the text. */
const byteOrderMark = '\ufeff';

/**
 * The next piece of an XML text: a comment, a CDATA section, a processing instruction, a tag with its
 * attributes, or text. Each part is matched in time proportional to its length.
 */
const piece =
  /<!--([\s\S]*?)-->|<!\[CDATA\[[\s\S]*?(\]\]>)|<\?([^\s?]*)[\s\S]*?\?>|<(\/?)([^\s/<>="']+)((?:\s+[^\s/<>="']+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|([^<]+)/y;

const attribute = /\s+([^\s/<>="']+)\s*=\s*(?:"[^"<]*"|'[^'<]*')/g;

/**
 * Names that the parser refuses because JavaScript gives them a meaning. ActiveMQ has no element or
 * attribute with such a name.
 */
const refusedNames = new Set(['__proto__', 'constructor', 'prototype']);

/** The elements that have begun and not ended. */
interface Nesting {
  depth: number;
  rootCount: number;
}

/**
 * Returns why a text is not a single well-formed element with comments and processing instructions
 * around it; undefined if it is. The names of its elements are not compared, which the parser does.
 * The answer contains nothing of the text.
 */
export function faultOf(source: string): string | undefined {
  const start = source.startsWith(byteOrderMark) ? 1 : 0;
  const nesting: Nesting = { depth: 0, rootCount: 0 };
  piece.lastIndex = start;
  while (piece.lastIndex < source.length) {
    const isFirst = piece.lastIndex === start;
    const found = piece.exec(source);
    if (found === null) return 'it is not well-formed';
    const fault = faultOfPiece(found, nesting, isFirst);
    if (fault !== undefined) return fault;
  }
  return nesting.depth === 0 ? undefined : 'it is not well-formed: an element does not end';
}

function faultOfPiece(
  found: RegExpExecArray,
  nesting: Nesting,
  isFirst: boolean,
): string | undefined {
  const [, comment, cdata, target, closing, name, attributes = '', empty, text] = found;
  if (name !== undefined) {
    const fault = faultOfTag(name, attributes, closing === '/');
    return fault ?? faultOfNesting(nesting, closing === '/', empty === '/');
  }
  return (
    faultOfComment(comment) ??
    faultOfInstruction(target, isFirst) ??
    faultOfText(text, cdata !== undefined, nesting.depth > 0)
  );
}

function faultOfNesting(nesting: Nesting, isEnd: boolean, isEmpty: boolean): string | undefined {
  if (isEnd) {
    if (isEmpty) return 'it is not well-formed: a tag is both a start and an end';
    nesting.depth--;
    const isTooMany = nesting.depth < 0;
    return isTooMany ? 'it is not well-formed: an element ends that has not begun' : undefined;
  }
  if (nesting.depth === 0) nesting.rootCount++;
  if (nesting.rootCount > 1) return 'it does not have exactly one root element';
  if (!isEmpty) nesting.depth++;
  return undefined;
}

/** XML 1.0, section 2.5. */
function faultOfComment(comment: string | undefined): string | undefined {
  if (comment === undefined) return undefined;
  const isWrong = comment.includes('--') || comment.endsWith('-');
  return isWrong ? 'it is not well-formed: a comment contains two hyphens' : undefined;
}

/** XML 1.0, sections 2.6 and 2.8: a declaration is only permitted at the beginning. */
function faultOfInstruction(target: string | undefined, isFirst: boolean): string | undefined {
  if (target === undefined) return undefined;
  if (target === '') return 'it is not well-formed: a processing instruction has no name';
  if (target.toLowerCase() !== 'xml' || (isFirst && target === 'xml')) return undefined;
  return 'it is not well-formed: an XML declaration is not at its beginning';
}

/** XML 1.0, sections 2.1 and 2.4. */
function faultOfText(
  text: string | undefined,
  isCdata: boolean,
  isInside: boolean,
): string | undefined {
  if (text === undefined && !isCdata) return undefined;
  if (!isInside && (isCdata || !/^[ \t\r\n]*$/.test(text ?? ''))) {
    return 'it is not well-formed: there is text outside of its root element';
  }
  const isWrong = text?.includes(']]>') === true;
  return isWrong ? 'it is not well-formed: a text contains the end of a CDATA section' : undefined;
}

/** XML 1.0, section 3.1: attributes have different names, and an end tag has none. */
function faultOfTag(name: string, attributes: string, isEnd: boolean): string | undefined {
  const names = new Set<string>();
  for (const [, attributeName = ''] of attributes.matchAll(attribute)) {
    if (names.has(attributeName)) return 'it is not well-formed: an element repeats an attribute';
    names.add(attributeName);
  }
  if (isEnd && names.size > 0) return 'it is not well-formed: an end tag has attributes';
  for (const each of [name, ...names]) {
    if (refusedNames.has(each)) {
      return 'it has an element or attribute named __proto__, constructor or prototype';
    }
  }
  return undefined;
}
