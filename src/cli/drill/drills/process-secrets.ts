// The drill `process-secrets`.

import { readFile } from 'node:fs/promises';
import type { Drill } from '../drill.ts';
import type { Lab } from '../lab.ts';
import { type Hidden, type Place, readable } from '../plain-text.ts';
import { brokerWithMessages, type PreparedBroker } from '../service/prepared.ts';
import type { ServiceProcess } from '../service/service-process.ts';

/** Somebody looks at what processes show to others, at logs, and at the trail. */
export const processSecrets: Drill = {
  name: 'process-secrets',
  promise:
    'Arguments and environments of processes, logs and the trail contain no message, password or secret key.',
  run: async (lab) => {
    const service = await lab.service({ args: ['--log-level', 'info'] });
    const broker = await brokerWithMessages(lab, service);
    await lab.step('log', 'logged in with a wrong password', async () => {
      const wrong = broker.url.replace(broker.password, `${broker.password}-`);
      await service.connect(wrong).then(
        (client) => client.close(),
        () => {},
      );
    });
    const secret = service.environment.AWS_SECRET_ACCESS_KEY ?? '';
    // Names of queues are in logs, and are not secrets.
    const hidden = [
      ...broker.hidden.filter(({ name }) => name !== 'the name of the queue'),
      { name: 'the secret access key', bytes: Buffer.from(secret) },
    ];
    await sawProcesses(lab, service, broker, hidden);
    saw(lab, 'the output of the service', hidden, [
      { name: 'its output', bytes: Buffer.from(service.output) },
    ]);
    const { Events = [] } = await service.aws.trail.lookupEvents({ MaxResults: 50 });
    const events = Buffer.from(Events.map((event) => event.CloudTrailEvent ?? '').join('\n'));
    saw(lab, `${Events.length} events of the trail`, hidden, [{ name: 'an event', bytes: events }]);
  },
};

async function sawProcesses(
  lab: Lab,
  service: ServiceProcess,
  { id }: PreparedBroker,
  hidden: readonly Hidden[],
): Promise<void> {
  const pids = [service.pid, (await service.brokerPid(id)) ?? 0];
  const places: Place[] = [];
  for (const pid of pids) {
    for (const file of ['cmdline', 'environ']) {
      const name = `/proc/${pid}/${file}`;
      places.push({ name, bytes: await readFile(name) });
    }
  }
  saw(lab, 'arguments and environments of the service and the broker', hidden, places);
  const limits = await readFile(`/proc/${service.pid}/coredump_filter`, 'utf8').catch(() => '0');
  const isExcluded = Number.parseInt(limits, 16) === 0;
  lab.saw('core dumps exclude memory', isExcluded, `coredump_filter is ${limits.trim()}`);
}

function saw(lab: Lab, what: string, hidden: readonly Hidden[], places: readonly Place[]): void {
  const found = readable(hidden, places);
  const byteCount = places.reduce((sum, { bytes }) => sum + bytes.length, 0);
  const text = found[0] ?? `nothing in ${byteCount} bytes`;
  lab.saw(`${what} contain no secret`, found.length === 0 && byteCount > 0, text);
}
