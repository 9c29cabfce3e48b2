// The main module of a broker process whose turns are measured.

import { rmSync } from 'node:fs';
import { prepareForConnections } from '../../src/base/process.ts';
import { type MeteredKind, openBroker, type Running } from './opened-broker.ts';
import { TurnMeter } from './turns.ts';

// It starts as the service starts one. A test controls it by messages.

/**
 * From the test: begin to measure; end, which is answered; take statistics as a scraper would; replace
 * the broker by a new one.
 */
export type ToMetered = 'begin' | 'end' | 'metrics' | 'renew';

/** To the test. */
export type FromMetered =
  | Running
  | {
      readonly type: 'measured';
      readonly longestMs: number;
      readonly longestCollectionMs: number;
      readonly residentMib: number;
    }
  | { readonly type: 'scraped'; readonly valueCount: number };

const say = (message: FromMetered) => process.send?.(message);

async function main(): Promise<void> {
  prepareForConnections();
  const kind = process.argv[2] as MeteredKind;
  let { broker, running } = await openBroker(kind);
  const renew = async () => {
    await broker.close('the next input gets a new broker');
    rmSync(running.folder, { recursive: true });
    ({ broker, running } = await openBroker(kind));
    say(running);
  };
  const meter = new TurnMeter();
  process.on('message', (message: ToMetered) => {
    if (message === 'begin') meter.begin();
    else if (message === 'end') {
      const longestMs = meter.end();
      const residentMib = Math.round(process.memoryUsage.rss() / 2 ** 20);
      const { longestCollectionMs } = meter;
      say({ type: 'measured', longestMs, longestCollectionMs, residentMib });
    } else if (message === 'renew') void renew();
    else {
      void broker.metrics().then((metrics) => {
        const valueCount = metrics.reduce((sum, { values }) => sum + values.length, 0);
        say({ type: 'scraped', valueCount });
      });
    }
  });
  say(running);
}

if (process.send !== undefined) void main();
