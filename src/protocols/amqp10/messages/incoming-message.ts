// Messages that are received in transfers.

import { decodeText } from '../../../base/byte-text.ts';
import { Publication } from '../../../broker/publication.ts';
import { expiryMsMax } from '../../../broker/queue-options.ts';
import { Decoder } from '../codec/decoder.ts';
import { codes } from '../codec/format-codes.ts';
import { type Item, textOf } from '../codec/items.ts';

import { AmqpError, decodeError } from '../errors.ts';
import { bodySectionCountMax, headBytesMax } from '../limits.ts';
import type { MarkedMaps, MessageRules } from './message-rules.ts';
import { SectionScan, sectionStartBytes, sections } from './sections.ts';
import { prefixFormat } from './stored-head.ts';

/** Size of the first buffer for the parts of a message, and the maximum size of further ones. */
const roomBytesMin = 1024;
const roomBytesMax = 64 * 1024;

/** Positions in the list of properties (3.2.4). */
const userIdAt = 1;
const toAt = 2;
const subjectAt = 3;
const absoluteExpiryAt = 8;
const groupIdAt = 10;

const decoder = new Decoder();
const scan = new SectionScan();
const probe = Buffer.alloc(sectionStartBytes + 16);

/**
 * Collects the payload of a delivery and splits it into the stored head, which are the sections
 * before the body except the delivery annotations, and the body. The payload of a single transfer
 * stays in the received buffer. Parts of a payload are copied, so that they do not keep the received
 * buffers in memory.
 */
export class IncomingMessage {
  readonly publication = new Publication();
  readonly #rules: MessageRules;
  /** The `to` of the properties, if it was requested and is text. */
  to: string | undefined = undefined;
  /** The subject of the properties, if it was requested and is text. */
  subject: string | undefined = undefined;
  /** The user that sent it, as the sender says; undefined if there is none. */
  userId: string | undefined = undefined;
  /** Whether it is in a message group. */
  hasGroup = false;
  /** The annotations and application properties that may contain a mark of the rules. */
  marked: MarkedMaps | undefined = undefined;
  /** The buffer for further parts. */
  #room: Buffer = Buffer.alloc(0);
  #roomUsed = 0;
  /** The part in which a position was last found, and the position of its beginning. */
  #part = 0;
  #partAt = 0;

  constructor(rules: MessageRules) {
    this.#rules = rules;
  }

  /** Number of bytes received. */
  get length(): number {
    return this.publication.bodyLength;
  }

  /** Adds the payload of a transfer. */
  add(bytes: Buffer, at: number, end: number, isLast: boolean): void {
    const { publication } = this;
    if (isLast && publication.partCount === 0) publication.addPart(bytes, at, end);
    else for (let from = at; from < end; ) from = this.#copy(bytes, from, end);
  }

