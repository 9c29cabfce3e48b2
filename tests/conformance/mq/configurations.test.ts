import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import {
  CreateConfigurationCommand,
  type CreateConfigurationCommandInput,
  CreateTagsCommand,
  DeleteBrokerCommand,
  DeleteConfigurationCommand,
  DeleteTagsCommand,
  DescribeConfigurationCommand,
  DescribeConfigurationRevisionCommand,
  ListConfigurationRevisionsCommand,
  ListConfigurationsCommand,
  ListTagsCommand,
  RebootBrokerCommand,
  UpdateBrokerCommand,
  UpdateConfigurationCommand,
} from '@aws-sdk/client-mq';
import { sanitise } from '../../../src/control/configurations/activemq/sanitise.ts';
import { allOffers } from '../../../src/control/offers/offers.ts';
import { whyUnusable as whyNoPair } from '../../../src/engines/activemq/files/configuration.ts';
import { whyUnusable as whyNoCluster } from '../../../src/engines/rabbitmq/own-lines.ts';
import { createBroker, describeBroker } from '../../support/broker-requests.ts';
import {
  brokerXml,
  createConfiguration,
  revisionText,
  updateConfiguration,
} from '../../support/configuration-requests.ts';
import { accountId, ControlPlane, region } from '../../support/control-plane.ts';
import { Machine } from '../../support/machine.ts';
import { eventsNamed } from '../../support/trail-events.ts';

// Configurations and their revisions, as the official client sees them.

let plane: ControlPlane;
before(async () => {
  plane = await ControlPlane.start(new Machine(allOffers));
});
after(() => plane.close());

const create = (changes: Partial<CreateConfigurationCommandInput> = {}) =>
  createConfiguration(plane, changes);
const update = (id: string, text: string, description?: string) =>
  updateConfiguration(plane, id, text, description);
const textOf = (id: string, revision: number) => revisionText(plane, id, revision);

test('a new configuration has the default of its engine, which is itself permitted', async () => {
  const Tags = { team: 'shop' };
  const { $metadata: _, ...made } = await create({ Name: 'first.one_~-1', Tags });
  const id = made.Id ?? '';
  assert.match(id, /^c-[0-9a-f]{8}-[0-9a-f-]{27}$/);
  const description = 'Auto-generated default for first.one_~-1 on ActiveMQ 5.19';
  const revision = { Created: made.Created, Description: description, Revision: 1 };
  const shown = {
    Arn: `arn:aws:mq:${region}:${accountId}:configuration:${id}`,
    AuthenticationStrategy: 'simple',
    Created: made.Created,
    Id: id,
    LatestRevision: revision,
    Name: 'first.one_~-1',
  };
  assert.deepEqual(made, shown);
  const { $metadata: __, ...described } = await plane.mq.send(
    new DescribeConfigurationCommand({ ConfigurationId: id }),
  );
  const more = { Description: description, EngineType: 'ActiveMQ', EngineVersion: '5.19', Tags };
  assert.deepEqual(described, { ...shown, ...more });
  const text = await textOf(id, 1);
  assert.deepEqual(sanitise(text, { isLdap: false }), { text, warnings: [] });
});

test('every update adds a revision, and existing revisions never change', async () => {
  const { Id = '' } = await create({ EngineVersion: '5.18' });
  const texts = [brokerXml(''), brokerXml('<plugins><statisticsBrokerPlugin/></plugins>')];
  for (const [i, text] of texts.entries()) {
    const { LatestRevision, Warnings } = await update(Id, text, `number ${i + 2}`);
    assert.deepEqual(
      [LatestRevision?.Revision, LatestRevision?.Description],
      [i + 2, `number ${i + 2}`],
    );
    assert.deepEqual(Warnings, []);
  }
  assert.equal(await textOf(Id, 2), texts[0]);
  assert.equal(await textOf(Id, 3), texts[1]);
  const { Revisions, ConfigurationId } = await plane.mq.send(
    new ListConfigurationRevisionsCommand({ ConfigurationId: Id }),
  );
  assert.equal(ConfigurationId, Id);
  assert.deepEqual(
    Revisions?.map(({ Revision }) => Revision),
    [3, 2, 1],
  );
});

