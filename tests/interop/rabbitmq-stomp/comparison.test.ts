import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { after, before, test } from 'node:test';
import { missing, RealRabbitMq } from '../../management/real-rabbitmq.ts';
import { play, scenarios } from './scenarios.ts';
import { type Connect, toOwn, toPort } from './wires.ts';

// The frames of this program beside those of Debian's RabbitMQ 3.10 with its STOMP plugin.
const skip = missing ?? false;

let real: RealRabbitMq;
let toReal: Connect;

before(async () => {
  if (skip !== false) return;
  const port = await freePort();
  real = await RealRabbitMq.start(
    ['rabbitmq_stomp'],
    () => `stomp.listeners.tcp.1 = 127.0.0.1:${port}\n`,
  );
  toReal = toPort(port);
});

after(async () => {
  if (skip === false) await real.stop();
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

for (const [name, scenario] of Object.entries(scenarios)) {
  test(`${name}: the same frames`, { skip }, async () => {
    const found = await play(scenario, await toOwn());
    const expected = await play(scenario, toReal, found);
    assert.deepEqual(found.lines, expected.lines);
  });
}
