import assert from 'node:assert/strict';
import { constants, PerformanceObserver } from 'node:perf_hooks';
import { test } from 'node:test';
import { collectNewGarbage } from '../../../base/process.ts';
import { YoungCollector } from './young-collector.ts';

const mebibyte = 1024 * 1024;

/** An entry of Node's performance timeline, which its types do not describe. */
interface Collection {
  readonly detail: { readonly kind: number; readonly flags: number };
}

test('new garbage is collected once for every 4 MiB that were evicted', () => {
  let count = 0;
  const collector = new YoungCollector(() => count++);
  const counts = [1, 2, 0.5, 0.5, 3, 9, 1, 3].map((size) => {
    collector.evicted(size * mebibyte);
    return count;
  });
  assert.deepEqual(counts, [0, 0, 0, 1, 1, 2, 2, 3]);
});

test('a collection of new garbage leaves old garbage alone', async () => {
  const { NODE_PERFORMANCE_GC_FLAGS_FORCED: forced, NODE_PERFORMANCE_GC_MINOR: minor } = constants;
  const kind = await new Promise<unknown>((resolve) => {
    const observer = new PerformanceObserver((list) => {
      for (const { detail } of list.getEntries() as unknown as Collection[]) {
        if (detail.flags !== forced) continue;
        observer.disconnect();
        resolve(detail.kind);
      }
    });
    observer.observe({ entryTypes: ['gc'] });
    collectNewGarbage();
  });
  assert.equal(kind, minor);
});