test('a configuration has at most 300 revisions', async () => {
  const { Id = '' } = await create({ EngineType: 'RABBITMQ' });
  for (let i = 2; i <= 300; i++) await update(Id, `consumer_timeout = ${i}`);
  await assert.rejects(update(Id, 'heartbeat = 60'), {
    name: 'BadRequestException',
    message: `Configuration [${Id}] already has the maximum of 300 revisions.`,
  });
  const pages: (number | undefined)[] = [];
  let NextToken: string | undefined;
  do {
    const page = await plane.mq.send(
      new ListConfigurationRevisionsCommand({
        ConfigurationId: Id,
        MaxResults: 100,
        ...(NextToken !== undefined && { NextToken }),
      }),
    );
    assert.equal(page.MaxResults, 100);
    pages.push(...(page.Revisions ?? []).map(({ Revision }) => Revision));
    NextToken = page.NextToken;
  } while (NextToken !== undefined);
  assert.deepEqual(
    pages,
    Array.from({ length: 300 }, (_, i) => 300 - i),
  );
});

const unknownId = 'c-00000000-0000-4000-8000-000000000000';
const notFound = {
  name: 'NotFoundException',
  ErrorAttribute: 'configuration_id',
  message: `Can't find requested configuration [${unknownId}]. Make sure your configuration exists.`,
};
const ofUnknown: Readonly<Record<string, (ConfigurationId: string) => Promise<unknown>>> = {
  DescribeConfiguration: (ConfigurationId) =>
    plane.mq.send(new DescribeConfigurationCommand({ ConfigurationId })),
  UpdateConfiguration: (ConfigurationId) => update(ConfigurationId, brokerXml('')),
  DeleteConfiguration: (ConfigurationId) =>
    plane.mq.send(new DeleteConfigurationCommand({ ConfigurationId })),
  ListConfigurationRevisions: (ConfigurationId) =>
    plane.mq.send(new ListConfigurationRevisionsCommand({ ConfigurationId })),
  DescribeConfigurationRevision: (ConfigurationId) => textOf(ConfigurationId, 1),
};
for (const [name, send] of Object.entries(ofUnknown)) {
  test(`${name} refuses the id of a missing configuration`, async () => {
    await assert.rejects(send(unknownId), notFound);
  });
}

test('a missing revision is not found', async () => {
  const { Id = '' } = await create();
  for (const ConfigurationRevision of ['2', '0', '-1', 'x', '1e0', '99999999999999999999']) {
    const command = new DescribeConfigurationRevisionCommand({
      ConfigurationId: Id,
      ConfigurationRevision,
    });
    await assert.rejects(plane.mq.send(command), {
      name: 'NotFoundException',
      ErrorAttribute: 'configuration_revision',
    });
  }
});

const refused: readonly (readonly [string, object, string, string])[] = [
  ['a name with a space', { Name: 'a b' }, 'name', 'BadRequestException'],
  ['a long name', { Name: 'a'.repeat(151) }, 'name', 'BadRequestException'],
  ['an engine that there is not', { EngineType: 'KAFKA' }, 'engineType', 'BadRequestException'],
  ['a version that there is not', { EngineVersion: '4.2' }, 'engineVersion', 'BadRequestException'],
  [
    'a strategy of the other engine',
    { AuthenticationStrategy: 'CONFIG_MANAGED' },
    'authenticationStrategy',
    'BadRequestException',
  ],
  ['a reserved tag', { Tags: { 'aws:a': 'b' } }, 'tags', 'BadRequestException'],
];
for (const [what, changes, ErrorAttribute, name] of refused) {
  test(`a configuration with ${what} is refused`, async () => {
    await assert.rejects(create(changes), { name, ErrorAttribute });
  });
}

