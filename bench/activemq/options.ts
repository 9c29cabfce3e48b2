// Command line options.

import { homedir } from 'node:os';
import { join } from 'node:path';
import { Command } from 'commander';
import { namesOf, positive, sizes } from '../options.ts';
import { type PeerName, peerNames, type ScenarioName, scenarioNames } from './results.ts';

/** The options of a run. */
export interface Options {
  readonly rounds: number;
  readonly seconds: number;
  /** The duration of the unmeasured run of each scenario, in which code is compiled. */
  readonly firstSeconds: number;
  readonly sizes: readonly number[];
  readonly connections: number;
  readonly only: readonly ScenarioName[];
  readonly peers: readonly PeerName[];
  readonly node: string;
  readonly cacheFolder: string;
  readonly output: string;
  readonly write: boolean;
}

/** Parses the command line. `--quick` runs everything in a few minutes. */
export function readOptions(argv: readonly string[]): Options {
  const cache = join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'waxwing-bench');
  const command = new Command('bench:activemq')
    .description("Measures a broker of ActiveMQ's type beside ActiveMQ, mosquitto and RabbitMQ.")
    .option('--rounds <n>', 'runs of each scenario against each broker', positive)
    .option('--seconds <n>', 'how long a run measures, after a warm-up of 2 s', positive)
    .option('--first-seconds <n>', 'how long the first, unmeasured run of a scenario is', positive)
    .option('--sizes <bytes>', 'sizes of bodies', sizes, [1024])
    .option('--connections <n>', 'idle connections', positive)
    .option('--only <names>', `scenarios: ${scenarioNames.join()}`, namesOf(scenarioNames))
    .option('--peers <names>', `brokers: ${peerNames.join()}`, namesOf(peerNames))
    .option('--quick', 'one round of 2 s, 100 idle connections')
    .option('--node <path>', 'the Node.js that runs Waxwing', process.execPath)
    .option('--cache <folder>', 'where Debian roots are kept and brokers store', cache)
    .option('--output <file>', 'where the results go (JSON)')
    .option('--write', 'write the tables into docs/performance.md too', false);
  const given = command.parse(argv).opts();
  const isQuick = given['quick'] === true;
  return {
    rounds: given['rounds'] ?? (isQuick ? 1 : 5),
    seconds: given['seconds'] ?? (isQuick ? 2 : 5),
    firstSeconds: given['firstSeconds'] ?? (isQuick ? 2 : 10),
    sizes: given['sizes'],
    connections: given['connections'] ?? (isQuick ? 100 : 1000),
    only: given['only'] ?? scenarioNames,
    peers: given['peers'] ?? peerNames,
    node: given['node'],
    cacheFolder: given['cache'],
    output: given['output'] ?? join(given['cache'], 'results', `activemq-${Date.now()}.json`),
    write: given['write'],
  };
}
