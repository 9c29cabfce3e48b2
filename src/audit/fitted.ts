import { createHash } from 'node:crypto';

/**
 * Members that only describe. They are cut first; every other member decides something (who, what,
 * which resource, grantee, operations, constraints, policy, state) and is cut only where a call was
 * so large that it was refused. Paths are member names without the positions in lists.
 */
const descriptiveMembers: readonly string[] = [
  'description',
  'keyMetadata.description',
  'tags',
  'tagKeys',
  'users.groups',
];

/** Bytes of JSON that a cut text has at most: its beginning, its length and its hash. */
const cutBytesMax = 176;
/** Bytes of JSON up to which a deciding text is never cut: the ARN of a principal has fewer. */
const shortBytesMax = 512;
/** Bytes of JSON that are kept of a text that is cut. */
const keptBytesMax = 48;
/** UTF-16 units of which so many bytes may consist: of 1 byte each, 2, 3 and 6. */
const keptLengths = [48, 24, 16, 8] as const;
/** Entries that are kept of a list or map, tried one after the other. */
const keptEntries = [64, 16, 4, 1] as const;

/**
 * Fits a value into a number of bytes of its JSON. Texts are cut one by one, descriptive members
 * before deciding ones and long texts before short ones; a cut text keeps its beginning, its length
 * and its SHA-256. Only where that does not suffice do lists and maps lose entries, which are
 * counted. Names of a structure's members are never cut.
 *
 * @param bytesMax at least 4096
 */
export function fitted(value: object, bytesMax: number): object {
  const measured = measure(value);
  if (measured.bytes <= bytesMax) return value;
  const { isEnough, ...limits } = limitsFor(measured, bytesMax);
  // Thousands of texts are not cut one by one only to find that there are too many.
  for (const entries of isEnough ? [Number.POSITIVE_INFINITY, ...keptEntries] : keptEntries) {
    const shorter = rewritten(value, limits, entries);
    if (jsonBytes(shorter) <= bytesMax) return shorter;
  }
  return { omitted: summary(JSON.stringify(value)) };
}

interface Measured {
  /** Of the whole value. */
  readonly bytes: number;
  /** Bytes of each text that could be cut. */
  readonly descriptive: readonly number[];
  readonly deciding: readonly number[];
}

/** Texts of this many bytes and more are cut. */
interface Limits {
  readonly descriptive: number;
  readonly deciding: number;
}

function measure(value: object): Measured {
  const descriptive: number[] = [];
  const deciding: number[] = [];
  let bytes = 0;
  walk(value, '', (item, isDescriptive) => {
    const size = jsonBytes(item);
    bytes += size + 1; // and a comma, colon or bracket
    if (isDescriptive && size > cutBytesMax) descriptive.push(size);
    if (!isDescriptive && size > shortBytesMax) deciding.push(size);
  });
  return { bytes, descriptive, deciding };
}

/** Calls back for every name and every simple value; brackets are counted as a text of one byte. */
function walk(
  value: unknown,
  path: string,
  see: (item: unknown, isDescriptive: boolean) => void,
): void {
  if (typeof value !== 'object' || value === null) {
    if (value !== undefined) see(value, isDescriptive(path));
    return;
  }
  see(0, false);
  if (Array.isArray(value)) {
    for (const element of value) walk(element, path, see);
    return;
  }
  for (const [name, member] of Object.entries(value)) {
    see(name, isDescriptive(path));
    walk(member, pathOf(path, name), see);
  }
}

function limitsFor(
  { bytes, descriptive, deciding }: Measured,
  bytesMax: number,
): Limits & { readonly isEnough: boolean } {
  const first = limitFor(descriptive, bytes - bytesMax);
  const second = limitFor(deciding, first.left);
  return { descriptive: first.limit, deciding: second.limit, isEnough: second.left <= 0 };
}

/** The limit at which cutting the longest of these texts saves enough, and what is left to save. */
function limitFor(sizes: readonly number[], toSave: number): { limit: number; left: number } {
  let left = toSave;
  let limit = Number.POSITIVE_INFINITY;
  for (const size of [...sizes].sort((a, b) => b - a)) {
    if (left <= 0) break;
    limit = size;
    left -= size - cutBytesMax;
  }
  return { limit, left };
}

function rewritten<T>(value: T, limits: Limits, entriesMax: number, path?: string): T;
function rewritten(value: unknown, limits: Limits, entriesMax: number, path = ''): unknown {
  if (typeof value === 'string') return cutText(value, limits, path);
  if (typeof value !== 'object' || value === null) return value;
  // The members of the whole are few, and each says what was asked: none of them is dropped.
  const kept = path === '' ? Number.POSITIVE_INFINITY : entriesMax;
  if (Array.isArray(value)) {
    const elements = value
      .slice(0, kept)
      .map((element: unknown) => rewritten(element, limits, entriesMax, path));
    return value.length > kept ? [...elements, `… [${entriesOf(value)}]`] : elements;
  }
  const members = Object.entries(value);
  const pairs = members.slice(0, kept).map(([name, member]): [string, unknown] => {
    const written = rewritten(member, limits, entriesMax, pathOf(path, name));
    return [cutText(name, limits, path), written];
  });
  if (members.length > kept) pairs.push(['…', entriesOf(value)]);
  return Object.fromEntries(pairs);
}

function entriesOf(value: object): string {
  return `${Object.keys(value).length} entries, ${summary(JSON.stringify(value))}`;
}

function cutText(text: string, limits: Limits, path: string): string {
  const limit = isDescriptive(path) ? limits.descriptive : limits.deciding;
  // JSON has at most six bytes for a UTF-16 unit: most texts need no closer look.
  if (text.length * 6 + 2 < limit || jsonBytes(text) < limit) return text;
  return `${beginningOf(text)}… [${summary(text)}]`;
}

/** As much of a text as has {@link keptBytesMax} bytes of JSON, whichever its characters. */
function beginningOf(text: string): string {
  for (const length of keptLengths) {
    // Not half of a pair of surrogates.
    const kept = text.slice(0, length).replace(/[\ud800-\udbff]$/, '');
    if (jsonBytes(kept) - 2 <= keptBytesMax) return kept;
  }
  return '';
}

/** What a reader needs to compare a text that is not shown with one that they have. */
function summary(text: string): string {
  const hash = createHash('sha256').update(text, 'utf8').digest('hex');
  return `${Buffer.byteLength(text)} bytes, SHA-256 ${hash}`;
}

function pathOf(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

function isDescriptive(path: string): boolean {
  return descriptiveMembers.some((each) => path === each || path.startsWith(`${each}.`));
}

/** Characters that have one byte each in JSON. */
const plain = /^[ !#-[\]-~]*$/;

function jsonBytes(value: unknown): number {
  if (typeof value === 'string' && plain.test(value)) return value.length + 2;
  return Buffer.byteLength(JSON.stringify(value));
}
