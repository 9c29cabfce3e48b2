import type { Machine } from './machine.ts';

/** The scenarios, by the names that `--only` takes; docs/performance.md says what each does. */
export const scenarioNames = [
  'S1',
  'S2',
  'S3',
  'S4',
  'S5',
  'S6',
  'S9',
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

/** What is measured; units come last. A message counts once, when it is consumed. */
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
  /** Messages per CPU-second over so many queues, over those with one queue. */
  | 'keptOf100'
  | 'keptOf1000';

export type Figures = Partial<Record<FigureName, number>>;

/** One run of one scenario against one broker. `disk` stands for the disk alone. */
export interface Measurement {
  readonly scenario: ScenarioName;
  readonly peer: PeerName | 'disk';
  /** 0 where no message is involved. */
  readonly bodyBytes: number;
  /** Runs of one round lie seconds apart: ratios are taken within a round. */
  readonly round: number;
  readonly figures: Figures;
}

/** Everything that one `npm run bench` found out. */
export interface Results {
  readonly startedAt: string;
  readonly machine: Machine;
  readonly rounds: number;
  readonly seconds: number;
  /** The versions of what was measured. */
  readonly versions: Partial<Record<PeerName, string>>;
  /** Brokers that were asked for and could not be started, with the reason. */
  readonly leftOut: Partial<Record<PeerName, string>>;
  readonly measurements: Measurement[];
}