test('a configuration name is unique until the configuration is deleted', async () => {
  const { Id: ConfigurationId = '' } = await create({ Name: 'unique' });
  await assert.rejects(create({ Name: 'unique' }), {
    name: 'ConflictException',
    ErrorAttribute: 'name',
  });
  const answer = await plane.mq.send(new DeleteConfigurationCommand({ ConfigurationId }));
  assert.equal(answer.ConfigurationId, ConfigurationId);
  await create({ Name: 'unique' });
});

test('a configuration cannot be deleted while a broker uses it or has it pending', async () => {
  const { Id: first = '' } = await create();
  const { Id: second = '' } = await create();
  const kind = { EngineType: 'ACTIVEMQ', HostInstanceType: 'mq.m5.large' } as const;
  const BrokerId = await createBroker(plane, {
    ...kind,
    Configuration: { Id: first, Revision: 1 },
  });
  await plane.mq.send(new UpdateBrokerCommand({ BrokerId, Configuration: { Id: second } }));
  const remove = (ConfigurationId: string) =>
    plane.mq.send(new DeleteConfigurationCommand({ ConfigurationId }));
  for (const id of [first, second]) {
    await assert.rejects(remove(id), {
      name: 'ConflictException',
      message: `Configuration [${id}] cannot be deleted: broker [${BrokerId}] uses it.`,
    });
  }
  await plane.mq.send(new RebootBrokerCommand({ BrokerId }));
  await plane.settled();
  await remove(first);
  const { Configurations } = await describeBroker(plane, BrokerId);
  assert.deepEqual(Configurations?.History, [{ Id: first, Revision: 1 }]);
  await plane.mq.send(new DeleteBrokerCommand({ BrokerId }));
  await plane.settled();
  await remove(second);
});

test('a configuration can have tags', async () => {
  const { Arn: ResourceArn = '', Id: ConfigurationId = '' } = await create({
    Tags: { a: '1', b: '2' },
  });
  await plane.mq.send(new CreateTagsCommand({ ResourceArn, Tags: { b: '3', c: '4' } }));
  await plane.mq.send(new DeleteTagsCommand({ ResourceArn, TagKeys: ['a', 'none'] }));
  const { Tags } = await plane.mq.send(new ListTagsCommand({ ResourceArn }));
  assert.deepEqual(Tags, { b: '3', c: '4' });
  const described = await plane.mq.send(new DescribeConfigurationCommand({ ConfigurationId }));
  assert.deepEqual(described.Tags, { b: '3', c: '4' });
  const many = Object.fromEntries(Array.from({ length: 51 }, (_, i) => [`k${i}`, 'v']));
  await assert.rejects(plane.mq.send(new CreateTagsCommand({ ResourceArn, Tags: many })), {
    name: 'BadRequestException',
    message: /^The configuration would have 53 tags; at most 50 are allowed\.$/,
  });
  const none = `arn:aws:mq:${region}:${accountId}:configuration:${unknownId}`;
  await assert.rejects(plane.mq.send(new ListTagsCommand({ ResourceArn: none })), {
    name: 'NotFoundException',
  });
});

