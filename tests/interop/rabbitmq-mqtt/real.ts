// A RabbitMQ of Debian with its MQTT plugin.

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { RealRabbitMq } from '../../management/real-rabbitmq.ts';
import { until } from '../../support/processes.ts';
import { type Answers, runScenario } from './scenario.ts';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', '..');

/** The file with the recorded observations of RabbitMQ 3.10, in the sources. */
export const recordedFile: string = join(
  ...[root, 'tests', 'interop', 'rabbitmq-mqtt', 'rabbitmq-3.10.json'],
);

/** The recorded observations. */
export function recordedAnswers(): Answers {
  return JSON.parse(readFileSync(recordedFile, 'utf8')) as Answers; // see record.ts
}

/** Whether a port accepts connections. */
function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => resolve(true));
    socket.on('error', () => resolve(false));
    socket.on('connect', () => socket.destroy());
  });
}

/** Starts a RabbitMQ and performs the scenario with it. */
export async function realAnswers(): Promise<Answers> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  server.close();
  const listener = `mqtt.listeners.tcp.default = 127.0.0.1:${port}\n`;
  const rabbitMq = await RealRabbitMq.start(['rabbitmq_mqtt'], () => listener);
  try {
    // The management API is ready before the other plugins are.
    await until('RabbitMQ accepts MQTT connections', () => isOpen(port), 60_000);
    return await runScenario({
      url: `mqtt://127.0.0.1:${port}`,
      ca: undefined,
      username: 'guest',
      password: 'guest',
      call: async (method, path, body) => {
        const { text } = await rabbitMq.call(method, path, body);
        return text === '' ? undefined : JSON.parse(text);
      },
    });
  } finally {
    await rabbitMq.stop();
  }
}
