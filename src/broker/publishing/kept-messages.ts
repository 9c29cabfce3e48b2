// Compact storage of publications until a later time.

import { copyBytes } from '../../base/bytes.ts';
import type { Exchange } from '../exchanges/exchange.ts';
import { nowhere, type RememberedRoute, type Route } from '../exchanges/route-cache.ts';
import { noExtraKeys } from '../exchanges/sender-keys.ts';
import { isBodyKept, Publication } from '../publication.ts';

/** Size of a page, bytes. A larger message has its own page. */
const pageBytes = 64 * 1024;
/** Size of the first page, bytes: most transactions have a few small messages. */
const firstPageBytes = pageBytes / 16;
/** Maximum number of messages in a page. */
const pageCountMax = 512;
/** Maximum number of unused pages of either size that are kept for other transactions. */
const spareCountMax = 16;

/** The number of numeric fields per message. */
const fieldCount = 8;

/** Messages stored consecutively in one buffer. */
class Page {
  readonly bytes: Buffer;
  used = 0;
  count = 0;
  /**
   * Per message: sizes of address, head and body, format, persistence, priority, expiration, and
   * protocol flags.
   */
  readonly fields: number[] = [];
  readonly exchanges: (Exchange | undefined)[] = [];
  readonly routingKeys: string[] = [];
  readonly remembered: (RememberedRoute | undefined)[] = [];
  readonly routes: Route[] = [];
  /** Additional routing keys, of the few messages that have any. */
  readonly extraRoutingKeys = new Map<number, readonly string[]>();
  /** The bodies of large messages, which are not copied. */
  readonly bodies = new Map<number, Publication>();

  constructor(sizeBytes: number) {
    this.bytes = Buffer.allocUnsafeSlow(sizeBytes);
  }

  /** Removes all messages. The lists keep their memory for the next ones. */
  clear(): void {
    for (let i = 0; i < this.count; i++) {
      this.exchanges[i] = undefined;
      this.routingKeys[i] = '';
      this.remembered[i] = undefined;
      this.routes[i] = nowhere;
    }
    if (this.extraRoutingKeys.size > 0) this.extraRoutingKeys.clear();
    if (this.bodies.size > 0) this.bodies.clear();
    this.used = 0;
    this.count = 0;
  }

  hasRoom(sizeBytes: number): boolean {
    return this.count < pageCountMax && this.used + sizeBytes <= this.bytes.length;
  }

  add(publication: Publication, route: Route): void {
    const { address, addressStart, addressEnd, head, headStart, headEnd } = publication;
    this.#copy(address, addressStart, addressEnd);
    this.#copy(head, headStart, headEnd);
    const { count, fields } = this;
    if (isBodyKept(publication)) {
      const body = new Publication();
      body.addPartsOf(publication);
      this.bodies.set(count, body);
    } else this.#copyBody(publication);
    const first = count * fieldCount;
    fields[first] = addressEnd - addressStart;
    fields[first + 1] = headEnd - headStart;
    fields[first + 2] = publication.bodyLength;
    fields[first + 3] = publication.format;
    fields[first + 4] = Number(publication.isPersistent) + 2 * Number(publication.isAddressLong);
    fields[first + 5] = publication.priority;
    fields[first + 6] = publication.expirationMs;
    fields[first + 7] = publication.protocolFlags;
    this.exchanges[count] = publication.exchange;
    this.routingKeys[count] = publication.routingKey;
    this.remembered[count] = publication.remembered;
    this.routes[count] = route;
    if (publication.extraRoutingKeys !== noExtraKeys)
      this.extraRoutingKeys.set(count, publication.extraRoutingKeys);
    this.count = count + 1;
  }