  /** Copies as much as fits into the current buffer. Returns the offset after it. */
  #copy(bytes: Buffer, at: number, end: number): number {
    const { publication } = this;
    if (this.#roomUsed === this.#room.length) {
      const wanted = Math.max(end - at, publication.bodyLength, roomBytesMin);
      this.#room = Buffer.allocUnsafeSlow(Math.min(wanted, roomBytesMax));
      this.#roomUsed = 0;
    }
    const size = Math.min(end - at, this.#room.length - this.#roomUsed);
    bytes.copy(this.#room, this.#roomUsed, at, at + size);
    if (this.#roomUsed > 0) publication.growLastPart(size);
    else publication.addPart(this.#room, 0, size);
    this.#roomUsed += size;
    return at + size;
  }

  /** Discards what was received. */
  clear(): void {
    const { publication } = this;
    if (publication.partCount > 1) publication.release();
    else publication.clearBody();
    publication.head = empty;
    // The list is kept, so that it is not allocated for each message.
    if (publication.parts.length > 0) publication.parts[0] = empty;
    this.#room = empty;
    this.#roomUsed = 0;
    this.to = undefined;
    this.subject = undefined;
    this.userId = undefined;
    this.hasGroup = false;
    this.marked = undefined;
  }

  /**
   * Sets all properties of the publication except its address.
   *
   * @param wantsTo whether {@link to} and {@link subject} are needed
   * @throws {AmqpError} `decode-error`, or `resource-limit-exceeded` with scope `link`
   */
  complete(messageFormat: number, nowMs: number, wantsTo: boolean): void {
    const { publication } = this;
    const found = this.#findSections();
    if (found.bodyAt > headBytesMax) {
      const what = `the sections of a message before its body have ${found.bodyAt} bytes`;
      const allowed = `at most ${headBytesMax} are allowed`;
      throw new AmqpError('resource-limit-exceeded', `${what}; ${allowed}`, { scope: 'link' });
    }
    this.#takeHead(found);
    publication.isPersistent = this.#rules.isDurableByDefault;
    publication.priority = this.#rules.defaultPriority;
    publication.expirationMs = -1;
    this.#readHead(nowMs, wantsTo);
    if (messageFormat !== 0) this.#addFormat(messageFormat);
  }

  /** Checks the order and sizes of all sections, and returns the positions of the first ones. */
  #findSections(): Positions {
    const { bodyLength } = this.publication;
    let bodyAt = -1;
    let annotationsAt = 0;
    let annotationsEnd = 0;
    let last = 0;
    let count = 0;
    this.#part = 0;
    this.#partAt = 0;
    for (let at = 0; at < bodyLength; count++) {
      if (count > bodySectionCountMax) {
        throw decodeError(`a message has more than ${bodySectionCountMax} sections`);
      }
      const end = this.#sectionEnd(at);
      if (end > bodyLength) throw cutOff();
      const { code } = scan;
      requireOrder(last, code);
      if (code === sections.deliveryAnnotations) {
        annotationsAt = at;
        annotationsEnd = end;
      }
      if (code >= sections.data && bodyAt < 0) bodyAt = at;
      last = code;
      at = end;
    }
    if (bodyAt < 0 && this.#rules.requiresBody) throw decodeError('a message has no body section');
    return { bodyAt: bodyAt < 0 ? bodyLength : bodyAt, annotationsAt, annotationsEnd };
  }

  /** Reads the beginning of the section at a position. Returns the position after the section. */
  #sectionEnd(at: number): number {
    const { parts, partStarts, partEnds, partCount } = this.publication;
    let part = this.#part;
    let partAt = this.#partAt;
    for (;;) {
      const size = (partEnds[part] ?? 0) - (partStarts[part] ?? 0);
      if (at < partAt + size || part >= partCount - 1) break;
      partAt += size;
      part++;
    }
    this.#part = part;
    this.#partAt = partAt;
    const bytes = parts[part] ?? empty;
    const shift = (partStarts[part] ?? 0) - partAt;
    if (scan.read(bytes, at + shift, partEnds[part] ?? 0)) return scan.end - shift;
    if (part === partCount - 1) throw cutOff();
    const size = this.#copyTo(probe, at, at + probe.length);
    if (!scan.read(probe, 0, size)) throw cutOff();
    return at + scan.end;
  }

  /** Copies the bytes between two positions. Returns their number, which may be smaller. */
  #copyTo(target: Buffer, from: number, to: number): number {
    const { parts, partStarts, partEnds, partCount } = this.publication;
    let copied = 0;
    let partAt = from === 0 ? 0 : this.#partAt;
    for (let part = from === 0 ? 0 : this.#part; part < partCount && partAt < to; part++) {
      const start = partStarts[part] ?? 0;
      const end = partEnds[part] ?? 0;
      const first = start + Math.max(0, from - partAt);
      const last = Math.min(end, start + to - partAt);
      copied += parts[part]?.copy(target, copied, first, last) ?? 0;
      partAt += end - start;
    }
    return copied;
  }

  /** Moves the sections before the body to the head. */
  #takeHead({ bodyAt, annotationsAt, annotationsEnd }: Positions): void {
    const { publication } = this;
    const start = publication.partStarts[0] ?? 0;
    if (publication.partCount === 1) {
      publication.head = publication.parts[0] ?? empty;
      publication.headStart = start;
      publication.headEnd = start + bodyAt;
    } else {
      const head = Buffer.allocUnsafeSlow(bodyAt);
      this.#copyTo(head, 0, bodyAt);
      publication.head = head;
      publication.headStart = 0;
      publication.headEnd = bodyAt;
    }
    if (annotationsEnd > 0) {
      const { head, headStart, headEnd } = publication;
      const before = head.subarray(headStart, headStart + annotationsAt);
      const after = head.subarray(headStart + annotationsEnd, headEnd);
      setHead(publication, Buffer.concat([before, after]));
    }
    dropFirst(publication, bodyAt);
  }

