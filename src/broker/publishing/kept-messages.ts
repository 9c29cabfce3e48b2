// Compact storage of publications until a later time.

import { copyBytes } from '../../base/bytes.ts';
import type { Exchange } from '../exchanges/exchange.ts';
import type { RememberedRoute, Route } from '../exchanges/route-cache.ts';
import { noExtraKeys } from '../exchanges/sender-keys.ts';
import { Publication } from '../publication.ts';

/** Size of a page, bytes. A larger message has its own page. */
const pageBytes = 64 * 1024;
/** Maximum number of messages in a page. */
const pageCountMax = 512;
/** Maximum number of unused buffers of pages that are kept for other transactions. */
const spareCountMax = 16;
const spares: Buffer[] = [];

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

  constructor(sizeBytes: number) {
    const spare = sizeBytes === pageBytes ? spares.pop() : undefined;
    this.bytes = spare ?? Buffer.allocUnsafeSlow(sizeBytes);
  }

  /** The messages are no longer needed. The page must not be used any more. */
  release(): void {
    if (this.bytes.length === pageBytes && spares.length < spareCountMax) spares.push(this.bytes);
  }

  hasRoom(sizeBytes: number): boolean {
    return this.count < pageCountMax && this.used + sizeBytes <= this.bytes.length;
  }

  add(publication: Publication, route: Route): void {
    const { address, addressStart, addressEnd, head, headStart, headEnd } = publication;
    this.#copy(address, addressStart, addressEnd);
    this.#copy(head, headStart, headEnd);
    for (let i = 0; i < publication.partCount; i++) {
      const part = publication.parts[i];
      if (part === undefined) continue;
      this.#copy(part, publication.partStarts[i] ?? 0, publication.partEnds[i] ?? 0);
    }
    this.fields.push(
      addressEnd - addressStart,
      headEnd - headStart,
      publication.bodyLength,
      publication.format,
      Number(publication.isPersistent) + 2 * Number(publication.isAddressLong),
      publication.priority,
      publication.expirationMs,
      publication.protocolFlags,
    );
    this.exchanges.push(publication.exchange);
    this.routingKeys.push(publication.routingKey);
    this.remembered.push(publication.remembered);
    this.routes.push(route);
    if (publication.extraRoutingKeys !== noExtraKeys)
      this.extraRoutingKeys.set(this.count, publication.extraRoutingKeys);
    this.count++;
  }

  #copy(from: Buffer, start: number, end: number): void {
    this.used = copyBytes(this.bytes, this.used, from, start, end);
  }

  /** Reads the message with an index, whose bytes begin at an offset, into a publication. */
  read(index: number, at: number, to: Publication): void {
    const field = (which: number) => this.fields[index * fieldCount + which] ?? 0;
    const headAt = at + field(0);
    const bodyAt = headAt + field(1);
    to.address = this.bytes;
    to.addressStart = at;
    to.addressEnd = headAt;
    to.head = this.bytes;
    to.headStart = headAt;
    to.headEnd = bodyAt;
    to.clearBody();
    if (field(2) > 0) to.addPart(this.bytes, bodyAt, bodyAt + field(2));
    to.format = field(3);
    to.isPersistent = (field(4) & 1) !== 0;
    to.isAddressLong = (field(4) & 2) !== 0;
    to.priority = field(5);
    to.expirationMs = field(6);
    to.protocolFlags = field(7);
    to.exchange = this.exchanges[index];
    to.routingKey = this.routingKeys[index] ?? '';
    to.remembered = this.remembered[index];
    to.extraRoutingKeys = this.extraRoutingKeys.get(index) ?? noExtraKeys;
  }
}

/** A stored message and its route. */
interface Kept {
  readonly publication: Publication;
  readonly route: Route;
}

/** Stores publications until a transaction commits, without an object per message. */
export class KeptMessages {
  #pages: Page[] = [];
  count = 0;

  /** Stores a copy of a message and its route. */
  add(publication: Publication, route: Route): void {
    const { sizeBytes } = publication;
    let page = this.#pages.at(-1);
    if (page?.hasRoom(sizeBytes) !== true) {
      // A transaction of a few small messages starts with a small page.
      const room = page === undefined ? pageBytes / 16 : pageBytes;
      page = new Page(Math.max(room, sizeBytes));
      this.#pages.push(page);
    }
    page.add(publication, route);
    this.count++;
  }

  /** Removes and returns the messages in order. The next step overwrites the publication. */
  *take(): Generator<Kept> {
    const pages = this.#pages;
    this.#pages = [];
    this.count = 0;
    const publication = new Publication();
    for (let page = pages.shift(); page !== undefined; page = pages.shift()) {
      for (let i = 0, at = 0; i < page.count; i++) {
        page.read(i, at, publication);
        yield { publication, route: page.routes[i] as Route }; // every message has one
        at = publication.headEnd + publication.bodyLength;
      }
      page.release();
    }
  }
}
