import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeededRandom } from '../../tests/support/seeded-random.ts';
import { PeerOutbox } from './peer-outbox.ts';
import type { Transport } from './protocol.ts';

const limits = { unreadBytesSum: 1_000_000, deliveryBytesShare: 16 * 1024 };

/** An outbox whose peer reads when the test says so. */
class Outgoing {
  readonly host = { unread: { bytes: 0 }, limits };
  readonly #waiting: { bytes: Buffer; released: () => void }[] = [];
  #taken: Buffer[] = [];
  readonly outbox = new PeerOutbox(
    {
      write: (bytes: Buffer, released: () => void) => this.#waiting.push({ bytes, released }) > 0,
      requestFlush: () => {},
    } as unknown as Transport,
    this.host,
    () => {},
  );

  /** The peer reads everything that was written. */
  read(): void {
    for (const { bytes, released } of this.#waiting.splice(0)) {
      this.#taken.push(Buffer.from(bytes));
      released();
    }
  }

  /** Everything that the peer has read. */
  get taken(): Buffer {
    this.#taken = [Buffer.concat(this.#taken)];
    return this.#taken[0] ?? Buffer.alloc(0);
  }
}

test('what is written arrives whole, however large its pieces are and when the peer reads', () => {
  const random = new SeededRandom(7);
  const all = Array.from({ length: 4 }, () => new Outgoing());
  const expected = all.map((): Buffer[] => []);
  const sizes = [1, 40, 3000, 4096, 5000, 30_000, 65_536];
  for (let step = 0; step < 3000; step++) {
    const at = random.below(all.length);
    const { outbox, host } = all[at] as Outgoing; // at is in range
    host.unread.bytes = random.oneIn(10) ? 2_000_000 : 0;
    const size = random.pick(sizes);
    const piece = Buffer.alloc(size, step);
    if (random.oneIn(3)) {
      const to = outbox.claim(size);
      piece.copy(outbox.bytes, to);
      expected[at]?.push(piece);
    } else {
      const pieces = Buffer.concat([piece, piece, piece]);
      outbox.append(pieces, 0, pieces.length);
      expected[at]?.push(pieces);
    }
    if (random.oneIn(4)) outbox.flush();
    if (random.oneIn(5)) for (const one of all) one.read();
  }
  for (const [at, one] of all.entries()) {
    one.outbox.flush();
    one.read();
    assert.ok(one.taken.equals(Buffer.concat(expected[at] ?? [])));
  }
});

test('little output for many peers at once takes little memory', () => {
  const many = Array.from({ length: 2000 }, () => new Outgoing());
  const before = process.memoryUsage().arrayBuffers;
  for (const { outbox } of many) {
    outbox.claim(100);
    outbox.flush();
  }
  const taken = process.memoryUsage().arrayBuffers - before;
  assert.ok(taken < 16 * 1024 * 1024, `${taken} bytes`);
});
