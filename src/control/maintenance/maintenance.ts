import type { BrokerRecord, MaintenanceWindow, WindowMoves } from '../broker-record.ts';
import { refuse } from '../rules.ts';
import { nextWindowMs } from './window.ts';

/** How often a maintenance window may be moved before one is over, as in Amazon MQ. */
export const windowMovesMax = 4;

/**
 * Counts a move of a broker's maintenance window.
 *
 * @throws {ControlError} 'bad-request' where it was moved too often
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

/** Knows which brokers' maintenance windows have begun. */
export class MaintenanceWindows {
  readonly #next = new Map<string, { readonly window: MaintenanceWindow; readonly atMs: number }>();

  /** Whether a broker's window has begun since this was last asked. */
  hasBegun({ id, maintenanceWindow: window }: BrokerRecord, nowMs: number): boolean {
    const known = this.#next.get(id);
    if (known?.window === window && nowMs < known.atMs) return false;
    this.#next.set(id, { window, atMs: nextWindowMs(window, nowMs) });
    return known?.window === window;
  }

  /** Forgets a broker that is gone. */
  forget(id: string): void {
    this.#next.delete(id);
  }
}
