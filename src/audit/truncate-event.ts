// Shortens the parameters of an audit event to a maximum size.

import { createHash } from 'node:crypto';

/**
 * Members that only describe. They are shortened first. All other members state who did what to
 * which resource, or name a grantee, operations, constraints, a policy, or a state. Those are
 * shortened only for calls so large that they were refused. Paths consist of member names without
 * list positions.
 */
const descriptiveMembers: readonly string[] = [
  'description',
  'keyMetadata.description',
  'tags',
  'tagKeys',
  'users.groups',
];

/** Maximum size of a shortened string in JSON: its beginning, its length, and its hash. */
const cutBytesMax = 176;
/** Other members up to this size in JSON are never shortened. The ARN of a principal is smaller. */
const shortBytesMax = 512;
/** Bytes of JSON that are kept of a shortened string. */
const keptBytesMax = 48;
/** The number of UTF-16 units that fit in this many bytes, for units of 1, 2, 3 and 6 bytes. */
const keptLengths = [48, 24, 16, 8] as const;
/** The number of entries to keep of a list or map. The values are tried in this order. */
const keptEntries = [64, 16, 4, 1] as const;

/**
 * Fits a value into a maximum size in JSON. Strings are shortened first: descriptive members before
 * the others, and long strings before short ones. A shortened string keeps its beginning, its
 * length and its SHA-256. If that is not enough, lists and maps lose entries, and the lost entries
 * are counted. Names of structure members are never shortened.
 *
 * @param bytesMax at least 4096
 */
export function truncateToFit(value: object, bytesMax: number): object {
  const measured = measure(value);
  if (measured.bytes <= bytesMax) return value;
  const { isEnough, ...limits } = limitsFor(measured, bytesMax);
  // With too many strings, shortening them one by one cannot be enough.
  for (const entries of isEnough ? [Number.POSITIVE_INFINITY, ...keptEntries] : keptEntries) {
    const shorter = rewritten(value, limits, entries);
    if (jsonBytes(shorter) <= bytesMax) return shorter;
  }
  return { omitted: summary(JSON.stringify(value)) };
}

interface Measured {
  /** Size of the whole value, bytes. */
  readonly bytes: number;
  /** Size of each string that can be shortened, bytes. */
  readonly descriptive: readonly number[];
  readonly deciding: readonly number[];
}

/** Strings of at least this size are shortened, bytes. */
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
    bytes += size + 1; // plus a comma, colon or bracket
    if (isDescriptive && size > cutBytesMax) descriptive.push(size);
    if (!isDescriptive && size > shortBytesMax) deciding.push(size);
  });
  return { bytes, descriptive, deciding };
}

/** Calls back for every name and every scalar. Brackets are reported as a string of one byte. */
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

/**
 * The size limit at which shortening the longest strings saves enough, and the bytes left to save.
 */
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
  // All top-level members are kept: they are few, and each states what was requested.
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
  // JSON uses at most six bytes per UTF-16 unit, so short strings need no exact measurement.
  if (text.length * 6 + 2 < limit || jsonBytes(text) < limit) return text;
  return `${beginningOf(text)}… [${summary(text)}]`;
}

/** The beginning of a string, {@link keptBytesMax} bytes in JSON. */
function beginningOf(text: string): string {
  for (const length of keptLengths) {
    // Removes half of a surrogate pair.
    const kept = text.slice(0, length).replace(/[\ud800-\udbff]$/, '');
    if (jsonBytes(kept) - 2 <= keptBytesMax) return kept;
  }
  return '';
}

/** The length and hash of a string, with which a reader can identify it. */
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

/** Characters that take one byte in JSON. */
const plain = /^[ !#-[\]-~]*$/;

function jsonBytes(value: unknown): number {
  if (typeof value === 'string' && plain.test(value)) return value.length + 2;
  return Buffer.byteLength(JSON.stringify(value));
}
