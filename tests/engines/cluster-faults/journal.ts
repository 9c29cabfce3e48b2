// What a run of faults has found so far, a line of JSON for each fault. It is kept where a run is aborted,
// and a run with the same settings goes on from there.

import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { skippedKinds } from './kinds.ts';

/** The settings of a run. */
export interface RunSettings {
  readonly seed: number;
  readonly faults: number;
  readonly clusters: number;
}

/** A fault after which the cluster was complete, and everything that was confirmed was received or named. */
export interface PlayedFault {
  readonly type: 'fault';
  readonly number: number;
  readonly kind: string;
  readonly cluster: number;
  readonly node: number;
  /** Seconds of the fault itself, until the cluster was complete, until all publishers got confirms, and until all was received. */
  readonly seconds: readonly number[];
  /** Seconds of these in which this program did not run, because the machine stood still. */
  readonly stoodStill: number;
  /** Confirmed since the fault before, by client. */
  readonly confirmed: Readonly<Record<string, number>>;
  readonly received: number;
  readonly receivedAgain: number;
  /** Times that the consumer connected again because it got nothing. */
  readonly stalls: number;
  /** Confirmed messages that were not received within two minutes. */
  readonly late: readonly string[];
  /** Messages that nobody has published. */
  readonly problems: readonly string[];
}

/** The end of a cluster. */
export interface ClusterEnd {
  readonly type: 'end';
  readonly cluster: number;
  /** Confirmed messages that were not received at the end. */
  readonly lost: readonly string[];
}

/** A run begins or continues. */
interface RunStart extends RunSettings {
  readonly type: 'start';
  readonly date: string;
  readonly commit: string;
  readonly rabbitMq: string;
}

/** A cluster did not recover, or could not be faulted. It is replaced by another. */
export interface Finding {
  readonly type: 'finding';
  readonly cluster: number;
  readonly text: string;
}

/** A line of a journal. */
export type JournalLine = (PlayedFault | ClusterEnd | RunStart | Finding) & {
  readonly atMs?: number;
};

/** The journal of one run. */
export class Journal {
  readonly #file: string;
  readonly #settings: RunSettings;
  readonly #lines: JournalLine[];

  /** @throws {RangeError} if the file is of a run with other settings */
  constructor(file: string, settings: RunSettings) {
    this.#file = file;
    this.#settings = settings;
    this.#lines = existsSync(file) ? linesOf(readFileSync(file, 'utf8')) : [];
    for (const line of this.#lines) {
      if (line.type !== 'start') continue;
      const { seed, faults, clusters } = line;
      if (same({ seed, faults, clusters }, settings)) continue;
      const text = `of a run with --seed ${seed} --faults ${faults} --clusters ${clusters}`;
      throw new RangeError(`${file} is ${text}; remove it, or name another --journal`);
    }
  }

  /** The numbers of the faults that were played. */
  get played(): ReadonlySet<number> {
    return new Set(this.#faults.map(({ number }) => number));
  }

  get #faults(): PlayedFault[] {
    return this.#lines.filter((line) => line.type === 'fault');
  }