test('pages list every configuration once, even if one is deleted meanwhile', async () => {
  const own = await ControlPlane.start(new Machine(allOffers));
  try {
    const ids: string[] = [];
    for (let i = 0; i < 12; i++) {
      const command = new CreateConfigurationCommand({ EngineType: 'RABBITMQ', Name: `n${i}` });
      ids.push((await own.mq.send(command)).Id ?? '');
      own.machine.clock.advance(1);
    }
    const first = await own.mq.send(new ListConfigurationsCommand({ MaxResults: 5 }));
    const found = (first.Configurations ?? []).map(({ Id }) => Id);
    assert.deepEqual([first.MaxResults, found], [5, ids.slice(0, 5)]);
    const [gone = ''] = ids;
    await own.mq.send(new DeleteConfigurationCommand({ ConfigurationId: gone }));
    const rest = await own.mq.send(
      new ListConfigurationsCommand({ MaxResults: 100, NextToken: first.NextToken ?? '' }),
    );
    assert.deepEqual(
      (rest.Configurations ?? []).map(({ Id }) => Id),
      ids.slice(5),
    );
    assert.equal(rest.NextToken, undefined);
    for (const NextToken of ['x', Buffer.from('users:a').toString('base64url')]) {
      await assert.rejects(own.mq.send(new ListConfigurationsCommand({ NextToken })), {
        name: 'BadRequestException',
        ErrorAttribute: 'nextToken',
      });
    }
    await assert.rejects(own.mq.send(new ListConfigurationsCommand({ MaxResults: 4 })), {
      name: 'BadRequestException',
      message: 'maxResults must be an integer from 5 to 100.',
    });
  } finally {
    await own.close();
  }
});

test('configurations and all their revisions survive a restart', async () => {
  const machine = new Machine(allOffers);
  let own = await ControlPlane.start(machine);
  try {
    const command = new CreateConfigurationCommand({ EngineType: 'RABBITMQ', Name: 'kept' });
    const { Id = '' } = await own.mq.send(command);
    const Data = Buffer.from('heartbeat = 60').toString('base64');
    await own.mq.send(new UpdateConfigurationCommand({ ConfigurationId: Id, Data }));
    own = await own.restart();
    const described = await own.mq.send(new DescribeConfigurationCommand({ ConfigurationId: Id }));
    assert.equal(described.LatestRevision?.Revision, 2);
    const revision = { ConfigurationId: Id, ConfigurationRevision: '2' };
    const { Data: kept } = await own.mq.send(new DescribeConfigurationRevisionCommand(revision));
    assert.equal(kept, Data);
  } finally {
    await own.close();
  }
});

test('the trail names the configuration, but does not contain its data', async () => {
  const { Id = '', Arn } = await create();
  const canary = 'canary-7f3a';
  await update(Id, brokerXml(`<!-- ${canary} -->`), 'a description');
  await textOf(Id, 2);
  const [event] = (await eventsNamed(plane, 'UpdateConfiguration')).slice(-1);
  assert.deepEqual(event?.requestParameters, {
    configurationId: Id,
    data: '***',
    description: 'a description',
  });
  assert.equal(event?.resources?.[0]?.ARN, Arn);
  const [read] = (await eventsNamed(plane, 'DescribeConfigurationRevision')).slice(-1);
  assert.deepEqual([read?.readOnly, read?.responseElements], [true, null]);
  const encoded = Buffer.from(`<!-- ${canary} -->`).toString('base64').slice(4, 16);
  for (const each of await eventsNamed(plane, 'UpdateConfiguration')) {
    assert.doesNotMatch(JSON.stringify(each), new RegExp(`${canary}|${encoded}`));
  }
});

/** The checks of the engines of clusters and pairs, of which the machine needs no program. */
function checkConfigurations(): void {
  plane.engine.configurationRefusal = ({ engineVersion, users }, text) =>
    text.startsWith('<') ? whyNoPair(text, users) : whyNoCluster(text, engineVersion);
}

const cluster = {
  DeploymentMode: 'CLUSTER_MULTI_AZ',
  HostInstanceType: 'mq.m7g.large',
  EngineVersion: '3.13',
} as const;

/** A configuration of RabbitMQ 4.2 with a key that only RabbitMQ 4 knows, at revision 2. */
async function limiting(): Promise<string> {
  const { Id = '' } = await create({ EngineType: 'RABBITMQ', EngineVersion: '4.2' });
  await update(Id, 'heartbeat = 60\nmax_message_size = 4194304\n');
  return Id;
}
const why =
  /revision \[2\], cannot be used for this broker: .*max_message_size.*; clusters of RabbitMQ 3\.13 support the keys consumer_timeout, heartbeat\.$/;
const unusable = { name: 'BadRequestException', message: why };

