// The broker logs of a stopped service.

import { systemClock } from '../../src/base/clock.ts';
import { systemRandom } from '../../src/base/random.ts';
import { BrokerLogs } from '../../src/logs/broker-logs.ts';
import type { LogLine } from '../../src/logs/store/log-line.ts';
import { SystemState, sealingKey } from '../../src/server/compose.ts';
import { openBrokerLogs } from '../../src/server/logs-volume.ts';
import { openSystemVolume } from '../../src/server/system-volume.ts';
import type { WaxwingFolder } from './waxwing-folder.ts';

/** Returns the lines in a folder that no service runs on, each with its broker, log and level. */
export async function linesIn(folder: WaxwingFolder): Promise<string[]> {
  const volume = await openSystemVolume(folder.data, folder.rootKey);
  const state = new SystemState(volume, folder.data);
  const failed = (error: Error) => {
    throw error;
  };
  await state.open(volume, { full: () => {}, failed });
  const keptFromMs = () => 0;
  const logs = new BrokerLogs({ clock: systemClock, keptFromMs, failed });
  const parts = {
    folder: folder.data,
    journal: state.logsVolume,
    wrappingKey: sealingKey(volume, 'logs'),
    random: systemRandom,
    commit: (entries: Parameters<typeof state.store.commit>[0]) => state.store.commit(entries),
    discarding: undefined,
  };
  await openBrokerLogs(parts, logs);
  const lines = (await linesOf(logs)).map(
    ({ brokerId, category, level, text }) => `${brokerId} ${category} ${level} ${text}`,
  );
  await logs.close();
  await state.close();
  await volume.close();
  return lines;
}

/** All lines of all streams, each stream's from the oldest. */
export async function linesOf(logs: BrokerLogs): Promise<LogLine[]> {
  const found: LogLine[] = [];
  for (const lines of logs.streams) {
    for (let i = 0; i < lines.count; i++) {
      const line = await logs.read(lines, i);
      if (line !== undefined) found.push(line);
    }
  }
  return found;
}
