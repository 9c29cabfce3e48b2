// Plays the scenarios to Waxwing and to Debian's ActiveMQ.

import { join } from 'node:path';
import { ActiveMqHost } from '../../support/activemq-host.ts';
import { JavaProgram } from '../../support/java-programs.ts';
import { RealActiveMq } from '../../support/real-activemq.ts';
import { type Answers, parseOutput } from './answers.ts';
import { type Setting, settings } from './settings.ts';

const folder = join(import.meta.dirname, '../../../../tests/interop/comparison');

/** The recorded answers. */
export const answersFile: string = join(folder, 'activemq-5.17.txt');

/** Compiles the scenarios. Returns in one sentence why that is not possible. */
export function compileScenarios(): Promise<JavaProgram | string> {
  return JavaProgram.compile(folder, 'Compare');
}

interface Ports {
  readonly openwire: number;
  readonly stomp: number;
}

/** A running broker of either kind. */
interface Played {
  readonly ports: () => Ports;
  restart(): Promise<void>;
}

/** Plays the scenarios of a setting. `only` is the beginning of their names. */
async function play(
  java: JavaProgram,
  setting: Setting,
  broker: Played,
  only: string,
): Promise<Answers> {
  const answers = new Map<string, readonly string[]>();
  for (const [at, table] of setting.tables.entries()) {
    if (at > 0) await broker.restart();
    const { openwire, stomp } = broker.ports();
    const lines = await java.run([table, only], {
      BROKER_URL: `ssl://localhost:${openwire}`,
      STOMP_PORT: String(stomp),
      BROKER_USER: 'bob',
      BROKER_PASSWORD: 'a long password',
    });
    for (const [scenario, found] of parseOutput(lines)) answers.set(scenario, found);
  }
  return answers;
}

/** Plays the scenarios of a setting to Waxwing. */
async function playOne(java: JavaProgram, setting: Setting, only: string): Promise<Answers> {
  const { attributes, inside, plugins, usageFlags, users, storage } = setting;
  const usage = `<systemUsage><systemUsage ${usageFlags}/></systemUsage>`;
  const text = `${inside}<plugins>${plugins}</plugins>${usage}`;
  const hostUsers = Object.entries(users).map(([username, group]) => ({
    username,
    groups: [group],
  }));
  const host = await ActiveMqHost.start(text, hostUsers, {
    attributes,
    ...(storage === undefined ? {} : { storage }),
  });
  try {
    await java.trust(host.caFile);
    const ports = () => ({
      openwire: host.portOf('openwire+ssl'),
      stomp: host.portOf('stomp+ssl'),
    });
    return await play(java, setting, { ports, restart: () => host.restart() }, only);
  } finally {
    await host.close();
  }
}

/** Plays the scenarios of a setting to Debian's ActiveMQ. */
async function playOneToActiveMq(
  java: JavaProgram,
  setting: Setting,
  only: string,
): Promise<Answers | string> {
  const { attributes, inside, plugins, usageFlags, users, storage } = setting;
  const limits =
    storage === undefined
      ? ''
      : `<storeUsage><storeUsage limit="${storage.storeBytesMax}"/></storeUsage>
        <tempUsage><tempUsage limit="${storage.tempBytesMax}"/></tempUsage>`;
  const real = await RealActiveMq.start(inside, {
    attributes,
    plugins,
    hasJmx: plugins.includes('statisticsBrokerPlugin'),
    systemUsage: `<systemUsage><systemUsage ${usageFlags}>${limits}</systemUsage></systemUsage>`,
    users,
    ...(storage === undefined ? {} : { store: 'journalMaxFileLength="1mb"' }),
  });
  if (typeof real === 'string') return real;
  try {
    await java.trust(real.caFile);
    const ports = () => ({ openwire: real.openwirePort, stomp: real.stompPort });
    return await play(java, setting, { ports, restart: () => real.restart() }, only);
  } finally {
    await real.stop();
  }
}

/** The settings with scenarios whose names begin in a way. */
function settingsOf(only: string): readonly Setting[] {
  return settings.filter(({ prefixes }) =>
    prefixes.some((prefix) => prefix.startsWith(only) || only.startsWith(prefix)),
  );
}

/** Plays the scenarios to Waxwing. `only` is the beginning of their names. */
export async function playToWaxwing(java: JavaProgram, only = ''): Promise<Answers> {
  const answers: [string, readonly string[]][] = [];
  for (const setting of settingsOf(only)) answers.push(...(await playOne(java, setting, only)));
  return new Map(answers);
}

/** Plays the scenarios to Debian's ActiveMQ. Returns in one sentence why that is not possible. */
export async function playToActiveMq(java: JavaProgram, only = ''): Promise<Answers | string> {
  const answers: [string, readonly string[]][] = [];
  for (const setting of settingsOf(only)) {
    const played = await playOneToActiveMq(java, setting, only);
    if (typeof played === 'string') return played;
    answers.push(...played);
  }
  return new Map(answers);
}
