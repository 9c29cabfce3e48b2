// The drill `tampered-segment`.

import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Drill } from '../drill.ts';
import type { Lab } from '../lab.ts';
import { brokerWithMessages } from '../service/prepared.ts';

const pageBytes = 4096;
/** A byte of the sealed part of a block. */
const sealedByte = 33;

/** Somebody changes single bits on the disk. */
export const tamperedSegment: Drill = {
  name: 'tampered-segment',
  promise: 'A changed bit on the disk is found, and a damaged broker does not start.',
  limits: 'After a kill or a power failure, the data that was written last is not protected.',
  run: async (lab) => {
    const service = await lab.service();
    const { id } = await brokerWithMessages(lab, service);
    const copy = await lab.copyStopped(service);
    const sound = await copy.check();
    lab.saw('the folder is sound before', sound.code === 0, `exit code ${sound.code}`);
    const ofBroker = join(copy.data, 'brokers', id, 'seg-1');
    await lab.step('change broker', 'changed a bit of the volume of the broker', () =>
      flipBits(ofBroker, 1),
    );
    const damaged = new RegExp(`${id}: not sound`);
    lab.sawRefusal('`waxwing check` names the broker', await copy.check(), damaged);
    await sawDamaged(lab, copy, id);
    const ofSystem = join(copy.data, 'system', 'seg-1');
    await lab.step('change system', 'changed a bit of the system volume', () =>
      flipBits(ofSystem, 1),
    );
    const check = await copy.check();
    lab.sawRefusal('`waxwing check` names the system volume', check, /system: not sound/);
    // A start reads only what it needs.
    await lab.step('change more', 'changed a bit of each block of the system volume', async () => {
      await flipBits(ofSystem, 1);
      await flipBits(ofSystem, Number.POSITIVE_INFINITY);
    });
    await lab.sawNoStart('the service does not start with it', copy, /damaged|does not end/);
  },
};

/** Changes a bit in each of the first blocks of a segment. */
async function flipBits(file: string, countMax: number): Promise<void> {
  const bytes = await readFile(file);
  let count = 0;
  // Blocks begin at pages; the first page is the header.
  for (let at = pageBytes; at + pageBytes <= bytes.length && count < countMax; at += pageBytes) {
    if (bytes.subarray(at, at + 64).every((byte) => byte === 0)) continue;
    const changed = at + sealedByte;
    bytes[changed] = (bytes[changed] ?? 0) ^ 1;
    count += 1;
  }
  await writeFile(file, bytes);
}

/** Starts the service on a copy, and reports whether it runs a damaged broker. */
export async function sawDamaged(
  lab: Lab,
  place: Awaited<ReturnType<Lab['place']>>,
  BrokerId: string,
  expected = /^BROKER_VOLUME_/,
): Promise<void> {
  const service = await lab.start(place);
  const { BrokerState, ActionsRequired } = await service.aws.mq.describeBroker({ BrokerId });
  await service.stop();
  const code = ActionsRequired?.[0]?.ActionRequiredCode ?? '';
  lab.saw(
    'the service starts, and the broker does not',
    BrokerState === 'CRITICAL_ACTION_REQUIRED' && expected.test(code),
    `${BrokerState} ${code}`,
  );
}
