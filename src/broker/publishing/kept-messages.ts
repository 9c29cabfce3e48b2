import type { Exchange } from '../exchanges/exchange.ts';
import type { RememberedRoute, Route } from '../exchanges/router.ts';
import { noKeys } from '../exchanges/sender-keys.ts';
import { Publication } from '../publication.ts';

/** Bytes of messages in one page; a larger message has a page of its own. */
const pageBytes = 64 * 1024;
/** Messages in one page. */
const pageCountMax = 512;
/** Numbers that are kept of a message. */
const fieldCount = 8;

/** Messages one after the other, in one piece of memory. */
class Page {
  readonly bytes: Buffer;
  used = 0;
  count = 0;
  /** Of each message: bytes of keys, head and body, format, flags, priority, expiration, and note. */
  readonly fields: number[] = [];
  readonly exchanges: (Exchange | undefined)[] = [];
  readonly routingKeys: string[] = [];
  readonly remembered: (RememberedRoute | undefined)[] = [];
  readonly routes: Route[] = [];
  /** Those of the few messages that have any. */
  readonly moreKeys = new Map<number, readonly string[]>();

  constructor(sizeBytes: number) {
    this.bytes = Buffer.allocUnsafeSlow(sizeBytes);
  }

  hasRoom(sizeBytes: number): boolean {
    return this.count < pageCountMax && this.used + sizeBytes <= this.bytes.length;
  }

  add(publication: Publication, route: Route): void {
    const { keys, keysStart, keysEnd, head, headStart, headEnd } = publication;
    this.#copy(keys, keysStart, keysEnd);
    this.#copy(head, headStart, headEnd);
    for (let i = 0; i < publication.partCount; i++) {
      const part = publication.parts[i];
      if (part === undefined) continue;
      this.#copy(part, publication.partStarts[i] ?? 0, publication.partEnds[i] ?? 0);
    }
    this.fields.push(
      keysEnd - keysStart,
      headEnd - headStart,
      publication.bodyLength,
      publication.format,
      Number(publication.isPersistent) + 2 * Number(publication.areKeysLong),
      publication.priority,
      publication.expirationMs,
      publication.note,
    );
    this.exchanges.push(publication.exchange);
    this.routingKeys.push(publication.routingKey);
    this.remembered.push(publication.remembered);
    this.routes.push(route);
    if (publication.moreKeys !== noKeys) this.moreKeys.set(this.count, publication.moreKeys);
    this.count++;
  }

  #copy(from: Buffer, start: number, end: number): void {
    from.copy(this.bytes, this.used, start, end);
    this.used += end - start;
  }

  /** Makes a publication the message with a number, whose bytes begin at an offset. */
  read(index: number, at: number, to: Publication): void {
    const field = (which: number) => this.fields[index * fieldCount + which] ?? 0;
    const headAt = at + field(0);
    const bodyAt = headAt + field(1);
    to.keys = this.bytes;
    to.keysStart = at;
    to.keysEnd = headAt;
    to.head = this.bytes;
    to.headStart = headAt;
    to.headEnd = bodyAt;
    to.clearBody();
    if (field(2) > 0) to.addPart(this.bytes, bodyAt, bodyAt + field(2));
    to.format = field(3);
    to.isPersistent = (field(4) & 1) !== 0;
    to.areKeysLong = (field(4) & 2) !== 0;
    to.priority = field(5);
    to.expirationMs = field(6);
    to.note = field(7);
    to.exchange = this.exchanges[index];
    to.routingKey = this.routingKeys[index] ?? '';
    to.remembered = this.remembered[index];
    to.moreKeys = this.moreKeys.get(index) ?? noKeys;
  }
}

/** A message that was kept, and where it goes. */
interface Kept {
  readonly publication: Publication;
  readonly route: Route;
}

/** Messages that are kept until later, without an object for each. */
export class KeptMessages {
  #pages: Page[] = [];
  count = 0;

  /** Keeps a copy of a message, and where it goes. */
  add(publication: Publication, route: Route): void {
    const { sizeBytes } = publication;
    let page = this.#pages.at(-1);
    if (page?.hasRoom(sizeBytes) !== true) {
      // The first page of a transaction of a few small messages is small itself.
      const room = page === undefined ? pageBytes / 16 : pageBytes;
      page = new Page(Math.max(room, sizeBytes));
      this.#pages.push(page);
    }
    page.add(publication, route);
    this.count++;
  }

  /** Takes them out in their order: the publication is one object, which the next step overwrites. */
  *take(): Generator<Kept> {
    const pages = this.#pages;
    this.#pages = [];
    this.count = 0;
    const publication = new Publication();
    for (let page = pages.shift(); page !== undefined; page = pages.shift()) {
      for (let i = 0, at = 0; i < page.count; i++) {
        page.read(i, at, publication);
        yield { publication, route: page.routes[i] as Route }; // of every message there is one
        at = publication.headEnd + publication.bodyLength;
      }
    }
  }
}
