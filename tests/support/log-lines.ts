import { systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import { BrokerLogs } from '../../src/logs/broker-logs.ts';
import { SystemState, sealingKey } from '../../src/server/compose.ts';
import { openBrokerLogs } from '../../src/server/logs-volume.ts';
import { openSystemVolume } from '../../src/server/system-volume.ts';
import type { WaxwingFolder } from './waxwing-folder.ts';

/** Returns the lines in a folder that no service runs on, each with its broker and level. */
export async function linesIn(folder: WaxwingFolder): Promise<string[]> {
  const source = { configFolder: folder.keys, passphraseFile: undefined, keyFile: undefined };
  const volume = await openSystemVolume(folder.data, source);
  const state = new SystemState(volume, folder.data);
  const failed = (error: Error) => {
    throw error;
  };
  await state.open(volume, { full: () => {}, failed });
  const logs = new BrokerLogs({ clock: systemClock, failed });
  const parts = {
    folder: folder.data,
    journal: state.logsVolume,
    wrappingKey: sealingKey(volume, 'logs'),
    random: systemRandom,
    commit: (entries: Parameters<typeof state.store.commit>[0]) => state.store.commit(entries),
    discarding: undefined,
  };
  await openBrokerLogs(parts, logs);
  const lines: string[] = [];
  for await (const line of logs.read({ fromMs: 0, toMs: Infinity, newestFirst: false })) {
    lines.push(`${line.brokerId} ${line.level} ${line.text}`);
  }
  await logs.close();
  await state.close();
  await volume.close();
  return lines;
}
