import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { systemClock } from '../../src/base/clock.ts';
import { allOffers } from '../../src/control/offers/offers.ts';
import { awsCliJson } from '../support/aws-cli.ts';
import { clientEnvironment } from '../support/client-environment.ts';
import { brokerXml } from '../support/configuration-requests.ts';
import { accountId, ControlPlane } from '../support/control-plane.ts';
import { Machine } from '../support/machine.ts';
import { findPrograms } from '../support/other-programs.ts';

const clis = await findPrograms({
  name: 'aws',
  versionArguments: ['--version'],
  package: 'awscli',
});
const password = 'correct-horse-battery';

/** A control plane whose clock shows this machine's time, by which the command line signs. */
async function startNow(): Promise<ControlPlane> {
  const machine = new Machine(allOffers);
  machine.clock.advance(systemClock.nowMs() - machine.clock.nowMs());
  return ControlPlane.start(machine);
}

/** The command line, and what it says. */
class Cli {
  readonly #path: string;
  readonly #plane: ControlPlane;
  readonly #env: NodeJS.ProcessEnv;

  constructor(path: string, plane: ControlPlane) {
    this.#path = path;
    this.#plane = plane;
    this.#env = clientEnvironment(plane);
  }

  /** A file of the user's, as an argument that names its bytes. */
  file(name: string, bytes: Buffer): string {
    const path = join(this.#env['HOME'] ?? '', name);
    writeFileSync(path, bytes);
    return `fileb://${path}`;
  }

  /** Runs a command; what it prints, read as JSON where it prints anything. */
  async run(command: string, ...values: readonly string[]) {
    // Values stand for {} in the command, so that none is split.
    const left = [...values];
    const words = command.split(' ').map((word) => (word === '{}' ? (left.shift() ?? '') : word));
    const options = ['--endpoint-url', this.#plane.endpoint.url];
    return awsCliJson(this.#path, [...words, ...options], this.#env);
  }

  /** Runs a command that fails; what it says of it. */
  async fail(command: string, ...values: readonly string[]): Promise<string> {
    return this.run(command, ...values).then(
      () => assert.fail(`${command} did not fail`),
      (error: Error & { code?: number; stderr?: string }) => {
        assert.ok(Number(error.code) > 0, error.message);
        return error.stderr ?? '';
      },
    );
  }
}

const create =
  'mq create-broker --broker-name orders --engine-type RABBITMQ --engine-version 3.13 ' +
  '--deployment-mode SINGLE_INSTANCE --host-instance-type mq.m5.large --no-publicly-accessible ' +
  '--auto-minor-version-upgrade --users {} --encryption-options {} --tags team=shop';

async function lifeOfABroker(cli: Cli, plane: ControlPlane): Promise<void> {
  const { KeyMetadata: key } = await cli.run('kms create-key --description orders');
  await cli.run('kms create-alias --alias-name alias/orders --target-key-id {}', key.KeyId);
  const user = `Username=admin,Password=${password}`;
  const encryption = `UseAwsOwnedKey=false,KmsKeyId=${key.Arn}`;
  const { BrokerId, BrokerArn } = await cli.run(create, user, encryption);
  await plane.settled();
  const described = await cli.run('mq describe-broker --broker-id {}', BrokerId);
  assert.equal(described.BrokerState, 'RUNNING');
  assert.equal(described.EngineType, 'RabbitMQ');
  assert.deepEqual(described.EncryptionOptions, { KmsKeyId: key.Arn, UseAwsOwnedKey: false });
  const { BrokerSummaries } = await cli.run('mq list-brokers');
  assert.deepEqual(BrokerSummaries[0].BrokerArn, BrokerArn);
  await looksAtTheTrail(cli, key.Arn);
  await losesAndRegainsTheKey(cli, plane, BrokerId, key.KeyId);
  await cli.run('mq reboot-broker --broker-id {}', BrokerId);
  await plane.settled();
  await cli.run('mq create-tags --resource-arn {} --tags site=vienna', BrokerArn);
  await cli.run('mq delete-tags --resource-arn {} --tag-keys team', BrokerArn);
  const { Tags } = await cli.run('mq list-tags --resource-arn {}', BrokerArn);
  assert.deepEqual(Tags, { site: 'vienna' });
  await cli.run('mq delete-broker --broker-id {}', BrokerId);
  await plane.settled();
  const gone = await cli.fail('mq describe-broker --broker-id {}', BrokerId);
  assert.match(gone, /\(NotFoundException\).*Can't find requested broker \[b-/);
  const { Grants } = await cli.run('kms list-grants --key-id {}', key.KeyId);
  assert.deepEqual(Grants, []);
  const deletion = 'kms schedule-key-deletion --pending-window-in-days 7 --key-id {}';
  assert.equal((await cli.run(deletion, key.KeyId)).KeyState, 'PendingDeletion');
}

/** Configurations and users, as the command line has them. */
async function lifeOfAnActiveMqBroker(cli: Cli, plane: ControlPlane): Promise<void> {
  const make = 'mq create-configuration --engine-type ACTIVEMQ --engine-version 5.18 --name cli';
  const { Id } = await cli.run(make);
  const xml = brokerXml('<plugins><bean/></plugins>');
  const revise = 'mq update-configuration --configuration-id {} --data {}';
  const { Warnings } = await cli.run(revise, Id, Buffer.from(xml).toString('base64'));
  assert.deepEqual(Warnings, [{ ElementName: 'bean', Reason: 'DISALLOWED_ELEMENT_REMOVED' }]);
  const { BrokerId } = await cli.run(
    'mq create-broker --broker-name activemq --engine-type ACTIVEMQ --engine-version 5.18 ' +
      '--deployment-mode SINGLE_INSTANCE --host-instance-type mq.m5.large --storage-type EBS ' +
      '--no-publicly-accessible --auto-minor-version-upgrade --users {} --configuration {}',
    `Username=admin,Password=${password},ConsoleAccess=true,Groups=ops`,
    `Id=${Id},Revision=2`,
  );
  await plane.settled();
  const user = '--broker-id {} --username worker';
  await cli.run(`mq create-user ${user} --password {} --groups work`, BrokerId, password);
  const pending = await cli.run(`mq describe-user ${user}`, BrokerId);
  assert.equal(pending.Pending.PendingChange, 'CREATE');
  await cli.run('mq reboot-broker --broker-id {}', BrokerId);
  await plane.settled();
  const { Users } = await cli.run('mq list-users --broker-id {}', BrokerId);
  assert.deepEqual(Users, [{ Username: 'admin' }, { Username: 'worker' }]);
  await cli.run(`mq delete-user ${user}`, BrokerId);
  const { Configurations } = await cli.run('mq list-configurations');
  assert.equal(Configurations[0].EngineType, 'ActiveMQ');
  const unknown = await cli.fail('mq describe-configuration --configuration-id c-1');
  assert.match(unknown, /\(NotFoundException\).*Can't find requested configuration \[c-1\]/);
  await cli.run('mq delete-broker --broker-id {}', BrokerId);
  await plane.settled();
}

async function looksAtTheTrail(cli: Cli, keyArn: string): Promise<void> {
  const { Events } = await cli.run(
    'cloudtrail lookup-events --lookup-attributes AttributeKey=EventName,AttributeValue=CreateGrant',
  );
  const records = Events.map(({ CloudTrailEvent }: { CloudTrailEvent: string }) =>
    JSON.parse(CloudTrailEvent),
  );
  assert.deepEqual(
    records.map(({ eventSource }: { eventSource: string }) => eventSource),
    ['kms.amazonaws.com', 'amazonmq.amazonaws.com'],
  );
  assert.equal(records[0].resources[0].ARN, keyArn);
  // The command line turns the pages by itself: there are more events than a page may hold.
  const all = await cli.run('cloudtrail lookup-events --page-size 2');
  assert.ok(all.Events.length > 4);
}

async function losesAndRegainsTheKey(
  cli: Cli,
  plane: ControlPlane,
  brokerId: string,
  keyId: string,
): Promise<void> {
  await cli.run('kms disable-key --key-id {}', keyId);
  await plane.settled();
  const lost = await cli.run('mq describe-broker --broker-id {}', brokerId);
  assert.equal(lost.BrokerState, 'CRITICAL_ACTION_REQUIRED');
  const refused = await cli.fail('mq reboot-broker --broker-id {}', brokerId);
  assert.match(refused, /\(BadRequestException\).*RABBITMQ_INVALID_KMS_KEY/);
  await cli.run('kms enable-key --key-id {}', keyId);
  await plane.settled();
  const regained = await cli.run('mq describe-broker --broker-id {}', brokerId);
  assert.equal(regained.BrokerState, 'RUNNING');
}

async function usesAKey(cli: Cli): Promise<void> {
  const { KeyMetadata } = await cli.run('kms create-key');
  const text = Buffer.from('a text \u0000 of bytes');
  const { CiphertextBlob } = await cli.run(
    'kms encrypt --encryption-context tenant=a --key-id {} --plaintext {}',
    KeyMetadata.KeyId,
    cli.file('text', text),
  );
  const blob = cli.file('blob', Buffer.from(CiphertextBlob, 'base64'));
  const decrypt = 'kms decrypt --ciphertext-blob {}';
  const opened = await cli.run(`${decrypt} --encryption-context tenant=a`, blob);
  assert.deepEqual(Buffer.from(opened.Plaintext, 'base64'), text);
  assert.match(await cli.fail(decrypt, blob), /\(InvalidCiphertextException\)/);
}

if (typeof clis === 'string') {
  test('the AWS CLI creates, uses and deletes a broker with a KMS key', { skip: clis }, () => {});
} else {
  for (const { path, version } of clis) {
    const name = version.split(' ')[0] ?? '';
    test(`${name} performs the whole life cycle of a broker with a customer managed key`, async () => {
      const plane = await startNow();
      try {
        const cli = new Cli(path, plane);
        await lifeOfABroker(cli, plane);
        await lifeOfAnActiveMqBroker(cli, plane);
        await usesAKey(cli);
        assert.deepEqual(await cli.run('sts get-caller-identity'), {
          UserId: accountId,
          Account: accountId,
          Arn: `arn:aws:iam::${accountId}:root`,
        });
        assert.match(await cli.fail('iam list-saml-providers'), /\(InvalidAction\)/);
        assert.deepEqual(plane.unexpectedErrors, []);
        assert.equal(plane.written.includes(password), false);
      } finally {
        await plane.close();
      }
    });
  }
}
