import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { RevokeGrantCommand } from '@aws-sdk/client-kms';
import { CreateBrokerCommand, DeleteBrokerCommand } from '@aws-sdk/client-mq';
import { createKey, password, underKey } from '../support/broker-requests.ts';
import {
  clusterFolder,
  clusterMs,
  clusterRequest,
  clustersMissing,
  engineVariables,
  processesOf,
  removeClusters,
  volumesOf,
} from '../support/cluster-machine.ts';
import { grantsOn } from '../support/keys.ts';
import { until } from '../support/processes.ts';
import { isLong } from '../support/proof.ts';
import { Waxwing } from '../support/waxwing.ts';

// Whichever grant of a real cluster is revoked, the whole cluster ends. Each case starts a cluster.

const skip = isLong ? ((await clustersMissing()) ?? false) : 'part of the long tests';

let waxwing: Waxwing;
before(async () => {
  if (skip) return;
  waxwing = await Waxwing.start({ args: ['--no-default-broker'], env: engineVariables });
});
after(() => (skip ? undefined : removeClusters(waxwing)));

const serviceGrants = ['mq_grant', 'mq_rabbit_grant'];

for (const revoked of [...serviceGrants, 'a volume']) {
  test(`the revoked grant of ${revoked} ends the cluster`, { skip }, async () => {
    const keyArn = await createKey(waxwing);
    const request = {
      BrokerName: revoked.replaceAll(/[ _]/g, '-'),
      PubliclyAccessible: false,
      Users: [{ Username: 'admin', Password: password }],
      ...clusterRequest,
      ...underKey(keyArn),
    };
    const { BrokerId = '' } = await waxwing.mq.send(new CreateBrokerCommand(request));
    await waxwing.brokerIs(BrokerId, 'RUNNING', clusterMs);
    const folder = clusterFolder(waxwing, BrokerId);
    const volumes = volumesOf(waxwing, BrokerId);
    const grants = await grantsOn(waxwing.kms, keyArn);
    const found = grants.find(({ Name = '' }) =>
      serviceGrants.includes(revoked) ? Name === revoked : !serviceGrants.includes(Name),
    );
    assert.ok(found !== undefined && grants.length === 5 && volumes.length === 3);
    assert.ok(processesOf(folder).length > 0);
    await waxwing.kms.send(new RevokeGrantCommand({ KeyId: keyArn, GrantId: found.GrantId }));
    const { ActionsRequired = [] } = await waxwing.brokerIs(
      BrokerId,
      'CRITICAL_ACTION_REQUIRED',
      clusterMs,
    );
    assert.deepEqual(
      ActionsRequired.map(({ ActionRequiredCode }) => ActionRequiredCode),
      ['RABBITMQ_INVALID_KMS_KEY'],
    );
    await until('its processes have ended', () => processesOf(folder).length === 0, clusterMs);
    for (const volume of volumes) {
      await until('it is locked', async () => (await volume.state()) === 'locked', clusterMs);
    }
    await waxwing.mq.send(new DeleteBrokerCommand({ BrokerId }));
    await until('its folder is gone', () => !existsSync(folder), clusterMs);
    await until(
      'its grants are gone',
      async () => (await grantsOn(waxwing.kms, keyArn)).length === 0,
    );
  });
}
