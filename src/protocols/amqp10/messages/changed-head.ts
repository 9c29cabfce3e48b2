// Changes of stored heads. Sections that do not change keep their bytes.

import { Decoder } from '../codec/decoder.ts';
import { Encoder } from '../codec/encoder.ts';
import { type Entry, type Item, nullItem } from '../codec/items.ts';
import { sections } from './sections.ts';
import { type FoundSection, sectionsOf } from './stored-head.ts';

/** The changes of a head. Each is a function of the previous value. */
export interface HeadChanges {
  /** Fields of the header section by their position. */
  readonly header?: ReadonlyMap<number, Item>;
  /** Fields of the properties by their position, if the message has properties. */
  readonly properties?: ReadonlyMap<number, Item>;
  readonly annotations?: (entries: readonly Entry[]) => readonly Entry[];
  readonly applicationProperties?: (entries: readonly Entry[]) => readonly Entry[];
}

const decoder = new Decoder();

/** Copies a head with changes. */
export function changedHead(
  buffer: Buffer,
  start: number,
  end: number,
  changes: HeadChanges,
): Buffer {
  const found = sectionsOf(buffer, start, end);
  const w = new Encoder(end - start + 512);
  w.raw(buffer, start, found[0]?.at ?? end);
  const part = (code: number) => new Part(w, buffer, code, found);
  part(sections.header).list(changes.header, true);
  part(sections.messageAnnotations).map(changes.annotations);
  part(sections.properties).list(changes.properties, false);
  part(sections.applicationProperties).map(changes.applicationProperties);
  return w.toBuffer();
}

/** A section that is copied, perhaps with changes. */
class Part {
  readonly #w: Encoder;
  readonly #buffer: Buffer;
  readonly #code: number;
  readonly #found: FoundSection | undefined;

  constructor(w: Encoder, buffer: Buffer, code: number, found: readonly FoundSection[]) {
    this.#w = w;
    this.#buffer = buffer;
    this.#code = code;
    this.#found = found.find((section) => section.code === code);
  }

  #item(): Item | undefined {
    const found = this.#found;
    return found && decoder.reset(this.#buffer, found.valueAt, found.end).item();
  }

  #copy(): void {
    if (this.#found !== undefined) this.#w.raw(this.#buffer, this.#found.at, this.#found.end);
  }

  /** @param isNeeded whether a missing section is created */
  list(fields: ReadonlyMap<number, Item> | undefined, isNeeded: boolean): void {
    const item = this.#item();
    const before = item?.type === 'list' ? item.value : [];
    const isMissing = this.#found === undefined && !isNeeded;
    const isSame = [...(fields ?? [])].every(
      ([at, { value }]) => (before[at]?.value ?? null) === value,
    );
    if (fields === undefined || isMissing || isSame) {
      this.#copy();
      return;
    }
    const value = [...before];
    for (const [at, field] of fields) {
      while (value.length < at) value.push(nullItem);
      value[at] = field;
    }
    this.#w.descriptor(this.#code);
    this.#w.item({ type: 'list', value });
  }

  map(change: ((entries: readonly Entry[]) => readonly Entry[]) | undefined): void {
    if (change === undefined) {
      this.#copy();
      return;
    }
    const item = this.#item();
    const entries = change(item?.type === 'map' ? item.value : []);
    if (entries.length === 0) return;
    this.#w.descriptor(this.#code);
    this.#w.map(entries);
  }
}