  #copyBody({ partCount, parts, partStarts, partEnds }: Publication): void {
    for (let i = 0; i < partCount; i++) {
      const part = parts[i];
      if (part !== undefined) this.#copy(part, partStarts[i] ?? 0, partEnds[i] ?? 0);
    }
  }

  #copy(from: Buffer, start: number, end: number): void {
    this.used = copyBytes(this.bytes, this.used, from, start, end);
  }

  /**
   * Takes the message with an index, whose bytes begin at an offset, into a publication. Returns the offset
   * after it.
   */
  take(index: number, at: number, to: Publication): number {
    const { bytes, fields } = this;
    const first = index * fieldCount;
    const headAt = at + (fields[first] ?? 0);
    const bodyAt = headAt + (fields[first + 1] ?? 0);
    const bodyLength = fields[first + 2] ?? 0;
    const flags = fields[first + 4] ?? 0;
    to.address = bytes;
    to.addressStart = at;
    to.addressEnd = headAt;
    to.head = bytes;
    to.headStart = headAt;
    to.headEnd = bodyAt;
    const body = this.bodies.get(index);
    if (body !== undefined) this.bodies.delete(index);
    to.clearBody();
    if (body !== undefined) to.addPartsOf(body);
    else if (bodyLength > 0) to.addPart(bytes, bodyAt, bodyAt + bodyLength);
    to.format = fields[first + 3] ?? 0;
    to.isPersistent = (flags & 1) !== 0;
    to.isAddressLong = (flags & 2) !== 0;
    to.priority = fields[first + 5] ?? 0;
    to.expirationMs = fields[first + 6] ?? 0;
    to.protocolFlags = fields[first + 7] ?? 0;
    to.exchange = this.exchanges[index];
    to.routingKey = this.routingKeys[index] ?? '';
    to.remembered = this.remembered[index];
    const { extraRoutingKeys } = this;
    to.extraRoutingKeys =
      extraRoutingKeys.size === 0 ? noExtraKeys : (extraRoutingKeys.get(index) ?? noExtraKeys);
    return body === undefined ? bodyAt + bodyLength : bodyAt;
  }
}

/** Unused pages of one size. */
class SparePages {
  readonly #sizeBytes: number;
  readonly #pages: Page[] = [];

  constructor(sizeBytes: number) {
    this.#sizeBytes = sizeBytes;
  }

  take(): Page {
    return this.#pages.pop() ?? new Page(this.#sizeBytes);
  }

  /** Keeps a page of this size, unless there are enough. */
  keep(page: Page): void {
    if (page.bytes.length !== this.#sizeBytes || this.#pages.length >= spareCountMax) return;
    page.clear();
    this.#pages.push(page);
  }
}

const firstPages = new SparePages(firstPageBytes);
const laterPages = new SparePages(pageBytes);

/** Returns a page with room for a message. */
function pageFor(sizeBytes: number, isFirst: boolean): Page {
  const usualBytes = isFirst ? firstPageBytes : pageBytes;
  if (sizeBytes > usualBytes) return new Page(sizeBytes);
  return (isFirst ? firstPages : laterPages).take();
}

/** A stored message and its route. */
interface Kept {
  readonly publication: Publication;
  route: Route;
}

/** Stores publications until a transaction commits, without an object per message. */
export class KeptMessages {
  #pages: Page[] = [];
  count = 0;

  /** Stores a copy of a message, without that of a large body, and its route. */
  add(publication: Publication, route: Route): void {
    const sizeBytes =
      publication.sizeBytes - (isBodyKept(publication) ? publication.bodyLength : 0);
    let page = this.#pages.at(-1);
    if (page?.hasRoom(sizeBytes) !== true) {
      page = pageFor(sizeBytes, page === undefined);
      this.#pages.push(page);
    }
    page.add(publication, route);
    this.count++;
  }

  /** Removes and returns the messages in order. The next step overwrites the returned object. */
  *take(): Generator<Kept> {
    const pages = this.#pages;
    this.#pages = [];
    this.count = 0;
    const publication = new Publication();
    const kept: Kept = { publication, route: nowhere };
    for (let page = pages.shift(); page !== undefined; page = pages.shift()) {
      for (let i = 0, at = 0; i < page.count; i++) {
        at = page.take(i, at, publication);
        kept.route = page.routes[i] ?? nowhere; // every message has one
        yield kept;
        if (publication.partCount > 1) publication.release();
      }
      firstPages.keep(page);
      laterPages.keep(page);
    }
  }
}
