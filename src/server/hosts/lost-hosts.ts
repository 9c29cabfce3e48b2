// The replacement of nodes whose hosts are lost for long.

import type { Clock } from '../../base/clock.ts';
import type { ServiceLog } from '../../base/log.ts';
import type { RabbitMqEngine } from '../../engines/rabbitmq/engine.ts';
import type { MovedNode } from '../../engines/rabbitmq/hosts/host-directory.ts';
import type { Entry } from '../../storage/journal.ts';
import type { HostView } from './hosts-service.ts';

/** What the replacement of nodes needs. */
export interface LostHostsParts {
  /** Milliseconds without a connection after which a host counts as lost. */
  readonly afterMs: number;
  readonly engine: Pick<RabbitMqEngine, 'nodesOn' | 'moveNode'>;
  readonly clock: Pick<Clock, 'monotonicMs' | 'nowMs'>;
  readonly log: Pick<ServiceLog, 'warn' | 'error'>;
  /** The entries of the trail for a node that moves. */
  readonly entries: (moved: MovedNode) => Entry[];
  readonly commit: (entries: readonly Entry[]) => Promise<void>;
}

/**
 * Gives the nodes of lost hosts other ones. A host is lost after a time without a connection that is not
 * shorter than its lease: until then, it has ended its nodes and forgotten their keys.
 */
export class LostHosts {
  readonly #parts: LostHostsParts;
  /** Since when hosts are not connected, milliseconds of the monotonic clock. */
  readonly #sinceMs = new Map<string, number>();
  /** Why nodes could not be moved: each reason is logged once. */
  readonly #reasons = new Map<string, string>();
  #isBusy = false;

  constructor(parts: LostHostsParts) {
    this.#parts = parts;
  }

  /** Looks at the hosts. Call it every few seconds; it does not fail. */
  async look(hosts: readonly Pick<HostView, 'id' | 'name' | 'isConnected'>[]): Promise<void> {
    const nowMs = this.#parts.clock.monotonicMs();
    for (const id of this.#sinceMs.keys()) {
      if (!hosts.some((host) => host.id === id && !host.isConnected)) this.#sinceMs.delete(id);
    }
    for (const { id, isConnected } of hosts) {
      if (!isConnected && !this.#sinceMs.has(id)) this.#sinceMs.set(id, nowMs);
    }
    if (this.#isBusy) return;
    this.#isBusy = true;
    try {
      for (const { id, name } of hosts) {
        if (!this.isLost(id)) continue;
        for (const node of this.#parts.engine.nodesOn(id)) await this.#replace(name, node);
      }
    } finally {
      this.#isBusy = false;
    }
  }

  /** Whether a host was away for long enough at the last look. */
  isLost(id: string): boolean {
    const { clock, afterMs } = this.#parts;
    const sinceMs = this.#sinceMs.get(id);
    return sinceMs !== undefined && clock.monotonicMs() - sinceMs >= afterMs;
  }

  /** Logs and records that a node moves. */
  replaced(moved: MovedNode): void {
    const { log, entries, commit } = this.#parts;
    const { brokerId, node, from, to } = moved;
    log.warn({ brokerId }, `node ${node} of the lost host '${from}' moves to host '${to}'`);
    commit(entries(moved)).catch((error: unknown) =>
      log.error({ err: error }, 'a replaced node could not be recorded'),
    );
  }

  async #replace(
    from: string,
    { brokerId, number }: { readonly brokerId: string; readonly number: number },
  ): Promise<void> {
    const { engine, log } = this.#parts;
    const what = `node ${number} of the lost host '${from}'`;
    const key = `${brokerId} ${number}`;
    try {
      const to = await engine.moveNode(brokerId, number, undefined);
      this.#reasons.delete(key);
      this.replaced({ brokerId, node: number, from, to });
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      if (this.#reasons.get(key) === reason) return;
      this.#reasons.set(key, reason);
      log.error({ brokerId }, `${what} cannot be replaced yet: ${reason}`);
    }
  }
}
