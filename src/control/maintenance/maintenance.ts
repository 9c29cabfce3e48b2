// Maintenance windows of brokers.

import type { BrokerRecord, MaintenanceWindow, WindowMoves } from '../broker-record.ts';
import { refuse } from '../rules.ts';
import { nextWindowMs } from './window.ts';

/** Maximum number of moves of a maintenance window before it takes place, as in Amazon MQ. */
export const windowMovesMax = 4;

/**
 * Counts a move of a broker's maintenance window.
 *
 * @throws {ControlError} 'bad-request' if it was moved too often
 */
export function movedWindow(broker: BrokerRecord, nowMs: number): WindowMoves {
  const { windowMoves: moves, maintenanceWindow } = broker;
  const isOver = moves === null || nextWindowMs(maintenanceWindow, moves.lastMs) <= nowMs;
  const count = isOver ? 0 : moves.count;
  if (count < windowMovesMax) return { count: count + 1, lastMs: nowMs };
  throw refuse(
    'maintenanceWindowStartTime',
    `The maintenance window was moved ${count} times since the last one; at most ${windowMovesMax} times ` +
      'are allowed.',
  );
}

/** Determines which maintenance windows have begun. */
export class MaintenanceWindows {
  readonly #next = new Map<string, { readonly window: MaintenanceWindow; readonly atMs: number }>();

  /** Whether the window of a broker has begun since the previous call. */
  hasBegun({ id, maintenanceWindow: window }: BrokerRecord, nowMs: number): boolean {
    const known = this.#next.get(id);
    if (known?.window === window && nowMs < known.atMs) return false;
    this.#next.set(id, { window, atMs: nextWindowMs(window, nowMs) });
    return known?.window === window;
  }

  /** Removes a deleted broker. */
  forget(id: string): void {
    this.#next.delete(id);
  }
}
