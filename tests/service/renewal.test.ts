import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, test } from 'node:test';
import { connect } from 'node:tls';
import { Engines } from '../../src/control/engines.ts';
import { WaxwingEngine } from '../../src/engines/waxwing/engine.ts';
import { testCertificates } from '../support/certificates.ts';
import { until } from '../support/processes.ts';
import { WaxwingFolder } from '../support/waxwing-folder.ts';

// Certificates are renewed while brokers run.

const folder = new WaxwingFolder();
const asked: string[] = [];
let shown = await testCertificates();
const engine = new WaxwingEngine({
  folder: folder.data,
  host: '127.0.0.1',
  amqpsPort: 0,
  hasTlsParity: false,
  hasInstanceLimits: false,
  ldap: { port: 636, authoritiesFile: undefined },
  room: { memoryBytesMax: undefined, diskReserveBytes: 0 },
  certificates: (brokerId) => {
    asked.push(brokerId);
    return Promise.resolve(shown.servers);
  },
});
const volumeId = 'vol-00000000000000001';
const kind = { engineType: 'RABBITMQ', deploymentMode: 'SINGLE_INSTANCE' } as const;
const spec = {
  ...kind,
  id: 'b-1',
  name: 'renewed',
  engineVersion: '3.13',
  hostInstanceType: 'mq.m5.large',
  authenticationStrategy: 'SIMPLE',
  ldap: null,
  configuration: null,
  logs: { general: false, audit: false },
  listeners: new Engines([engine]).listenersOf(kind),
  volumes: [{ id: volumeId, epoch: 1, epochMin: 0 }],
  instances: [{ number: 1, volumeId }],
  ports: [],
  portsOfOthers: [],
  users: [],
} as const;
after(async () => {
  await engine.stop(spec.id, 'over');
  folder.remove();
});

/** Whether the broker shows a certificate under an authority. */
function isTrusted(port: number, ca: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: 'localhost', ca });
    socket.once('error', () => resolve(false));
    socket.once('secureConnect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}

test('a running broker presents certificates that it receives later', async () => {
  const dataKey = randomBytes(32);
  const wrappedKey = Buffer.from('wrapped');
  await engine.create(spec, [{ volumeId, dataKey, wrappedKey }]);
  const { ports } = await engine.start(spec, [{ volumeId, dataKey }]);
  const { port = 0 } = ports[0] ?? {};
  const before = shown;
  assert.ok(await isTrusted(port, before.authority));
  await engine.renewCertificates(); // nothing changed
  assert.ok(await isTrusted(port, before.authority));
  shown = await testCertificates();
  await engine.renewCertificates();
  await until('the new certificate is shown', () => isTrusted(port, shown.authority));
  assert.ok(!(await isTrusted(port, before.authority)));
  assert.deepEqual(asked, ['b-1', 'b-1', 'b-1']);
});
