import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { CreateBrokerCommand } from '@aws-sdk/client-mq';
import { createKey, password, underKey } from '../support/broker-requests.ts';
import {
  clusterFolder,
  clusterMs,
  clusterRequest,
  clustersMissing,
  engineVariables,
  nodePids,
  processesOf,
  removeClusters,
  volumesOf,
} from '../support/cluster-machine.ts';
import { until } from '../support/processes.ts';
import { isLong } from '../support/proof.ts';
import { Waxwing } from '../support/waxwing.ts';

// A service that is killed, and never comes back.

const skip = (await clustersMissing()) ?? (isLong ? false : 'part of the long tests');

let waxwing: Waxwing;
before(async () => {
  if (skip) return;
  waxwing = await Waxwing.start({ args: ['--no-default-broker'], env: engineVariables });
});
after(() => (skip ? undefined : removeClusters(waxwing)));

test('nothing of a cluster outlives a service that is killed, even without its data folder', {
  skip,
}, async () => {
  const request = {
    BrokerName: 'ledger',
    PubliclyAccessible: false,
    Users: [{ Username: 'admin', Password: password }],
    ...clusterRequest,
    ...underKey(await createKey(waxwing)),
  };
  const { BrokerId = '' } = await waxwing.mq.send(new CreateBrokerCommand(request));
  await waxwing.brokerIs(BrokerId, 'RUNNING', clusterMs);
  const folder = clusterFolder(waxwing, BrokerId);
  const mountpoints = volumesOf(waxwing, BrokerId).map(({ place }) => place.mountpoint);
  const isMounted = (path: string) =>
    readFileSync('/proc/self/mounts', 'utf8').includes(` ${path} `);
  assert.equal(nodePids(folder).size, 3);
  assert.deepEqual(mountpoints.map(isMounted), [true, true, true]);
  await waxwing.kill();
  rmSync(waxwing.folder.data, { recursive: true });
  await until(
    () => `processes ${processesOf(folder).map(({ pid }) => pid)} have ended`,
    () => processesOf(folder).length === 0,
    clusterMs,
  );
  await until('all volumes are unmounted', () => !mountpoints.some(isMounted), clusterMs);
  assert.ok(!existsSync(folder));
});
