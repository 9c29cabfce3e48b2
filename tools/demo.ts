// `npm run demo` demonstrates the page "Data protection in Amazon MQ" of the Amazon MQ guide with a
// service that it starts, and removes at the end. With --activemq, the broker is of ActiveMQ's type. Each line with a tick has been verified; the exit
// code is 1 if a verification fails. With --canary, it writes plaintext into the data folder to
// show that the search finds it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CreateKeyCommand, DisableKeyCommand, EnableKeyCommand } from '@aws-sdk/client-kms';
import {
  CreateBrokerCommand,
  type DescribeBrokerCommandOutput,
  RebootBrokerCommand,
} from '@aws-sdk/client-mq';
import type { EventRecord } from '../src/audit/record.ts';
import { type Hidden, readable } from '../src/cli/drill/plain-text.ts';
import { isRunning, until } from '../tests/support/processes.ts';
import { hiddenTexts, placesUnder } from '../tests/support/readable.ts';
import { trailEvents } from '../tests/support/trail-events.ts';
import { Waxwing } from '../tests/support/waxwing.ts';
import { type DemoClient, type DemoEngine, demoEngines } from './demo/engines.ts';

// Suppresses a warning of the AWS clients about a future minimum version of Node.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] = 'true';

const engine: DemoEngine = process.argv.includes('--activemq')
  ? demoEngines.activemq
  : demoEngines.rabbitmq;
const queue = 'patients-of-dr-moreau';
const secret = 'The results are in: please call the surgery.';
const messages = Array.from({ length: 1000 }, (_, i) => `${secret} Case ${i}.`);
const username = 'admin';
const password = 'a-password-for-the-tour';
/** Maximum time until the loss of a key takes effect, in milliseconds. */
const effectMs = 10_000;

let step = 0;

function title(text: string): void {
  step += 1;
  console.log(`\n${step}. ${text}`);
}

/** Prints the corresponding AWS CLI command. */
function command(text: string): void {
  console.log(`   $ ${text}`);
}

function say(text: string): void {
  console.log(`     ${text}`);
}

/** Prints a statement if it is true; otherwise ends the demo. */
function prove(isTrue: boolean, text: string): void {
  if (!isTrue) throw new Error(`not true: ${text}`);
  console.log(`   ✓ ${text}`);
}

function secondsSince(startMs: number): string {
  return `${((performance.now() - startMs) / 1000).toFixed(1)} s`;
}

async function createKey(waxwing: Waxwing): Promise<string> {
  title('A customer managed key');
  command('aws kms create-key --description "messages of the surgery"');
  const { KeyMetadata } = await waxwing.kms.send(
    new CreateKeyCommand({ Description: 'messages of the surgery' }),
  );
  prove(KeyMetadata?.KeyState === 'Enabled', `Enabled: ${KeyMetadata?.Arn}`);
  return KeyMetadata?.Arn ?? '';
}

async function createBroker(waxwing: Waxwing, KmsKeyId: string): Promise<string> {
  title('A broker whose data is encrypted under that key');
  command('aws mq create-broker --broker-name surgery \\');
  say(`  --engine-type ${engine.type} ${cliOptions(engine)}\\`);
  say(`  --deployment-mode SINGLE_INSTANCE --host-instance-type ${engine.instanceType} \\`);
  say(`  --no-publicly-accessible --users Username=${username},Password=... \\`);
  say('  --encryption-options UseAwsOwnedKey=false,KmsKeyId=<the key>');
  const startMs = performance.now();
  const { BrokerId = '' } = await waxwing.mq.send(
    new CreateBrokerCommand({
      BrokerName: 'surgery',
      EngineType: engine.type,
      ...engine.options,
      DeploymentMode: 'SINGLE_INSTANCE',
      HostInstanceType: engine.instanceType,
      PubliclyAccessible: false,
      Users: [{ Username: username, Password: password }],
      EncryptionOptions: { UseAwsOwnedKey: false, KmsKeyId },
    }),
  );
  const found = await waxwing.brokerIs(BrokerId, 'RUNNING');
  prove(true, `RUNNING after ${secondsSince(startMs)} at ${endpointOf(found)}`);
  return BrokerId;
}

function cliOptions({ options }: DemoEngine): string {
  return options.StorageType === undefined ? '' : `--storage-type ${options.StorageType} `;
}

function endpointOf({ BrokerInstances }: DescribeBrokerCommandOutput): string {
  const endpoints = BrokerInstances?.[0]?.Endpoints ?? [];
  return endpoints.find((endpoint) => endpoint.startsWith(engine.scheme)) ?? '';
}

async function connect(waxwing: Waxwing, brokerId: string): Promise<DemoClient> {
  const endpoint = endpointOf(await waxwing.brokerIs(brokerId, 'RUNNING'));
  const url = new URL(endpoint);
  url.username = username;
  url.password = password;
  return engine.connect(waxwing, url);
}

async function publish(waxwing: Waxwing, brokerId: string): Promise<DemoClient> {
  title(`${messages.length} persistent messages, published by ${engine.clientName} over TLS`);
  say(`queue '${queue}', text '${secret} Case ...'`);
  const startMs = performance.now();
  const client = await connect(waxwing, brokerId);
  await client.publish(queue, messages);
  prove(true, `all confirmed after ${secondsSince(startMs)}: they are on disk`);
  return client;
}

