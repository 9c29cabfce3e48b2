// `docs/operate/moving.md`: everything of a RabbitMQ is moved to a broker.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { createServer } from 'node:tls';
import { RealRabbitMq } from '../../management/real-rabbitmq.ts';
import { AmqpClient } from '../../support/amqp-client.ts';
import { relayTo } from './outside.ts';
import { Stage } from './stage.ts';

const name = 'rabbit.example.com';
/** The machine with that name: the service has the same ports on the other address. */
const address = '127.0.0.2';

/** Runs the command of the page between a RabbitMQ, whose authority is not a public one, and a broker. */
export async function movingPage([move = '']: readonly string[]): Promise<void> {
  const rabbitMq = await RealRabbitMq.start();
  try {
    await moveFrom(rabbitMq, move);
  } finally {
    await rabbitMq.stop(); // it would go on after an error
  }
}

async function moveFrom(rabbitMq: RealRabbitMq, move: string): Promise<void> {
  const stage = await Stage.open(name);
  stage.write('/etc/hosts', `127.0.0.1 localhost\n${address} ${name}\n`);
  await relayWithTls(stage, 5671, rabbitMq.amqpPort);
  await stage.listen(15671, relayTo(`http://127.0.0.1:${rabbitMq.managementPort}`), address);
  const password = 'password of the administrator';
  stage.write('rabbit-password', `${password}\n`);
  stage.write('broker-password', 'correct-horse-9\n');
  await stage.succeed(`
api=http://guest:guest@127.0.0.1:${rabbitMq.managementPort}/api
put() { curl --fail --silent --show-error -X PUT -H 'content-type: application/json' "$api/$1" -d "$2"; }
put users/admin '{"password": "${password}", "tags": "administrator"}'
put permissions/%2F/admin '{"configure": ".*", "write": ".*", "read": ".*"}'
put queues/%2F/orders '{"durable": true}'`);
  const source = await AmqpClient.connect(`amqp://guest:guest@127.0.0.1:${rabbitMq.amqpPort}`, '');
  await source.publish('orders', ['one', 'two']);
  await source.close();

  const service = await stage.serve('waxwing serve --no-default-broker');
  await stage.succeed(
    `aws mq create-broker --broker-name orders --engine-type RABBITMQ --engine-version 4.2 \\
  --deployment-mode SINGLE_INSTANCE --host-instance-type mq.m7g.medium --no-publicly-accessible \\
  --auto-minor-version-upgrade --users Username=admin,Password=correct-horse-9
until waxwing status; do sleep 1; done`,
    await service.environment(),
  );
  assert.match(
    await stage.succeed(`${move} --from-ca-file stage-ca.pem`),
    /^2 messages of 1 queues moved/m,
  );
  const ca = stage.read('waxwing-data/ca.pem');
  const target = await AmqpClient.connect('amqps://admin:correct-horse-9@localhost:5671', ca);
  assert.deepEqual(await target.take('orders'), ['one', 'two']);
  await target.close();
  await service.stop();
}

/** Lets clients with TLS reach a port without. */
async function relayWithTls(stage: Stage, port: number, to: number): Promise<void> {
  const { certificate: cert, privateKey: key } = await stage.certificate();
  const server = createServer({ cert, key }, (client) => {
    const onward = connect(to, '127.0.0.1');
    client.pipe(onward).pipe(client);
    for (const socket of [client, onward]) socket.on('error', () => onward.destroy());
  });
  server.listen(port, address).unref();
  await once(server, 'listening');
}
