// The drill `restored-backup`.

import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Drill } from '../drill.ts';
import type { Lab } from '../lab.ts';
import { readable } from '../plain-text.ts';
import { described, type Ended } from '../service/place.ts';
import {
  brokerWithMessages,
  isInState,
  type PreparedBroker,
  runningMsMax,
} from '../service/prepared.ts';
import type { ServiceProcess } from '../service/service-process.ts';
import { waitFor } from '../service/wait.ts';

/** Somebody has a backup, changes it, and restores it; its owner restores it after a loss. */
export const restoredBackup: Drill = {
  name: 'restored-backup',
  promise:
    'A backup is sealed, is refused if it was changed or its key is not usable, and brings back every message.',
  limits: 'Nothing in a file proves that it is the newest: `--not-before` refuses older ones.',
  run: async (lab) => {
    const service = await lab.service();
    const broker = await brokerWithMessages(lab, service);
    const file = join(lab.root, 'broker.backup');
    const made = await lab.step('back up', 'wrote a backup of the running broker', () =>
      command(service, 'backup', broker.id, file),
    );
    lab.saw('the backup is written and verified', made.code === 0, described(made));
    await sawSealed(lab, file, broker);
    const restore = async (path: string, ...more: readonly string[]) => {
      const name = lab.word('restored').slice(0, 30);
      const ended = await command(service, 'restore', path, '--name', name, ...more);
      const id = restoredId(ended);
      if (id !== '') lab.leaves(() => service.aws.mq.deleteBroker({ BrokerId: id }));
      return ended;
    };
    await sawBrokenRefused(lab, file, restore);
    const older = await lab.step('date', 'required a backup that is newer, and restored', () =>
      restore(file, '--not-before', '2999-01-01'),
    );
    lab.sawRefusal('a backup that is older than required is refused', older, /before 2999/);
    await sawKeyRequired(lab, service, broker, () => restore(file));
    await lab.step('delete', 'deleted the broker', () => remove(service, broker.id));
    await sawRestored(lab, service, broker, await restore(file));
  },
};

function command(service: ServiceProcess, ...args: readonly string[]): Promise<Ended> {
  return service.place.run([...args, '--data', service.place.data]);
}

/** The id of the broker that a command restored; empty if it restored none. */
function restoredId({ stdout }: Ended): string {
  return /Restored as broker (\S+):/.exec(stdout)?.[1] ?? '';
}

async function sawSealed(lab: Lab, file: string, { hidden }: PreparedBroker): Promise<void> {
  const bytes = await readFile(file).catch(() => Buffer.alloc(0));
  const found = readable(hidden, [{ name: file, bytes }]);
  lab.saw(
    'no message, name of a queue or password is readable in it',
    bytes.length > 0 && found.length === 0,
    found[0] ?? `nothing in ${bytes.length} bytes`,
  );
  // The search itself is tried.
  const control = readable(hidden, [{ name: 'control', bytes: hidden[0]?.bytes ?? bytes }]);
  lab.saw('the same search finds a control', control.length > 0, `${control.length} findings`);
}

/** Changes the backup in several ways, one after the other. */
async function sawBrokenRefused(
  lab: Lab,
  file: string,
  restore: (path: string) => Promise<Ended>,
): Promise<void> {
  const sound = await readFile(file);
  const changed = Buffer.from(sound);
  const middle = Math.floor(sound.length / 2);
  changed[middle] = (changed[middle] ?? 0) ^ 1;
  const cut = sound.subarray(0, middle);
  for (const [how, bytes] of [['changed', changed] as const, ['cut off', cut] as const]) {
    const path = `${file}.${how.replace(' ', '-')}`;
    await writeFile(path, sound);
    await lab.step(how, `restored a backup that was ${how}`, () => replace(path, bytes), path);
    lab.sawRefusal(`a backup that was ${how} is refused`, await restore(path), /backup/);
  }
}

async function replace(path: string, bytes: Buffer): Promise<void> {
  await writeFile(`${path}.new`, bytes);
  await rename(`${path}.new`, path);
}

/** Tries to restore without the KMS key. */
async function sawKeyRequired(
  lab: Lab,
  { aws: { kms } }: ServiceProcess,
  { keyArn: KeyId }: PreparedBroker,
  restore: () => Promise<Ended>,
): Promise<void> {
  await lab.step('disable', 'disabled the KMS key, and restored', () => kms.disableKey({ KeyId }));
  lab.sawRefusal('without its KMS key, it is not restored', await restore(), /Disabled/);
  await kms.enableKey({ KeyId });
}

async function remove({ aws: { mq } }: ServiceProcess, BrokerId: string): Promise<void> {
  await mq.deleteBroker({ BrokerId });
  const isGone = () =>
    mq.describeBroker({ BrokerId }).then(
      () => false,
      () => true,
    );
  await waitFor(isGone, runningMsMax);
}

/** Reports what is in the restored broker. */
async function sawRestored(
  lab: Lab,
  service: ServiceProcess,
  { user, password, queue, bodies }: PreparedBroker,
  restored: Ended,
): Promise<void> {
  const id = restoredId(restored);
  const isRunning = id !== '' && (await isInState(service, id, 'RUNNING', runningMsMax));
  lab.saw('the backup is restored as a broker that runs', isRunning, described(restored));
  if (!isRunning) return;
  const { BrokerInstances } = await service.aws.mq.describeBroker({ BrokerId: id });
  const endpoint = BrokerInstances?.[0]?.Endpoints?.[0] ?? '';
  const client = await service.connect(endpoint.replace('//', `//${user}:${password}@`));
  const taken = await client.take(queue);
  await client.close();
  const isComplete = taken.join() === bodies.join();
  lab.saw('every message is there once, in order', isComplete, `${taken.length} messages`);
  const { Events = [] } = await service.aws.trail.lookupEvents({
    LookupAttributes: [{ AttributeKey: 'EventName', AttributeValue: 'CompleteRestore' }],
  });
  const isRecorded = Events.some(({ CloudTrailEvent = '' }) => CloudTrailEvent.includes(id));
  lab.saw('the trail records the restoration', isRecorded, `${Events.length} events`);
}
