// Command line options of the benchmarks.

import { homedir } from 'node:os';
import { join } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { type PeerName, peerNames, type ScenarioName, scenarioNames } from './results.ts';

/** The options of a run. */
export interface Options {
  readonly rounds: number;
  readonly seconds: number;
  readonly sizes: readonly number[];
  readonly only: readonly ScenarioName[];
  readonly peers: readonly PeerName[];
  readonly backlog: number;
  readonly node: string;
  readonly cacheFolder: string;
  readonly output: string;
  readonly write: boolean;
}

const usualPeers = 'waxwing,rabbitmq3,rabbitmq4,rabbitmq4-gocryptfs,lavinmq,lavinmq-gocryptfs';

/** Parses a number above 0. */
export function positive(text: string): number {
  const value = Number(text);
  if (!(value > 0)) throw new InvalidArgumentError(`found ${text}, but it must be above 0`);
  return value;
}

/** Parses a list of numbers above 0. */
export const sizes = (text: string) => text.split(',').map(positive);

/** Returns a parser of a list of names. */
export function namesOf<Name extends string>(allowed: readonly Name[]) {
  return (text: string): Name[] =>
    text.split(',').map((given) => {
      const name = allowed.find((one) => one === given);
      if (name !== undefined) return name;
      throw new InvalidArgumentError(`found ${given}, but only ${allowed.join(', ')} are there`);
    });
}

/** Parses the command line. `--quick` runs everything in a few minutes. */
export function readOptions(argv: readonly string[]): Options {
  const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'waxwing-bench');
  const command = new Command('bench')
    .description('Measures Waxwing, RabbitMQ and LavinMQ side by side.')
    .option('--rounds <n>', 'runs of each scenario against each broker', positive)
    .option('--seconds <n>', 'how long a run measures, after a warm-up of 2 s', positive)
    .option('--sizes <bytes>', 'sizes of bodies: 16,1024,16384', sizes)
    .option('--only <names>', `scenarios: ${scenarioNames.join()}`, namesOf(scenarioNames))
    .option('--peers <names>', 'brokers', namesOf(peerNames), namesOf(peerNames)(usualPeers))
    .option('--backlog <n>', 'messages of the backlog', positive)
    .option('--quick', 'one round of 2 s, 1 KiB, a backlog of 100,000')
    .option('--node <path>', 'the Node.js that runs Waxwing', process.execPath)
    .option('--cache <folder>', 'where Debian roots are kept and brokers store', cache)
    .option('--output <file>', 'where the results go (JSON)')
    .option('--write', 'write the tables into docs/performance.md too', false);
  const given = command.parse(argv).opts();
  const isQuick = given['quick'] === true;
  return {
    rounds: given['rounds'] ?? (isQuick ? 1 : 5),
    seconds: given['seconds'] ?? (isQuick ? 2 : 5),
    sizes: given['sizes'] ?? (isQuick ? [1024] : [16, 1024, 16384]),
    only: given['only'] ?? scenarioNames,
    peers: given['peers'],
    backlog: given['backlog'] ?? (isQuick ? 100_000 : 2_000_000),
    node: given['node'],
    cacheFolder: given['cache'],
    output: given['output'] ?? join(given['cache'], 'results', `${Date.now()}.json`),
    write: given['write'],
  };
}
