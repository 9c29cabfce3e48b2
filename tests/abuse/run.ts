// The main module of an attacking process.

import { attacks } from './attacks.ts';
import type { Target } from './target.ts';

// `run.js ATTACK TARGET [ROUNDS]` attacks until it is ended, or until the given number of rounds has
// ended. It then reports this and keeps its connections open.

const [, , name = '', json = '{}', rounds = 'Infinity'] = process.argv;
const attack = attacks[name];
if (attack === undefined) throw new Error(`no attack '${name}'`);
const target = JSON.parse(json) as Target;
const { round, concurrency } = attack;
let begunCount = 0;
let endedCount = 0;

/** Milliseconds of rest after each round: nobody attacks faster than the machine lets them. */
const restMs = 5;

async function attackOn(): Promise<void> {
  while (begunCount < Number(rounds)) {
    await round(target, begunCount++);
    endedCount++;
    await new Promise((resolve) => setTimeout(resolve, restMs));
  }
}

setInterval(() => process.send?.({ begunCount, endedCount }), 100).unref();
process.on('disconnect', () => process.exit());
for (let i = 0; i < Math.min(concurrency, Number(rounds)); i++) attackOn().catch(() => {});
