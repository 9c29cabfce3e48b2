// An owner of a log for simulations.

import assert from 'node:assert/strict';
import { largeRecordBytes } from '../../src/storage/log/block.ts';
import type { LogOwner } from '../../src/storage/log-owner.ts';
import type { RecordBlock, RecordLog } from '../../src/storage/record-log.ts';
import { TextStoreMoves } from './text-store-moves.ts';

/** The position of a text. */
export interface Place {
  readonly slot: number;
  readonly offset: number;
  readonly size: number;
  /** A short description of what was written. */
  readonly digest: string;
}

const types = { put: 1, drop: 2, names: 4, changed: 5, index: 0x41 } as const;

/** A name, and what is under it; null for nothing. */
type Fact = [name: string, digest: string | null];

/** The simplest owner of a log: texts by name. */
export class TextStore implements LogOwner {
  readonly places = new Map<string, Place>();
  #log: RecordLog | undefined;
  #live = new Map<string, string>();
  #changed: Fact[] = [];

  attach(log: RecordLog): void {
    this.#log = log;
  }

  get log(): RecordLog {
    assert.ok(this.#log !== undefined);
    return this.#log;
  }

  put(name: string, size: number, fill: number): void {
    const digest = `${size}x${fill}`;
    const head = Buffer.from(`${name}=${digest};`);
    const block = this.#appendText(head, Buffer.alloc(size, fill));
    this.#place(name, block.slot, this.log.at - block.start, head.length + size, digest);
    this.#changed.push([name, digest]);
  }

  /** The log copies a large text later. */
  #appendText(head: Buffer, text: Buffer): RecordBlock {
    if (text.length <= largeRecordBytes) return this.#append(types.put, [head, text]);
    const block = this.log.reserve(types.put, head.length + text.length);
    const at = this.log.at + head.copy(block.buffer, this.log.at);
    const contents = { parts: [text], partStarts: [0], partEnds: [text.length], partCount: 1 };
    assert.ok(this.log.fillLater?.(block, at, contents));
    return block;
  }

  #append(type: number, parts: Buffer[]): RecordBlock {
    const bytes = Buffer.concat(parts);
    const block = this.log.reserve(type, bytes.length);
    bytes.copy(block.buffer, this.log.at);
    return block;
  }

  #place(name: string, slot: number, offset: number, size: number, digest: string): void {
    this.#forget(name);
    this.places.set(name, { slot, offset, size, digest });
    this.log.retain(slot, size);
  }

  drop(name: string): void {
    this.#append(types.drop, [Buffer.from(name)]);
    this.#forget(name);
    this.#changed.push([name, null]);
  }

  #forget(name: string): void {
    const place = this.places.get(name);
    this.places.delete(name);
    if (place !== undefined) this.log.release(place.slot, place.size);
  }

  /** A text lies elsewhere from now on. */
  move(name: string, { digest, size }: Place, slot: number, offset: number): void {
    this.log.retain(slot, size);
    this.#forget(name);
    this.places.set(name, { slot, offset, size, digest });
  }

  /** The facts that a ledger holds of it. */
  facts(): Map<string, string> {
    return new Map([...this.places].map(([name, { digest }]) => [name, digest]));
  }

  /** Reads a text and requires it to be what was written. */
  async read(name: string): Promise<void> {
    const place = this.places.get(name);
    assert.ok(place !== undefined);
    // What is read stays where it was read, also where a compaction moves it meanwhile.
    const { slot } = place;
    this.log.retain(slot);
    while (this.log.blocks[slot]?.isFilling !== false) await this.log.load(slot);
    const block = this.log.blocks[slot];
    assert.ok(block !== undefined, 'a block just loaded is not in memory');
    const { buffer, start } = block;
    const at = start + place.offset;
    const head = `${name}=${place.digest};`;
    assert.equal(buffer.toString('utf8', at, at + head.length), head);
    const fill = Number(place.digest.split('x')[1]);
    for (let i = at + head.length; i < at + place.size; i += 97) assert.equal(buffer[i], fill);
    this.log.release(place.slot);
  }

  moves(): TextStoreMoves {
    return new TextStoreMoves(this, types);
  }

  *checkpoint(): Generator<unknown> {
    for (const [name, { digest }] of this.places) {
      yield this.#append(types.names, [Buffer.from(JSON.stringify([[name, digest]]))]);
    }
  }

  get changedBytes(): number {
    return this.#changed.length * 16;
  }

  changes(): void {
    this.#append(types.changed, [Buffer.from(JSON.stringify(this.#changed))]);
    this.#changed = [];
  }

  begun(): void {
    this.#changed = [];
  }

  index(segment: number): void {
    for (const [name, { slot, offset, size, digest }] of this.places) {
      if (this.log.segmentOf(slot) !== segment) continue;
      const entry = [name, segment, this.log.numberOf(slot), offset, size, digest];
      this.#append(types.index, [Buffer.from(JSON.stringify(entry))]);
    }
  }

  replay(block: RecordBlock, type: number, buffer: Buffer, start: number, end: number): void {
    const text = () => buffer.toString('utf8', start, end);
    if (type === types.put) {
      const head = buffer.toString('utf8', start, Math.min(start + 64, end));
      const [, name = '', digest = ''] = /^(.*?)=(.*?);/s.exec(head) ?? [];
      this.#place(name, block.slot, start - block.start, end - start, digest);
      this.#changed.push([name, digest]);
    } else if (type === types.drop) {
      this.#forget(text());
      this.#changed.push([text(), null]);
    } else if (type === types.names || type === types.changed) {
      for (const [name, digest] of JSON.parse(text()) as Fact[]) {
        if (digest === null) this.#live.delete(name);
        else this.#live.set(name, digest);
      }
    } else if (type === types.index) {
      const [name, segment, number, offset, size, digest] = JSON.parse(text());
      // A text that was moved by a compaction may be named by two segments.
      if (this.#live.get(name) !== digest || this.places.get(name)?.digest === digest) return;
      const found = this.log.slotAt(segment, number);
      assert.ok(found !== undefined, `block ${number} of segment ${segment} is not there`);
      this.#place(name, found, offset, size, digest);
    }
  }
}
