import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ManualClock } from '../../../tests/support/manual-clock.ts';
import { systemRandom } from '../../base/random.ts';
import { Circuit } from './circuit.ts';
import { RemoteKmsUnreachable } from './remote-kms-client.ts';

/** A service that can be away, behind a circuit. */
class Service {
  readonly clock = new ManualClock();
  readonly circuit = new Circuit(this.clock, systemRandom);
  isAway = false;
  calls = 0;
  atOnce = 0;
  atOnceMax = 0;

  call(): Promise<string> {
    return this.circuit.run(async () => {
      this.calls++;
      this.atOnce++;
      this.atOnceMax = Math.max(this.atOnce, this.atOnceMax);
      await new Promise((resolve) => setImmediate(resolve));
      this.atOnce--;
      if (this.isAway) {
        this.circuit.failed('ECONNREFUSED');
        throw new RemoteKmsUnreachable('away');
      }
      this.circuit.succeeded();
      return 'answer';
    });
  }

  /** Many callers at a time; how many were answered. */
  async callTogether(count: number): Promise<number> {
    const all = await Promise.allSettled(Array.from({ length: count }, () => this.call()));
    return all.filter(({ status }) => status === 'fulfilled').length;
  }
}

test('a thousand callers are served, sixteen at a time', async () => {
  const service = new Service();
  assert.equal(await service.callTogether(1000), 1000);
  assert.equal(service.atOnceMax, 16);
});

test('a thousand callers of a service that is away make few calls', async () => {
  const service = new Service();
  service.isAway = true;
  assert.equal(await service.callTogether(1000), 0);
  assert.ok(service.calls <= 16 + 3, `${service.calls} calls`);
  const before = service.calls;
  await assert.rejects(service.call(), {
    code: 'kms-unreachable',
    message: /failed \d+ times in a row and is not called for now; last: ECONNREFUSED/,
  });
  assert.equal(service.calls, before);
});

test('after a pause one call decides, and pauses get longer up to a minute', async () => {
  const service = new Service();
  service.isAway = true;
  await service.callTogether(16);
  for (let pause = 0; pause < 12; pause++) {
    service.clock.advance(60_000);
    const before = service.calls;
    await service.callTogether(100);
    assert.equal(service.calls - before, 1);
  }
  // At most a minute, however often it failed.
  service.isAway = false;
  service.clock.advance(60_000);
  const before = service.calls;
  assert.equal(await service.callTogether(100), 1, 'the others do not wait for the probe');
  assert.equal(service.calls - before, 1);
  assert.equal(await service.callTogether(100), 100);
});

test('single failures between successes do not stop calls', async () => {
  const service = new Service();
  for (let i = 0; i < 10; i++) {
    service.isAway = i % 2 === 0;
    await service.call().catch(() => {});
  }
  assert.equal(service.calls, 10);
});
