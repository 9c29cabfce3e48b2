// The drill `promoted-replica` with pairs of Debian's ActiveMQ.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { promotedReplica } from '../../../src/cli/drill/drills/promoted-replica.ts';
import { perform } from '../../../src/cli/drill/perform.ts';
import { findPairInstallation } from '../../../src/engines/activemq/installation.ts';
import { installed } from '../../support/debian-packages.ts';
import { isLong } from '../../support/proof.ts';

const packages = ['activemq', 'openjdk-17-jre-headless', 'gocryptfs', 'fuse3'];
const skip = isLong ? await whyNot() : 'only in the long run: a pair starts slowly';

/** Why pairs cannot run here; false if they can. */
async function whyNot(): Promise<string | false> {
  const missing = await installed(...packages);
  const found = await findPairInstallation(process.env);
  return typeof found === 'string'
    ? `pairs of ActiveMQ cannot run here: ${missing ?? found}`
    : false;
}

const mounts = () => readFileSync('/proc/self/mounts', 'utf8');

test('the drill tries single instances and pairs, and leaves nothing mounted', {
  skip,
}, async () => {
  const { error, observations, hasPassed, notTried } = await perform(promotedReplica);
  assert.deepEqual(
    observations.filter(({ isAsPromised }) => !isAsPromised),
    [],
  );
  assert.equal(error, undefined);
  assert.equal(hasPassed, true);
  assert.equal(notTried, undefined);
  const ofPairs = observations.filter(({ what }) => what.startsWith('pairs: '));
  assert.equal(ofPairs.length * 2, observations.length);
  assert.ok(!mounts().includes('/waxwing-drill-'));
});

test('the drill fails if a message of a pair is missing', { skip }, async () => {
  const { error, observations, hasPassed } = await perform(promotedReplica, {
    breaks: {
      take: async (action, _, name) => {
        const bodies = (await action()) as string[];
        return name === 'pairs' ? bodies.slice(1) : bodies;
      },
    },
  });
  assert.equal(error, undefined);
  assert.deepEqual(
    observations.filter(({ isAsPromised }) => !isAsPromised).map(({ what }) => what),
    [
      'pairs: every confirmed message is there',
      'pairs: every message from before the lag is there',
    ],
  );
  assert.equal(hasPassed, false);
});
