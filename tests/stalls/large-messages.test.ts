import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { isLong, writeProof } from '../support/proof.ts';
import { largeProtocols } from './large-clients.ts';
import { LocalBroker } from './local-broker.ts';
import { MeteredProcess } from './metered-process.ts';
import type { MeteredKind } from './opened-broker.ts';

// Large messages of each protocol are stored and delivered as they were sent. A long run measures the
// longest turns of the broker's event loop meanwhile.

interface Figure {
  readonly protocol: string;
  readonly bodyMib: number;
  readonly publishMs: number;
  readonly deliverMs: number;
  /** Of both. */
  readonly longestCollectionMs: number;
}

const sizesMib = isLong ? [1, 16, 95] : [2];
const figures: Figure[] = [];
const brokers = new Map<MeteredKind, MeteredProcess | LocalBroker>();
const rounded = (ms: number) => Math.round(ms * 10) / 10;

/** A short run measures nothing, and does without further processes. */
async function brokerOf(kind: MeteredKind): Promise<MeteredProcess | LocalBroker> {
  const found =
    brokers.get(kind) ?? (await (isLong ? MeteredProcess.start(kind) : LocalBroker.open(kind)));
  brokers.set(kind, found);
  return found;
}

after(async () => {
  for (const broker of brokers.values()) await broker.stop();
  const unit = 'processor milliseconds of the longest turn';
  if (isLong) writeProof('large-messages', { unit, figures });
});

/** The longest turn and the longest collection while something is done. */
async function measured<T>(
  broker: MeteredProcess | LocalBroker,
  act: () => Promise<T>,
): Promise<[result: T, longestMs: number, longestCollectionMs: number]> {
  if (broker instanceof LocalBroker) return [await act(), 0, 0];
  broker.begin();
  const result = await act();
  const { longestMs, longestCollectionMs } = await broker.end();
  return [result, rounded(longestMs), longestCollectionMs];
}

for (const { kind, protocol, mibMax = Infinity, open } of largeProtocols) {
  for (const sizeMib of sizesMib) {
    const bodyMib = Math.min(sizeMib, mibMax);
    test(`${protocol}: a message of ${bodyMib} MiB comes back as it was sent`, async (t) => {
      const broker = await brokerOf(kind);
      const client = await open(broker, `large-${protocol.replaceAll(' ', '-')}`);
      // Text, which every protocol takes, in half as many random bytes.
      const body = Buffer.from(randomBytes(bodyMib * 2 ** 19).toString('hex'), 'latin1');
      const [, publishMs, collection] = await measured(broker, () => client.publish(body));
      const [received, deliverMs, another] = await measured(broker, () =>
        client.receive(body.length),
      );
      client.close();
      assert.ok(body.equals(received));
      const longestCollectionMs = rounded(Math.max(collection, another));
      if (!isLong) return;
      figures.push({ protocol, bodyMib, publishMs, deliverMs, longestCollectionMs });
      t.diagnostic(
        `${bodyMib} MiB: publishing ${publishMs} ms, delivering ${deliverMs} ms, collections ${longestCollectionMs} ms`,
      );
    });
  }
}