function search(waxwing: Waxwing, isCanary: boolean): void {
  title('A search for these messages on the disk');
  const { data, root } = waxwing.folder;
  if (isCanary) writeFileSync(join(data, 'canary'), `a broker that leaks: ${messages[0]}`);
  const hidden: Hidden[] = hiddenTexts(secret, queue, password);
  command(`grep -r "${secret.slice(0, 19)}" ${data}`);
  const places = placesUnder(data);
  const sizeBytes = places.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const found = readable(hidden, places);
  prove(
    found.length === 0,
    `neither text, queue name nor password in ${places.length} files with ${sizeBytes} bytes` +
      found.map((text) => `\n     but ${text}`).join(''),
  );
  prove(sizeBytes > messages.join('').length, 'and the files are large enough to hold them all');
  const control = { name: join(root, 'letter'), bytes: Buffer.from(messages[0] ?? '') };
  prove(
    readable(hidden, [control]).length > 0,
    'in a plaintext file, the same search finds the text',
  );
}

async function disable(waxwing: Waxwing, KeyId: string, BrokerId: string, client: DemoClient) {
  title('The key is disabled: the broker stops');
  const pid = waxwing.brokerPid(BrokerId);
  prove(isRunning(pid), `process ${pid} runs the broker and is the only one with its data key`);
  command('aws kms disable-key --key-id <the key>');
  const startMs = performance.now();
  await waxwing.kms.send(new DisableKeyCommand({ KeyId }));
  const { BrokerState, ActionsRequired } = await waxwing.brokerIs(
    BrokerId,
    'CRITICAL_ACTION_REQUIRED',
    effectMs,
  );
  const reason = await client.ended;
  prove(reason.includes('KMS key cannot be used'), `the client receives the reason: ${reason}`);
  await until('the process is gone', () => !isRunning(pid), effectMs);
  prove(
    true,
    `process ${pid} has ended after ${secondsSince(startMs)}, and the data key is no longer in memory`,
  );
  command('aws mq describe-broker --broker-id <the broker>');
  const code = ActionsRequired?.[0]?.ActionRequiredCode;
  prove(code === engine.lostKeyAction, `${BrokerState}, ${code}`);
  command('aws mq reboot-broker --broker-id <the broker>');
  const refusal = await waxwing.mq
    .send(new RebootBrokerCommand({ BrokerId }))
    .then(() => '', String);
  prove(refusal.startsWith('BadRequestException'), `refused: ${refusal}`);
}

async function enable(waxwing: Waxwing, KeyId: string, brokerId: string): Promise<void> {
  title('The key is enabled again: the broker restarts');
  command('aws kms enable-key --key-id <the key>');
  const startMs = performance.now();
  await waxwing.kms.send(new EnableKeyCommand({ KeyId }));
  await waxwing.brokerIs(brokerId, 'RUNNING');
  prove(true, `RUNNING after ${secondsSince(startMs)}`);
  const client = await connect(waxwing, brokerId);
  const taken = await client.take(queue);
  await client.close();
  prove(
    taken.length === messages.length && taken.every((text, i) => text === messages[i]),
    `all ${taken.length} messages are there, in order`,
  );
}

/** Returns the caller: the user, a service for the user, or a service on its own. */
function actorOf({ userIdentity }: EventRecord): string {
  const { type = '', invokedBy } = userIdentity;
  if (type === 'AWSService') return invokedBy ?? type;
  return invokedBy === undefined ? type : `${invokedBy} for ${type}`;
}

async function readTrail(waxwing: Waxwing, keyArn: string): Promise<void> {
  title('The trail: who used the key for what');
  command('aws cloudtrail lookup-events \\');
  say('  --lookup-attributes AttributeKey=ResourceName,AttributeValue=<the key>');
  const events = await trailEvents(waxwing, {
    LookupAttributes: [{ AttributeKey: 'ResourceName', AttributeValue: keyArn }],
  });
  for (const event of events) {
    const { eventTime, eventSource, eventName, errorCode } = event;
    const how = errorCode === undefined ? '' : `  (${errorCode})`;
    const name = eventName.padEnd(32);
    say(`${eventTime.slice(11)}  ${name}${eventSource.padEnd(25)}${actorOf(event)}${how}`);
  }
  const grants = events.filter(({ eventName }) => eventName === 'CreateGrant');
  const sources = grants.map(({ eventSource }) => eventSource).join(' and ');
  prove(
    sources === 'amazonmq.amazonaws.com and kms.amazonaws.com',
    `two CreateGrant events, as the guide shows them: ${sources}`,
  );
  const named = (name: string) => events.some(({ eventName }) => eventName === name);
  const all = ['CreateKey', 'Decrypt', 'DisableKey', 'EnableKey'];
  prove(all.every(named), `and ${all.join(', ')} besides`);
}

async function tour(waxwing: Waxwing, isCanary: boolean): Promise<void> {
  prove(true, `the API answers on ${waxwing.environment['AWS_ENDPOINT_URL']}`);
  command('eval "$(waxwing env)"   # sets AWS_ENDPOINT_URL and the rest for what follows');
  const keyArn = await createKey(waxwing);
  const brokerId = await createBroker(waxwing, keyArn);
  const client = await publish(waxwing, brokerId);
  search(waxwing, isCanary);
  await disable(waxwing, keyArn, brokerId, client);
  await enable(waxwing, keyArn, brokerId);
  await readTrail(waxwing, keyArn);
}

async function run(): Promise<void> {
  const startMs = performance.now();
  title('A service on a new data folder');
  command('npm start');
  const waxwing = await Waxwing.start({ args: ['--no-default-broker'] });
  say(`its data is in ${waxwing.folder.data}`);
  try {
    await tour(waxwing, process.argv.includes('--canary'));
    console.log(`\nAll statements verified in ${secondsSince(startMs)}.`);
  } finally {
    await waxwing.remove();
    console.log('The service is stopped, and its data folder removed.');
  }
}

run().catch((error: unknown) => {
  console.log(`   ✗ ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
});