  /** Notes that a run begins or goes on. */
  begin(commit: string, rabbitMq: string): void {
    const date = new Date().toISOString();
    this.add({ type: 'start', date, commit, rabbitMq, ...this.#settings });
  }

  add(line: JournalLine): void {
    const timed = { ...line, atMs: Date.now() };
    this.#lines.push(timed);
    appendFileSync(this.#file, `${JSON.stringify(timed)}\n`);
  }

  /** The result so far. */
  report() {
    const faults = this.#faults;
    const late = faults.flatMap(({ late: ids, number, kind }) =>
      ids.map((id) => `${id}, after fault ${number}: ${kind}`),
    );
    const ends = this.#lines.filter((line) => line.type === 'end');
    return {
      ...this.#settings,
      played: faults.length,
      commits: countBy(this.#byCommit()),
      rabbitMq: this.#lines.findLast((line) => line.type === 'start')?.rabbitMq ?? '',
      clients: versions(),
      byKind: byKind(faults),
      messages: messagesOf(faults),
      late,
      lost: this.#lost(ends),
      otherFindings: [
        ...faults.flatMap(({ problems }) => problems),
        ...this.#lines.flatMap((line) => (line.type === 'finding' ? [line.text] : [])),
      ],
      skipped: skippedKinds,
      stoodStillSeconds: tenth(faults.reduce((total, { stoodStill }) => total + stoodStill, 0)),
      durationSeconds: Math.round(this.#durationMs() / 1000),
    };
  }

  /** What was not received at the end of a cluster, or late in one whose end is unknown. */
  #lost(ends: readonly ClusterEnd[]): string[] {
    const lost = ends.flatMap((line) => line.lost);
    const left = new Map<number, string[]>();
    for (const line of this.#lines) {
      if (line.type === 'fault') {
        left.set(line.cluster, [...(left.get(line.cluster) ?? []), ...line.late]);
      }
      if (line.type === 'end') left.delete(line.cluster);
    }
    return [...lost, ...[...left.values()].flat()];
  }

  /** The commit that each fault was played with. */
  #byCommit(): string[] {
    let commit = '';
    return this.#lines.flatMap((line) => {
      if (line.type === 'start') commit = line.commit;
      return line.type === 'fault' ? [commit] : [];
    });
  }

  /** Without the time between an abort and the start after it. */
  #durationMs(): number {
    let total = 0;
    let lastMs = 0;
    for (const { type, atMs = 0 } of this.#lines) {
      if (type !== 'start' && lastMs !== 0) total += atMs - lastMs;
      lastMs = atMs;
    }
    return total;
  }
}

/** The last line may have been cut off by an abort. */
function linesOf(text: string): JournalLine[] {
  return text.split('\n').flatMap((line): JournalLine[] => {
    try {
      return line === '' ? [] : [JSON.parse(line) as JournalLine];
    } catch {
      return [];
    }
  });
}

function same(one: RunSettings, other: RunSettings): boolean {
  return one.seed === other.seed && one.faults === other.faults && one.clusters === other.clusters;
}

function byKind(faults: readonly PlayedFault[]) {
  const rows: Record<string, { count: number; seconds: number; secondsMax: number }> = {};
  for (const { kind, seconds } of faults) {
    const all = seconds.reduce((sum, each) => sum + each, 0);
    const row = rows[kind] ?? { count: 0, seconds: 0, secondsMax: 0 };
    rows[kind] = row;
    row.count++;
    row.seconds = tenth(row.seconds + all);
    row.secondsMax = tenth(Math.max(row.secondsMax, all));
  }
  return rows;
}

function messagesOf(faults: readonly PlayedFault[]) {
  const byClient: Record<string, number> = {};
  for (const { confirmed } of faults) {
    for (const [name, count] of Object.entries(confirmed)) {
      byClient[name] = (byClient[name] ?? 0) + count;
    }
  }
  const sum = (of: (fault: PlayedFault) => number) =>
    faults.reduce((total, fault) => total + of(fault), 0);
  return {
    confirmed: Object.values(byClient).reduce((total, count) => total + count, 0),
    byClient,
    received: sum(({ received }) => received),
    receivedAgain: sum(({ receivedAgain }) => receivedAgain),
    /** Times that the consumer got nothing for 20 s while publishers got confirms, and connected again. */
    stalls: sum(({ stalls }) => stalls),
  };
}

function countBy(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1;
  return counts;
}

/** Rounds to tenths. */
export function tenth(value: number): number {
  return Math.round(value * 10) / 10;
}

function versions(): Record<string, string> {
  const query = ['--show', '--showformat=${Version}'];
  const debian = (name: string) =>
    execFileSync('dpkg-query', [...query, name], { encoding: 'utf8' });
  return { pika: debian('python3-pika'), java: debian('librabbitmq-client-java') };
}
