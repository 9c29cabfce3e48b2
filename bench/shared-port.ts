// Measures what a shared port costs beside a broker's own port: processor time of the service and the
// broker, for connections with a log-in and for confirmed messages. Run by hand.

import { readFileSync } from 'node:fs';
import { connect } from 'amqplib';
import { password } from '../tests/support/broker-requests.ts';
import { Waxwing } from '../tests/support/waxwing.ts';

const sharedPort = 45_671;
const publicName = 'bench.test';
const connectionCount = 300;
const messageCount = 20_000;
const roundCount = 5;
const body = Buffer.alloc(1024, 7);
const tickMs = 10; // of the kernel's accounts

const waxwing = await Waxwing.start({
  args: [
    ...['--no-default-broker', '--public-host', publicName],
    ...['--shared-ports', `amqps=${sharedPort}`],
  ],
});
const id = await waxwing.createBroker();
const brokerPid = waxwing.brokerPid(id);
const { ca } = waxwing;

/** The broker's own port, from the sockets that its process listens on. */
function ownPorts(): number[] {
  const text = readFileSync(`/proc/${brokerPid}/net/tcp`, 'latin1');
  const listening = text.split('\n').filter((line) => / 0A /.test(line));
  return listening.map((line) => Number.parseInt(line.split(/[ :]+/)[3] ?? '', 16));
}

function cpuMs(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1')
    .replace(/^.*\) /, '')
    .split(' ');
  return (Number(fields[11]) + Number(fields[12])) * tickMs;
}

const dial = (port: number) =>
  connect(`amqps://admin:${password}@127.0.0.1:${port}`, {
    ca: [ca],
    servername: `${id}.mq.${publicName}`,
    noDelay: true,
  });

async function connections(port: number): Promise<void> {
  for (let left = connectionCount; left > 0; left--) await (await dial(port)).close();
}

async function messages(port: number): Promise<void> {
  const model = await dial(port);
  const channel = await model.createConfirmChannel();
  await channel.assertQueue('q', { durable: true });
  let received = 0;
  await channel.consume('q', () => void received++, { noAck: true });
  for (let sent = 0; sent < messageCount; sent += 500) {
    for (let i = 0; i < 500; i++) channel.sendToQueue('q', body, { persistent: true });
    await channel.waitForConfirms();
  }
  while (received < messageCount) await new Promise((resolve) => setTimeout(resolve, 5));
  await model.close();
}

/** The port on which a connection with TLS and a log-in succeeds. */
async function amqpPort(): Promise<number> {
  for (const port of ownPorts()) {
    const model = await dial(port).catch(() => undefined);
    await model?.close();
    if (model !== undefined) return port;
  }
  throw new Error('the broker has no port for AMQP');
}

const ownPort = await amqpPort();
const median = (values: readonly number[]) =>
  [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

for (const [name, work, count] of [
  ['connection with log-in', connections, connectionCount],
  ['message of 1 KiB, confirmed and delivered', messages, messageCount],
] as const) {
  const used = { direct: [] as number[], shared: [] as number[], service: [] as number[] };
  for (let round = 0; round <= roundCount; round++) {
    for (const [where, port] of [
      ['direct', ownPort],
      ['shared', sharedPort],
    ] as const) {
      const before = [cpuMs(waxwing.pid), cpuMs(brokerPid)];
      await work(port);
      const [service = 0, broker = 0] = [cpuMs(waxwing.pid), cpuMs(brokerPid)].map(
        (ms, i) => ms - (before[i] ?? 0),
      );
      if (round === 0) continue; // the first round compiles
      used[where].push(((service + broker) * 1000) / count);
      if (where === 'shared') used.service.push((service * 1000) / count);
    }
  }
  const [direct, shared, service] = [used.direct, used.shared, used.service].map(median);
  console.log(
    `${name}: ${direct?.toFixed(1)} us of processor time directly, ${shared?.toFixed(1)} us through ` +
      `the shared port, of which ${service?.toFixed(1)} us in the service`,
  );
}
await waxwing.remove();
