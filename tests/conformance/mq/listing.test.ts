import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  CreateTagsCommand,
  DeleteBrokerCommand,
  DeleteTagsCommand,
  DescribeBrokerEngineTypesCommand,
  DescribeBrokerInstanceOptionsCommand,
  ListBrokersCommand,
  ListTagsCommand,
} from '@aws-sdk/client-mq';
import { createBroker, describeBroker } from '../../support/broker-requests.ts';
import { accountId, ControlPlane, region } from '../../support/control-plane.ts';

let plane: ControlPlane;
const made: string[] = [];
before(async () => {
  plane = await ControlPlane.start();
  for (let i = 0; i < 11; i++) {
    made.unshift(await createBroker(plane));
    plane.machine.clock.advance(1000);
  }
});
after(() => plane.close());

function list(MaxResults: number, NextToken?: string) {
  return plane.mq.send(new ListBrokersCommand({ MaxResults, NextToken }));
}

test('brokers are listed newest first, in pages', async () => {
  const found: (string | undefined)[] = [];
  const sizes: (number | undefined)[] = [];
  let NextToken: string | undefined;
  do {
    const page = await list(5, NextToken);
    found.push(...(page.BrokerSummaries ?? []).map(({ BrokerId }) => BrokerId));
    sizes.push(page.BrokerSummaries?.length);
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  assert.deepEqual([sizes, found], [[5, 5, 1], made]);
});

test('a listed broker has its summary fields', async () => {
  const { BrokerSummaries = [] } = await list(5);
  const { BrokerArn, BrokerName, Created, BrokerState } = await describeBroker(
    plane,
    made[0] ?? '',
  );
  assert.deepEqual(BrokerSummaries[0], {
    BrokerArn,
    BrokerId: made[0],
    BrokerName,
    BrokerState,
    Created,
    DeploymentMode: 'SINGLE_INSTANCE',
    EngineType: 'RabbitMQ',
    HostInstanceType: 'mq.m7g.medium',
  });
});

test('brokers created or deleted between two pages do not affect other entries', async () => {
  const { NextToken } = await list(5);
  const fresh = await createBroker(plane);
  const last = made[4] ?? '';
  await plane.mq.send(new DeleteBrokerCommand({ BrokerId: last }));
  await plane.settled();
  const { BrokerSummaries = [] } = await list(5, NextToken);
  assert.deepEqual(
    BrokerSummaries.map(({ BrokerId }) => BrokerId),
    made.slice(5, 10),
  );
  await plane.mq.send(new DeleteBrokerCommand({ BrokerId: fresh }));
  await plane.settled();
  made.splice(4, 1);
});

for (const MaxResults of [-1, 0, 4, 101]) {
  test(`a page of ${MaxResults} brokers is refused`, async () => {
    await assert.rejects(list(MaxResults), {
      name: 'BadRequestException',
      ErrorAttribute: 'maxResults',
      message: 'maxResults must be an integer from 5 to 100.',
    });
  });
}

test('a token from another list is refused', async () => {
  const { NextToken } = await plane.mq.send(
    new DescribeBrokerInstanceOptionsCommand({ MaxResults: 5 }),
  );
  for (const token of [NextToken, 'x', '']) {
    await assert.rejects(list(5, token), {
      name: 'BadRequestException',
      ErrorAttribute: 'nextToken',
    });
  }
});

test('engine types are listed with their versions, and only RabbitMQ is available', async () => {
  const describe = (EngineType?: string) =>
    plane.mq.send(new DescribeBrokerEngineTypesCommand({ EngineType }));
  const { BrokerEngineTypes, MaxResults } = await describe();
  assert.equal(MaxResults, 20);
  assert.deepEqual(BrokerEngineTypes, [
    {
      EngineType: 'RABBITMQ',
      EngineVersions: [{ Name: '4.3' }, { Name: '4.2' }, { Name: '3.13' }],
    },
  ]);
  assert.deepEqual((await describe('RabbitMQ')).BrokerEngineTypes, BrokerEngineTypes);
  assert.deepEqual((await describe('ACTIVEMQ')).BrokerEngineTypes, []);
  await assert.rejects(describe('KAFKA'), {
    name: 'BadRequestException',
    message: 'Broker engine type [KAFKA] is invalid. Valid values are: [ACTIVEMQ, RABBITMQ]',
  });
});

test('instance types are listed with their supported options, in pages', async () => {
  const names: (string | undefined)[] = [];
  let NextToken: string | undefined;
  do {
    const page = await plane.mq.send(
      new DescribeBrokerInstanceOptionsCommand({ MaxResults: 5, NextToken }),
    );
    assert.equal(page.MaxResults, 5);
    for (const { HostInstanceType, ...option } of page.BrokerInstanceOptions ?? []) {
      names.push(HostInstanceType);
      const isNewer = HostInstanceType?.startsWith('mq.m7g.');
      assert.deepEqual(option, {
        AvailabilityZones: [{ Name: `${region}a` }],
        EngineType: 'RABBITMQ',
        StorageType: 'EBS',
        SupportedDeploymentModes: ['SINGLE_INSTANCE'],
        SupportedEngineVersions: isNewer ? ['4.3', '4.2', '3.13'] : ['3.13'],
      });
    }
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  assert.equal(new Set(names).size, 13);
  assert.equal(names.length, 13);
});

test('instance types can be filtered by engine, storage type and name', async () => {
  const count = async (filter: object) => {
    const command = new DescribeBrokerInstanceOptionsCommand({ MaxResults: 100, ...filter });
    return (await plane.mq.send(command)).BrokerInstanceOptions?.length;
  };
  assert.equal(await count({ HostInstanceType: 'mq.m5.large' }), 1);
  assert.equal(await count({ HostInstanceType: 'mq.m4.large' }), 0);
  assert.equal(await count({ EngineType: 'rabbitmq', StorageType: 'ebs' }), 13);
  assert.equal(await count({ EngineType: 'ACTIVEMQ' }), 0);
  assert.equal(await count({ StorageType: 'EFS' }), 0);
});

test('tags of a broker are added, replaced, listed and removed', async () => {
  const id = await createBroker(plane, { Tags: { team: 'shop', 'a b/é': 'x' } });
  const { BrokerArn: ResourceArn } = await describeBroker(plane, id);
  const Tags = { team: 'store', site: '' };
  await plane.mq.send(new CreateTagsCommand({ ResourceArn, Tags }));
  const listed = await plane.mq.send(new ListTagsCommand({ ResourceArn }));
  assert.deepEqual(listed.Tags, { team: 'store', 'a b/é': 'x', site: '' });
  const TagKeys = ['a b/é', 'unknown', 'site'];
  await plane.mq.send(new DeleteTagsCommand({ ResourceArn, TagKeys }));
  assert.deepEqual((await describeBroker(plane, id)).Tags, { team: 'store' });
});

test('tags of a missing resource are refused', async () => {
  const id = 'b-00000000-0000-4000-8000-000000000000';
  const unknown = `arn:aws:mq:${region}:${accountId}:broker:none:${id}`;
  const { BrokerArn = '' } = await describeBroker(plane, made[0] ?? '');
  const misnamed = BrokerArn.replace(':broker:', ':broker:not-');
  for (const ResourceArn of [unknown, misnamed, 'nonsense']) {
    await assert.rejects(plane.mq.send(new ListTagsCommand({ ResourceArn })), {
      name: 'NotFoundException',
      ErrorAttribute: 'resource-arn',
    });
  }
});
