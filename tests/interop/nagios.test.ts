import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { administrator, ManagementHost } from '../management/management-host.ts';
import { installed } from '../support/debian-packages.ts';
import { isLong } from '../support/proof.ts';

// The checks of Nagios and Icinga for RabbitMQ, unchanged.

const why = isLong
  ? await installed('nagios-plugins-rabbitmq')
  : 'it runs the checks of Nagios: only in long runs';
const skip = why ?? false;

let host: ManagementHost;
let folder: string;

before(async () => {
  if (skip !== false) return;
  host = await ManagementHost.open();
  folder = mkdtempSync(join(tmpdir(), 'waxwing-nagios-'));
  writeFileSync(join(folder, 'ca.pem'), host.authority);
});

after(async () => {
  if (skip !== false) return;
  await host.close();
  rmSync(folder, { recursive: true });
});

/** Runs a check; its exit code (0 is OK, 1 a warning, 2 critical, 3 unknown) and its text. */
function check(name: string, ...words: string[]): Promise<readonly [code: number, text: string]> {
  const [user = '', password = ''] = administrator.split(':');
  const to = ['-H', 'localhost', '--port', String(host.managementPort)];
  const all = [...to, '--ssl', '-u', user, '-p', password, ...words];
  const env = { ...process.env, PERL_LWP_SSL_CA_FILE: join(folder, 'ca.pem') };
  return new Promise((resolve) => {
    execFile(`/usr/bin/check_rabbitmq_${name}`, all, { env }, (error, stdout, stderr) => {
      resolve([Number(error?.code ?? 0), `${stdout}${stderr}`.trim()]);
    });
  });
}

test('the checks of Nagios pass for a broker without problems', { skip }, async () => {
  const client = await host.connect();
  await client.publish('orders', ['one', 'two', 'three']);
  const found: Record<string, readonly [number, string]> = {
    aliveness: await check('aliveness'),
    connections: await check('connections'),
    objects: await check('objects'),
    overview: await check('overview'),
    server: await check('server', '-n', 'localhost'),
    watermark: await check('watermark', '-n', 'localhost'),
    partition: await check('partition', '-n', 'localhost'),
    queue: await check('queue', '--queue', 'orders'),
  };
  await client.close();
  for (const [name, [code, text]] of Object.entries(found)) {
    assert.equal(code, 0, `${name}: ${text}`);
  }
  assert.match(found['queue']?.[1] ?? '', /messages=3/);
  assert.match(found['overview']?.[1] ?? '', /messages=3/);
});

test('the checks of Nagios warn about long queues, and find missing ones', { skip }, async () => {
  const [code, text] = await check('queue', '--queue', 'orders', '-w', '1', '-c', '2');
  assert.equal(code, 2, text);
  const [missing, missingText] = await check('queue', '--queue', 'none');
  assert.ok(missing > 1, missingText);
});