test('a cluster gets no configuration that it could not run with', async () => {
  checkConfigurations();
  const Id = await limiting();
  const Configuration = { Id, Revision: 2 };
  await assert.rejects(createBroker(plane, { ...cluster, Configuration }), unusable);
  const BrokerId = await createBroker(plane, cluster);
  const set = (changes: object) => plane.mq.send(new UpdateBrokerCommand({ BrokerId, ...changes }));
  await assert.rejects(set({ Configuration }), unusable);
  await set({ Configuration: { Id, Revision: 1 } });
  // With the version that knows the key, it can be chosen; without that version, it cannot stay.
  await set({ EngineVersion: '4.2', Configuration });
  await assert.rejects(set({ EngineVersion: '3.13' }), unusable);
  await set({ EngineVersion: '3.13', Configuration: { Id, Revision: 1 } });
  const { Configurations, PendingEngineVersion } = await describeBroker(plane, BrokerId);
  assert.deepEqual([Configurations?.Pending?.Revision, PendingEngineVersion], [1, undefined]);
});

test('a cluster that got such a configuration earlier is not ended by a reboot', async () => {
  delete plane.engine.configurationRefusal;
  const Id = await limiting();
  const BrokerId = await createBroker(plane, cluster);
  const set = (Revision: number) =>
    plane.mq.send(new UpdateBrokerCommand({ BrokerId, Configuration: { Id, Revision } }));
  await set(2);
  checkConfigurations();
  const epochs = () => plane.control.brokers.require(BrokerId).volumes.map(({ epoch }) => epoch);
  const before = epochs();
  await assert.rejects(plane.mq.send(new RebootBrokerCommand({ BrokerId })), unusable);
  await plane.advance(8 * 24 * 3_600_000); // the maintenance window
  assert.deepEqual(epochs(), before);
  assert.ok(plane.control.supervisor.isUp(BrokerId));
  assert.equal((await describeBroker(plane, BrokerId)).BrokerState, 'RUNNING');
  const reports = plane.reports.filter((report) => report.brokerId === BrokerId);
  assert.match(reports[0]?.text ?? '', /no reboot in the maintenance window: .*max_message_size/);
  await set(1);
  await plane.mq.send(new RebootBrokerCommand({ BrokerId }));
  await plane.settled();
  const { BrokerState, Configurations } = await describeBroker(plane, BrokerId);
  assert.deepEqual([BrokerState, Configurations?.Current?.Revision], ['RUNNING', 1]);
});

test('a pair gets no connections that it could not have', async () => {
  checkConfigurations();
  const pair = {
    EngineType: 'ACTIVEMQ',
    DeploymentMode: 'ACTIVE_STANDBY_MULTI_AZ',
    HostInstanceType: 'mq.m5.large',
  } as const;
  const { Id = '' } = await create();
  const connector = (uri: string, userName: string) =>
    brokerXml(
      `<networkConnectors><networkConnector userName="${userName}" uri="${uri}"/></networkConnectors>`,
    );
  await update(Id, connector('static:(tcp://other:61616)', 'admin'));
  await update(Id, connector('static:(ssl://other:61617)', 'not-there-yet'));
  const BrokerId = await createBroker(plane, pair);
  const set = (Revision: number) =>
    plane.mq.send(new UpdateBrokerCommand({ BrokerId, Configuration: { Id, Revision } }));
  const noTls = /revision \[2\], .*networkConnector 1 has a uri other than static:\(ssl:/;
  await assert.rejects(createBroker(plane, { ...pair, Configuration: { Id, Revision: 2 } }), noTls);
  await assert.rejects(set(2), noTls);
  await set(3); // its user may be created before the reboot
  const reboot = () => plane.mq.send(new RebootBrokerCommand({ BrokerId }));
  await assert.rejects(
    reboot(),
    /revision \[3\], .*has a userName that is not a user of the broker/,
  );
  assert.ok(plane.control.supervisor.isUp(BrokerId));
});
