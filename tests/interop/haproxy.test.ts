import assert from 'node:assert/strict';
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { DescribeBrokerCommand } from '@aws-sdk/client-mq';
import { password } from '../support/broker-requests.ts';
import { installed } from '../support/debian-packages.ts';
import { until } from '../support/processes.ts';
import { isLong } from '../support/proof.ts';
import { Waxwing } from '../support/waxwing.ts';

// A service behind HAProxy, which states the addresses of clients.

const run = promisify(execFile);
const why = isLong ? await installed('haproxy') : 'it starts HAProxy: only in long runs';
const options = { skip: why ?? false };
const client = '127.0.0.9';
const name = 'example.test';

let waxwing: Waxwing;
let id = '';
let haproxy: ChildProcess | undefined;
let [shared, first] = [0, 0];

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  return typeof address === 'object' && address !== null ? address.port : 0;
}

before(async () => {
  if (why !== undefined) return;
  [shared, first] = [await freePort(), await freePort()];
  waxwing = await Waxwing.start({
    args: [
      ...['--no-default-broker', '--public-host', name, '--proxy-protocol', '127.0.0.2'],
      ...['--shared-ports', `management=${shared}`],
    ],
  });
  id = await waxwing.createBroker();
  const file = join(waxwing.folder.root, 'haproxy.cfg');
  const servers = [
    [waxwing.apiPort, 'send-proxy'],
    [waxwing.apiPort, 'send-proxy-v2 proxy-v2-options unique-id,crc32c,ssl'],
    [shared, 'send-proxy-v2'],
  ] as const;
  const listeners = servers.map(
    ([port, how], i) => `
listen l${i}
  bind 127.0.0.1:${first + i}
  unique-id-format %ID
  server s 127.0.0.1:${port} ${how} source 127.0.0.2 check inter 200
`,
  );
  const times = 'timeout connect 5s\n  timeout client 30s\n  timeout server 30s';
  await writeFile(file, `defaults\n  mode tcp\n  ${times}\n${listeners.join('')}`);
  haproxy = spawn('/usr/sbin/haproxy', ['-f', file], { stdio: 'ignore' });
  await until('HAProxy answers', () =>
    health(first).then(
      () => true,
      () => false,
    ),
  );
});
after(async () => {
  haproxy?.kill();
  await waxwing?.remove();
});

async function curl(url: string, ...more: readonly string[]): Promise<string> {
  const ca = waxwing.environment['WAXWING_CA_FILE'] ?? '';
  const { stdout } = await run('curl', [
    ...['-s', '--fail', '--interface', client, '--cacert', ca, ...more, url],
  ]);
  return stdout;
}

const health = (port: number) => curl(`https://localhost:${port}/health`);

test('the API sees clients of HAProxy with both versions of the header', options, async () => {
  for (const port of [first, first + 1]) {
    assert.equal(await health(port), '{}');
    const { stdout } = await run('curl', [
      ...['-s', '--interface', client, '--cacert', waxwing.environment['WAXWING_CA_FILE'] ?? ''],
      ...['--aws-sigv4', 'aws:amz:us-east-1:mq', '-u', 'AKIAIOSFODNN7EXAMPLE:secret'],
      ...['-o', '/dev/null', '-w', '%{http_code}', `https://localhost:${port}/v1/brokers`],
    ]);
    assert.equal(stdout, '403');
  }
  await until('refusals with the address', () => waxwing.output.includes(client));
});

test('a broker behind HAProxy and a shared port sees the client', options, async () => {
  const { BrokerInstances } = await waxwing.mq.send(new DescribeBrokerCommand({ BrokerId: id }));
  const [{ ConsoleURL = '' } = {}] = BrokerInstances ?? [];
  assert.equal(ConsoleURL, `https://${id}.mq.${name}:${shared}`);
  const host = `${id}.mq.${name}`;
  const resolved = ['--resolve', `${host}:${first + 2}:127.0.0.1`, '-u', `admin:${password}`];
  const overview = await curl(`https://${host}:${first + 2}/api/overview`, ...resolved);
  assert.match(overview, /rabbitmq_version/);
  const wrong = ['-u', 'admin:wrong-password', '--resolve', `${host}:${first + 2}:127.0.0.1`];
  await assert.rejects(curl(`https://${host}:${first + 2}/api/overview`, ...wrong));
  await until('a failed log-in with the address', () =>
    /failed[^\n]*127\.0\.0\.9|127\.0\.0\.9[^\n]*failed/i.test(waxwing.output),
  );
});
