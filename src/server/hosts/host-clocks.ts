// The clocks of hosts.

import { systemClock } from '../../base/clock.ts';
import type { ServiceLog } from '../../base/log.ts';
import { type Fields, whole } from '../../hosts/channel/fields.ts';
import {
  clockDifferenceMsTold,
  clockMsMax,
  clockText,
  requireClock,
} from '../../hosts/clock-difference.ts';
import type { HostRecord } from '../../hosts/records.ts';

/** Compares the clocks of hosts with that of the service, and reports those that are wrong. */
export class HostClocks {
  readonly #log: Pick<ServiceLog, 'warn'>;
  readonly #differenceMs = new Map<string, number>();
  /** The differences that were logged last. */
  readonly #toldMs = new Map<string, number>();

  constructor(log: Pick<ServiceLog, 'warn'>) {
    this.#log = log;
  }

  /**
   * Reads the time in an answer of a host.
   *
   * @throws {HostError} `clock-wrong`, `message-invalid`
   */
  measure({ id, name }: Pick<HostRecord, 'id' | 'name'>, answer: Fields): void {
    const differenceMs = whole(answer, 'clockMs', 0, clockMsMax) - systemClock.nowMs();
    this.#differenceMs.set(id, differenceMs);
    const whose = `the clock of host '${name}'`;
    requireClock(whose, differenceMs);
    const isNew = Math.abs(differenceMs - (this.#toldMs.get(id) ?? 0)) >= clockDifferenceMsTold;
    if (!isNew) return;
    this.#toldMs.set(id, differenceMs);
    const isWrong = Math.abs(differenceMs) >= clockDifferenceMsTold;
    const text = isWrong ? `is ${clockText(differenceMs)}` : 'is right again';
    this.#log.warn({ host: name }, `${whose} ${text}`);
  }

  /** How far the clock of a host is ahead, milliseconds; undefined if that is not known. */
  differenceMs(id: string): number | undefined {
    return this.#differenceMs.get(id);
  }

  /** The host was removed. */
  forget(id: string): void {
    this.#differenceMs.delete(id);
    this.#toldMs.delete(id);
  }
}
