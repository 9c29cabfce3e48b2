// The memory of the only node: /api/nodes/{name}/memory.

import { type Answer, jsonAnswer } from '../../answers.ts';
import type { ApiRequest } from '../../request.ts';
import { requireNode } from './nodes.ts';

/** Parts of the resident memory by RabbitMQ's names, bytes. */
export type MemoryParts = Readonly<Record<'binary' | 'other_proc' | 'queue_procs', number>>;

interface Memory {
  readonly parts: MemoryParts;
  readonly total: { readonly allocated: number; readonly erlang: number; readonly rss: number };
}

/** Memory in use, bytes. */
export function memoryInUse(): Memory {
  const { rss, heapTotal, external } = process.memoryUsage();
  return {
    parts: {
      binary: external,
      other_proc: Math.max(0, rss - heapTotal - external),
      queue_procs: heapTotal,
    },
    total: { allocated: rss, erlang: heapTotal, rss },
  };
}

/** `GET /api/nodes/{name}/memory` */
export function getNodeMemory(request: ApiRequest): Answer {
  requireNode(request);
  const { parts, total } = memoryInUse();
  return jsonAnswer({ memory: { ...parts, strategy: 'rss', total } });
}

/** `GET /api/nodes/{name}/memory/relative`: the parts in percent of the resident memory. */
export function getRelativeMemory(request: ApiRequest): Answer {
  requireNode(request);
  const { parts, total } = memoryInUse();
  // What is there is at least one percent, as in RabbitMQ.
  const percent = (bytes: number) =>
    bytes === 0 ? 0 : Math.max(1, Math.round((bytes / total.rss) * 100));
  const shares = Object.entries(parts).map(([name, bytes]) => [name, percent(bytes)] as const);
  return jsonAnswer({ memory: { total: 100, ...Object.fromEntries(shares) } });
}

/** `GET /api/nodes/{name}/memory/ets`: RabbitMQ's answer if there are no such tables. */
export function getTableMemory(request: ApiRequest): Answer {
  requireNode(request);
  return jsonAnswer({ ets_tables_memory: 'no_tables' });
}
