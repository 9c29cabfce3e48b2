import assert from 'node:assert/strict';
import type { LogOwner } from '../../src/storage/log.ts';
import type { MessageBlock, MessageLog } from '../../src/storage/message-store.ts';

interface Place {
  readonly block: MessageBlock;
  readonly offset: number;
  readonly size: number;
  /** What was written there, as a short text. */
  readonly digest: string;
}

const types = { put: 1, drop: 2, names: 4, index: 0x41 } as const;

/** The simplest owner of a log: texts by name. */
export class Shelf implements LogOwner {
  readonly places = new Map<string, Place>();
  #log: MessageLog | undefined;
  #live = new Map<string, string>();

  attach(log: MessageLog): void {
    this.#log = log;
  }

  get log(): MessageLog {
    assert.ok(this.#log !== undefined);
    return this.#log;
  }

  put(name: string, size: number, fill: number): void {
    const digest = `${size}x${fill}`;
    const head = Buffer.from(`${name}=${digest};`);
    const block = this.#append(types.put, [head, Buffer.alloc(size, fill)]);
    this.#place(name, block, this.log.at - block.start, head.length + size, digest);
  }

  #append(type: number, parts: Buffer[]): MessageBlock {
    const bytes = Buffer.concat(parts);
    const block = this.log.reserve(type, bytes.length);
    assert.ok(block.buffer !== undefined);
    bytes.copy(block.buffer, this.log.at);
    return block;
  }

  #place(name: string, block: MessageBlock, offset: number, size: number, digest: string): void {
    this.#forget(name);
    this.places.set(name, { block, offset, size, digest });
    this.log.retain(block);
  }

  drop(name: string): void {
    this.#append(types.drop, [Buffer.from(name)]);
    this.#forget(name);
  }

  #forget(name: string): void {
    const place = this.places.get(name);
    this.places.delete(name);
    if (place !== undefined) this.log.release(place.block);
  }

  /** The facts that a ledger holds of it. */
  facts(): Map<string, string> {
    return new Map([...this.places].map(([name, { digest }]) => [name, digest]));
  }

  /** Reads a text and requires it to be what was written. */
  async read(name: string): Promise<void> {
    const place = this.places.get(name);
    assert.ok(place !== undefined);
    this.log.retain(place.block);
    if (place.block.buffer === undefined) await this.log.load(place.block);
    const { buffer, start } = place.block;
    assert.ok(buffer !== undefined, 'a block just loaded is not in memory');
    const at = start + place.offset;
    const head = `${name}=${place.digest};`;
    assert.equal(buffer.toString('utf8', at, at + head.length), head);
    const fill = Number(place.digest.split('x')[1]);
    for (let i = at + head.length; i < at + place.size; i += 97) assert.equal(buffer[i], fill);
    this.log.release(place.block);
  }

  checkpoint(): void {
    this.#append(types.names, [Buffer.from(JSON.stringify([...this.facts()]))]);
  }

  index(segment: number): void {
    for (const [name, { block, offset, size, digest }] of this.places) {
      if (block.segment !== segment) continue;
      const entry = [name, segment, block.number, offset, size, digest];
      this.#append(types.index, [Buffer.from(JSON.stringify(entry))]);
    }
  }

  replay(block: MessageBlock, type: number, buffer: Buffer, start: number, end: number): void {
    const text = () => buffer.toString('utf8', start, end);
    if (type === types.put) {
      const [, name = '', digest = ''] = /^(.*?)=(.*?);/s.exec(text()) ?? [];
      this.#place(name, block, start - block.start, end - start, digest);
    } else if (type === types.drop) this.#forget(text());
    else if (type === types.names) this.#live = new Map(JSON.parse(text()));
    else if (type === types.index) {
      const [name, segment, number, offset, size, digest] = JSON.parse(text());
      if (this.#live.get(name) !== digest) return;
      const found = this.log.blockAt(segment, number);
      assert.ok(found !== undefined, `block ${number} of segment ${segment} is not there`);
      this.#place(name, found, offset, size, digest);
    }
  }
}
