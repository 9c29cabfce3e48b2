// The results of benchmarks.

import type { Machine } from './machine.ts';

/** The scenarios, by their names for `--only`. docs/performance.md describes them. */
export const scenarioNames = [
  'S1',
  'S2',
  'S3',
  'S4',
  'S5',
  'S6',
  'S9',
  'stream',
  'queues',
  'latency',
  'idle',
  'start',
  'create',
] as const;
export type ScenarioName = (typeof scenarioNames)[number];

/** The brokers that can be measured. */
export const peerNames = [
  'waxwing',
  'rabbitmq3',
  'rabbitmq4',
  'rabbitmq3-gocryptfs',
  'rabbitmq4-gocryptfs',
  'lavinmq',
  'lavinmq-gocryptfs',
] as const;
export type PeerName = (typeof peerNames)[number];

/** The figures, whose names end with the unit. A message counts once, when it is consumed. */
export type FigureName =
  | 'messagesPerSecond'
  | 'messagesPerCpuSecond'
  | 'confirmP50Ms'
  | 'confirmP99Ms'
  | 'endToEndP50Ms'
  | 'endToEndP99Ms'
  | 'rssMaxKiB'
  | 'serverCpuSeconds'
  | 'loadCpuSeconds'
  | 'otherCpuSeconds'
  | 'stolenSeconds'
  | 'gaps'
  | 'redelivered'
  | 'refused'
  | 'connectionsPerSecond'
  | 'connectionsPerCpuSecond'
  | 'idleConnectionKiB'
  | 'idleRssKiB'
  | 'idleBrokerRssKiB'
  | 'startMs'
  | 'startCpuSeconds'
  | 'freshStartMs'
  | 'createMs'
  | 'overwriteP50Ms'
  | 'overwriteP99Ms'
  | 'appendP50Ms'
  | 'appendP99Ms'
  | 'publishedPerSecond'
  | 'publishedPerCpuSecond'
  | 'publishRateKept'
  | 'publishRssMaxKiB'
  | 'backlogRssKiB'
  | 'backlogPssKiB'
  /** Memory in which the pages of programs count once, see `SharedMemory`. */
  | 'backlogOnceKiB'
  | 'backlogMessages'
  | 'diskPerBody'
  | 'diskAfterDrainMiB'
  | 'drainedPerSecond'
  | 'drainedPerCpuSecond'
  | 'restartMs'
  | 'perSecondOf100'
  | 'perSecondOf1000'
  | 'perCpuSecondOf100'
  | 'perCpuSecondOf1000'
  /** Messages per CPU second with this number of queues, divided by those with one queue. */
  | 'keptOf100'
  | 'keptOf1000';

export type Figures = Partial<Record<FigureName, number>>;

/**
 * One run of a scenario with a broker. `disk` stands for the disk alone. Benchmarks with scenarios
 * and brokers of their own name them as type arguments.
 */
export interface Measurement<
  Scenario extends string = ScenarioName,
  Peer extends string = PeerName | 'disk',
> {
  readonly scenario: Scenario;
  readonly peer: Peer;
  /** 0 if there are no messages. */
  readonly bodyBytes: number;
  /** The runs of a round are seconds apart. Ratios are calculated within a round. */
  readonly round: number;
  readonly figures: Figures;
}

/** The results of one `npm run bench`. */
export interface Results {
  readonly startedAt: string;
  readonly machine: Machine;
  readonly rounds: number;
  readonly seconds: number;
  /** The versions of the measured brokers. */
  readonly versions: Partial<Record<PeerName, string>>;
  /** Requested brokers that could not be started, with the reason. */
  readonly leftOut: Partial<Record<PeerName, string>>;
  readonly measurements: Measurement[];
}
