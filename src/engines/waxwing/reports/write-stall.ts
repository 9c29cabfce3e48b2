// A disk that does not complete a write.

import type { Log } from '../../../storage/log.ts';

/** Milliseconds for which a disk may leave a write incomplete. */
const stallMs = 15_000;
/** Maximum time that one check adds, milliseconds: after a process was stopped, its next check is late. */
const countedMsMax = 1000;

/** Notices when the log of a broker waits for its disk for long. */
export class WriteStall {
  readonly #log: Pick<Log, 'openGroup' | 'durableGroup'>;
  readonly #changed: (isStalled: boolean) => void;
  #group: number;
  #waitedMs = 0;
  #lookedMs: number | undefined = undefined;
  #isStalled = false;

  constructor(log: Pick<Log, 'openGroup' | 'durableGroup'>, changed: (isStalled: boolean) => void) {
    this.#log = log;
    this.#changed = changed;
    this.#group = log.durableGroup;
  }

  get isStalled(): boolean {
    return this.#isStalled;
  }

  /**
   * Compares the log with the last look. Call it several times a second.
   *
   * @param isFull whether the disk has no room, which is reported by itself
   */
  look(nowMs: number, isFull: boolean): void {
    const passedMs = Math.min(nowMs - (this.#lookedMs ?? nowMs), countedMsMax);
    this.#lookedMs = nowMs;
    const { durableGroup, openGroup } = this.#log;
    // Groups are numbered: all before the open one were given to the disk.
    const isWriting = durableGroup < openGroup - 1;
    const isWaiting = isWriting && durableGroup === this.#group && !isFull;
    this.#group = durableGroup;
    this.#waitedMs = isWaiting ? this.#waitedMs + passedMs : 0;
    const isStalled = this.#waitedMs >= stallMs;
    if (isStalled === this.#isStalled) return;
    this.#isStalled = isStalled;
    this.#changed(isStalled);
  }
}
