// The compaction of the simulated owner.

import type { RecordMoves, RecordSink } from '../../src/storage/log-owner.ts';
import type { Place } from './log-owner.ts';

/** An owner with texts by name, some of which are copied. */
interface Owner {
  readonly places: ReadonlyMap<string, Place>;
  move(name: string, place: Place, slot: number, offset: number): void;
}

/** The new position of a text. */
interface Copy {
  readonly name: string;
  readonly from: Place;
  readonly block: number;
  readonly offset: number;
}

/** The texts of one compaction, in the order of their names. */
export class TextStoreMoves implements RecordMoves {
  order = 0;
  readonly #owner: Owner;
  readonly #types: { readonly put: number; readonly index: number };
  readonly #copies: Copy[] = [];

  constructor(owner: Owner, types: { readonly put: number; readonly index: number }) {
    this.#owner = owner;
    this.#types = types;
  }

  get count(): number {
    return this.#copies.length;
  }

  *prepare(): Generator<unknown> {}

  look(type: number, buffer: Buffer, start: number, slot: number, offset: number): number {
    if (type !== this.#types.put) return 0;
    const name = nameAt(buffer, start);
    const place = this.#owner.places.get(name);
    if (place?.slot !== slot || place.offset !== offset) return 0;
    this.order = Number(name.slice(1));
    return 1;
  }

  placed(
    { buffer, start }: { readonly buffer: Buffer; readonly start: number },
    { slot, offset }: { readonly slot: number; readonly offset: number },
    to: { readonly block: number; readonly offset: number },
  ): void {
    const name = nameAt(buffer, start);
    const from = this.#owner.places.get(name);
    if (from?.slot === slot && from.offset === offset) this.#copies.push({ name, from, ...to });
  }

  *index(segment: number, sink: RecordSink): Generator<unknown> {
    for (const { name, from, block, offset } of this.#copies) {
      yield;
      if (this.#owner.places.get(name) !== from) continue;
      const entry = [name, segment, block, offset, from.size, from.digest];
      const bytes = Buffer.from(JSON.stringify(entry));
      bytes.copy(sink.reserve(this.#types.index, bytes.length).buffer, sink.at);
    }
  }

  *move(slotOf: (block: number) => number): Generator<unknown> {
    let block = -1;
    let slot = -1;
    for (const copy of this.#copies) {
      if (copy.block !== block) {
        yield;
        slot = -1;
      }
      ({ block } = copy);
      if (this.#owner.places.get(copy.name) !== copy.from) continue;
      if (slot < 0) slot = slotOf(block);
      this.#owner.move(copy.name, copy.from, slot, copy.offset);
    }
  }
}

function nameAt(buffer: Buffer, start: number): string {
  return buffer.toString('latin1', start, buffer.indexOf('=', start));
}
