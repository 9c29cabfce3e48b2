import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { checkPorts } from './machine-checks.ts';
import { checkOwnership } from './service-checks.ts';

const place = {
  folder: join(tmpdir(), 'waxwing-not-there', 'data'),
  ...{ host: '127.0.0.1', apiPort: 0, amqpsPort: 0, diskReserveMib: 50 },
};

test('a data folder that does not exist yet may be in a folder with the sticky bit', async () => {
  const [found] = await checkOwnership(place);
  assert.deepEqual([found?.level, found?.what], ['ok', `${place.folder} does not exist yet`]);
});

test('an address of another machine is not taken for a port in use', async () => {
  const [api, brokers] = await checkPorts({ ...place, host: '192.0.2.1' });
  assert.match(api?.what ?? '', /EADDRNOTAVAIL: this machine does not have this address/);
  assert.deepEqual([api?.level, api?.fix, brokers?.level], ['problem', undefined, 'warning']);
});

test('ports of a range and shared ports are checked, too', async () => {
  const squatter = createServer().listen(0, '127.0.0.1');
  await once(squatter, 'listening');
  const { port } = squatter.address() as AddressInfo; // it listens on a port, not on a pipe
  const [api, range, shared, ...others] = await checkPorts({
    ...place,
    brokerPorts: { first: port, last: port },
    sharedPorts: new Map([
      ['amqps', port],
      ['amqp+ssl', port],
    ]),
  });
  squatter.close();
  assert.equal(api?.level, 'ok');
  assert.deepEqual([range?.level, others], ['warning', []]);
  assert.match(range?.what ?? '', new RegExp(`^ports ${port} to ${port} .* cannot use ${port}$`));
  assert.deepEqual(
    [shared?.level, shared?.fix],
    ['problem', 'stop that program, or share another port'],
  );
});
