import assert from 'node:assert/strict';
import { createSecretKey } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { linesOf } from '../../tests/support/log-lines.ts';
import { systemClock } from '../base/clock.ts';
import { systemRandom } from '../base/random.ts';
import { BrokerLogs } from '../logs/broker-logs.ts';
import type { Entry } from '../storage/journal.ts';
import { LogsVolumeJournal, type LogsVolumeRecord, openBrokerLogs } from './logs-volume.ts';

/** Ends a process in a test, at a commit. */
class Ended extends Error {}

/** A data folder with a system volume that is only a journal. */
class DataFolder {
  readonly path = mkdtempSync(join(tmpdir(), 'waxwing-logs-'));
  readonly journal = new LogsVolumeJournal();
  readonly #wrappingKey = createSecretKey(systemRandom.bytes(32));
  commits = 0;

  /** @param endAt the commit at which the process ends, and whether that one is written */
  async start(endAt = Infinity, isWritten = false, discarding = false): Promise<BrokerLogs> {
    this.commits = 0;
    const commit = async (entries: readonly Entry[]) => {
      this.commits++;
      if (this.commits === endAt && !isWritten) throw new Ended();
      for (const entry of entries) {
        // Only entries of this journal are committed here.
        if ('journal' in entry) this.journal.apply(entry.change as LogsVolumeRecord);
      }
      if (this.commits === endAt) throw new Ended();
    };
    const failed = (error: Error) => {
      throw error;
    };
    const logs = new BrokerLogs({ clock: systemClock, keptFromMs: () => 0, failed });
    const parts = {
      folder: this.path,
      journal: this.journal,
      wrappingKey: this.#wrappingKey,
      random: systemRandom,
      commit,
      discarding: discarding ? () => [] : undefined,
    };
    try {
      await openBrokerLogs(parts, logs);
    } catch (error) {
      await logs.close();
      throw error;
    }
    return logs;
  }

  remove(): void {
    rmSync(this.path, { recursive: true });
  }
}

const stream = { brokerId: 'b-1', category: 'general', stream: 'a.log' } as const;

async function textsOf(logs: BrokerLogs): Promise<string[]> {
  return (await linesOf(logs)).map(({ text }) => text);
}

async function commitsOf(run: (folder: DataFolder) => Promise<BrokerLogs>): Promise<number> {
  const folder = new DataFolder();
  await (await run(folder)).close();
  folder.remove();
  return folder.commits;
}

test('an interrupted first start leaves a folder that the next start can open', async () => {
  const commits = await commitsOf((folder) => folder.start());
  assert.equal(commits, 4);
  for (let endAt = 1; endAt <= commits; endAt++) {
    for (const isWritten of [false, true]) {
      const folder = new DataFolder();
      await assert.rejects(folder.start(endAt, isWritten), Ended);
      const logs = await folder.start();
      logs.append(stream, 'info', 'kept');
      await logs.close();
      folder.remove();
    }
  }
});

test('an interrupted later start keeps the log lines', async () => {
  for (let endAt = 1; endAt <= 2; endAt++) {
    for (const isWritten of [false, true]) {
      const folder = new DataFolder();
      const first = await folder.start();
      first.append(stream, 'info', 'kept');
      await first.close();
      await assert.rejects(folder.start(endAt, isWritten), Ended);
      const logs = await folder.start();
      assert.deepEqual(await textsOf(logs), ['kept'], `${endAt} ${isWritten}`);
      await logs.close();
      folder.remove();
    }
  }
});

test('an interrupted start with discard leaves the old lines or an empty volume', async () => {
  for (let endAt = 1; endAt <= 4; endAt++) {
    for (const isWritten of [false, true]) {
      const folder = new DataFolder();
      const first = await folder.start();
      first.append(stream, 'info', 'old');
      await first.close();
      await assert.rejects(folder.start(endAt, isWritten, true), Ended);
      const logs = await folder.start();
      const isKept = endAt === 1 && !isWritten;
      assert.deepEqual(await textsOf(logs), isKept ? ['old'] : [], `${endAt} ${isWritten}`);
      await logs.close();
      folder.remove();
    }
  }
});

test('a volume unknown to the system volume is not overwritten', async () => {
  const folder = new DataFolder();
  mkdirSync(join(folder.path, 'logs'));
  writeFileSync(join(folder.path, 'logs', 'volume'), 'something');
  await assert.rejects(folder.start(), {
    code: 'broker-logs-unusable',
    message: /contains a volume that is not recorded in the system volume; restore it/,
  });
  await (await folder.start(Infinity, false, true)).close();
  folder.remove();
});
