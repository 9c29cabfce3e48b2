import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { ActiveMqHost } from '../support/activemq-host.ts';
import { installed } from '../support/debian-packages.ts';

// mosquitto_pub and mosquitto_sub, over TLS.
const skip = (await installed('mosquitto-clients')) ?? false;
const run = promisify(execFile);
const timeout = 60_000;

let host: ActiveMqHost;
const children = new Set<ChildProcess>();

before(async () => {
  host = await ActiveMqHost.start();
});

after(async () => {
  for (const child of children) child.kill('SIGKILL');
  await host.close();
});

function common(version: string, more: readonly string[]): string[] {
  const port = String(host.portOf('mqtt+ssl'));
  const login = ['-u', 'bob', '-P', 'a long password'];
  return ['-h', 'localhost', '-p', port, '--cafile', host.caFile, ...login, '-V', version, ...more];
}

async function publish(version: string, ...more: readonly string[]): Promise<string> {
  return (await run('mosquitto_pub', common(version, more), { timeout })).stdout;
}

/** A subscriber whose output is not held back until it ends. */
function spawnSubscriber(version: string, more: readonly string[]) {
  const child = spawn('stdbuf', ['-oL', 'mosquitto_sub', ...common(version, ['-d', ...more])]);
  children.add(child);
  return child;
}

/** A subscriber that has subscribed. */
interface Subscriber {
  /** What it printed, once it has ended. */
  readonly output: Promise<string>;
}

async function subscribe(version: string, ...more: readonly string[]): Promise<Subscriber> {
  const child = spawnSubscriber(version, more);
  let text = '';
  const subscribed = new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (bytes: Buffer) => {
      text += bytes.toString();
      if (/^Subscribed/m.test(text)) resolve();
    });
    child.once('exit', () => reject(new Error(`it ended early: ${text}`)));
  });
  // After 'close', all of the output has been read; after 'exit', some may still be in the pipe.
  const output = once(child, 'close').then(() =>
    text
      .split('\n')
      .filter((line) => line.startsWith('> '))
      .map((line) => line.slice(2))
      .join('\n'),
  );
  await subscribed;
  return { output };
}

for (const version of ['mqttv31', 'mqttv311', 'mqttv5']) {
  test(`${version}: each QoS works in both directions`, { skip }, async () => {
    for (const qos of ['0', '1', '2']) {
      const topic = `${version}/${qos}`;
      const format = '> %t %q %p';
      const subscriber = await subscribe(
        version,
        ...['-t', `${version}/+`, '-q', qos, '-C', '3', '-F', format, '-W', '30'],
      );
      for (const n of ['1', '2', '3']) await publish(version, '-t', topic, '-q', qos, '-m', n);
      assert.equal(
        await subscriber.output,
        ['1', '2', '3'].map((n) => `${topic} ${qos} ${n}`).join('\n'),
      );
    }
  });

  test(`${version}: sessions, retained messages and wills work`, { skip }, async () => {
    const session = ['-i', `session-${version}`, '-c', '-q', '1', '-F', '> %r %p', '-W', '30'];
    const expiry = version === 'mqttv5' ? ['-x', '3600'] : [];
    const topic = `s/${version}`;
    const first = await subscribe(version, ...session, ...expiry, '-t', topic, '-E');
    assert.equal(await first.output, '');
    await publish(version, '-t', topic, '-q', '1', '-m', 'missed');
    await publish(version, '-t', topic, '-q', '1', '-m', 'kept', '-r');
    await host.restart();
    const second = await subscribe(version, ...session, ...expiry, '-t', topic, '-C', '3');
    // The two that were missed, and the retained one for the subscription.
    assert.deepEqual((await second.output).split('\n').sort(), ['0 kept', '0 missed', '1 kept']);
    await publish(version, '-t', topic, '-q', '1', '-n', '-r');
    const witness = await subscribe(
      version,
      '-t',
      `w/${version}`,
      '-C',
      '1',
      '-F',
      '> %p',
      '-W',
      '30',
    );
    const will = ['--will-topic', `w/${version}`, '--will-payload', 'gone', '--will-qos', '1'];
    const doomed = spawnSubscriber(version, ['-t', 'x', ...will]);
    while (!/Subscribed/.test(String((await once(doomed.stdout, 'data'))[0])));
    doomed.kill('SIGKILL');
    assert.equal(await witness.output, 'gone');
  });
}

test('MQTT 5 properties work', { skip }, async () => {
  const format = '> %t %p %C %D %R %P %E';
  const subscriber = await subscribe(
    'mqttv5',
    ...['-t', '$share/g/p/#', '-q', '2', '-C', '1', '-F', format, '-W', '30'],
  );
  await publish(
    'mqttv5',
    ...['-t', 'p/1', '-q', '2', '-m', 'body'],
    ...['-D', 'publish', 'content-type', 'text/plain'],
    ...['-D', 'publish', 'correlation-data', 'id-1'],
    ...['-D', 'publish', 'response-topic', 'reply/here'],
    ...['-D', 'publish', 'user-property', 'colour', 'blue'],
    ...['-D', 'publish', 'message-expiry-interval', '100'],
    ...['-D', 'publish', 'topic-alias', '3'],
  );
  assert.equal(await subscriber.output, 'p/1 body text/plain id-1 reply/here colour:blue 100');
});

test('a wrong password is refused with the reason code of the version', { skip }, async () => {
  const refused = async (version: string) => {
    const args = common(version, ['-t', 't', '-m', 'x']);
    args[args.indexOf('-P') + 1] = 'wrong';
    const error = await run('mosquitto_pub', args, { timeout }).catch((thrown) => thrown);
    return (error as { stderr: string }).stderr;
  };
  assert.match(await refused('mqttv311'), /bad user name or password/i);
  assert.match(await refused('mqttv5'), /Bad User Name or Password|not authori[sz]ed/i);
});