  #readHead(nowMs: number, wantsTo: boolean): void {
    const { head, headStart, headEnd } = this.publication;
    let absoluteMs = 0;
    for (let at = headStart; at < headEnd; at = scan.end) {
      scan.read(head, at, headEnd);
      decoder.reset(head, scan.valueAt, scan.end);
      if (scan.code === sections.header) this.#readHeader();
      else if (scan.code === sections.properties) absoluteMs = this.#readProperties(wantsTo);
      else this.#readMap(head);
      if (decoder.at !== scan.end) throw decodeError('a section does not end with its value');
    }
    const { publication } = this;
    if (this.#rules.hasAbsoluteExpiry && publication.expirationMs < 0 && absoluteMs > 0) {
      publication.expirationMs = Math.max(0, absoluteMs - nowMs);
    }
    if (publication.expirationMs > expiryMsMax) publication.expirationMs = -1;
  }

  /** Checks annotations or application properties, and keeps those that contain a mark of the rules. */
  #readMap(head: Buffer): void {
    const { code, valueAt, end } = scan;
    const isAnnotations = code === sections.messageAnnotations;
    const mark = isAnnotations ? this.#rules.annotationMark : this.#rules.propertyMark;
    skipMap();
    if (mark === undefined || !head.subarray(valueAt, end).includes(mark)) return;
    const entries = decoder.reset(head, valueAt, end).map() ?? [];
    const { annotations = [], properties = [] } = this.marked ?? {};
    this.marked = isAnnotations
      ? { annotations: entries, properties }
      : { annotations, properties: entries };
  }

  #readHeader(): void {
    const { publication } = this;
    const count = decoder.openList();
    const { isDurableByDefault, defaultPriority, priorityMax, isZeroUnlimited } = this.#rules;
    const durable = count > 0 ? decoder.boolean() : undefined;
    publication.isPersistent = durable ?? isDurableByDefault;
    const priority = count > 1 ? decoder.ubyte() : undefined;
    publication.priority = Math.min(priority ?? defaultPriority, priorityMax);
    const ttlMs = count > 2 ? decoder.uint() : undefined;

    publication.expirationMs = ttlMs === undefined || (ttlMs === 0 && isZeroUnlimited) ? -1 : ttlMs;
    for (let at = 3; at < count; at++) decoder.skip();
    decoder.closeWhole();
  }

  /** Returns the absolute expiry time, in milliseconds since 1970; 0 if there is none. */
  #readProperties(wantsTo: boolean): number {
    let absoluteMs = 0;
    const count = decoder.openList();
    for (let at = 0; at < count; at++) {
      if (at === absoluteExpiryAt) absoluteMs = Number(decoder.timestamp() ?? 0n);
      else if (at === userIdAt) this.userId = userOf(decoder.item());
      else if (at === toAt && wantsTo) this.to = textOf(decoder.item());
      else if (at === subjectAt && wantsTo) this.subject = textOf(decoder.item());
      else this.#passField(at);
    }
    decoder.closeWhole();
    return absoluteMs;
  }

  #passField(at: number): void {
    if (at === groupIdAt) this.hasGroup = decoder.bytes[decoder.at] !== codes.null;
    decoder.skip();
  }

  #addFormat(messageFormat: number): void {
    const { publication } = this;
    const { head, headStart, headEnd } = publication;
    setHead(publication, prefixFormat(messageFormat, head.subarray(headStart, headEnd)));
  }
}

/** Positions of sections in the payload. */
interface Positions {
  readonly bodyAt: number;
  /** The delivery annotations; 0 if there are none. */
  readonly annotationsAt: number;
  readonly annotationsEnd: number;
}

const empty = Buffer.alloc(0);

function cutOff(): AmqpError {
  return decodeError('the last section of a message is cut off');
}

/** Only data and sequence sections are repeated, and a message has one kind of body (3.2). */
function requireOrder(before: number, code: number): void {
  const isRepeated = code === sections.data || code === sections.sequence;
  const isInOrder = code > before || (code === before && isRepeated);
  const isSecondBody = code < sections.footer && before >= sections.data && code !== before;
  if (!isInOrder || isSecondBody) throw decodeError('the sections of a message are not in order');
}

function skipMap(): void {
  const code = decoder.bytes[decoder.at];
  if (code !== codes.map8 && code !== codes.map32 && code !== codes.null) {
    throw decodeError('annotations and application properties are maps');
  }
  decoder.skip();
}

function setHead(publication: Publication, head: Buffer): void {
  publication.head = head;
  publication.headStart = 0;
  publication.headEnd = head.length;
}

/** Removes the first bytes of the parts of a publication. */
function dropFirst(publication: Publication, size: number): void {
  const { parts, partStarts, partEnds, partCount } = publication;
  let dropped = 0;
  let left = size;
  while (dropped < partCount - 1) {
    const length = (partEnds[dropped] ?? 0) - (partStarts[dropped] ?? 0);
    if (length > left) break;
    left -= length;
    dropped++;
  }
  if (dropped > 0) {
    parts.splice(0, dropped);
    partStarts.splice(0, dropped);
    partEnds.splice(0, dropped);
    publication.partCount -= dropped;
  }
  partStarts[0] = (partStarts[0] ?? 0) + left;
  publication.bodyLength -= size;
}

function userOf(item: Item): string | undefined {
  if (item.type === 'null') return undefined;
  return item.type === 'binary' ? decodeText(item.value, 0, item.value.length) : '';
}
