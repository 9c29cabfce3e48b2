// Plays the scenarios to Waxwing and to Debian's ActiveMQ.

import { join } from 'node:path';
import { ActiveMqHost } from '../../support/activemq-host.ts';
import { JavaProgram } from '../../support/java-programs.ts';
import { RealActiveMq } from '../../support/real-activemq.ts';
import { type Answers, parseOutput } from './answers.ts';

const folder = join(import.meta.dirname, '../../../../tests/interop/comparison');

/** The recorded answers. */
export const answersFile: string = join(folder, 'activemq-5.17.txt');

/** Compiles the scenarios. Returns in one sentence why that is not possible. */
export function compileScenarios(): Promise<JavaProgram | string> {
  return JavaProgram.compile(folder, 'Compare');
}

/** The policy of a topic whose consumers may have a number of messages waiting. */
function policyOf(topic: string, limit: number, strategy: string, inside = ''): string {
  return `<policyEntry topic="${topic}" advisoryForDiscardingMessages="true">
    <pendingMessageLimitStrategy><constantPendingMessageLimitStrategy limit="${limit}"/></pendingMessageLimitStrategy>
    <messageEvictionStrategy><${strategy}/></messageEvictionStrategy>${inside}
  </policyEntry>`;
}

const deadLetters =
  '<deadLetterStrategy><sharedDeadLetterStrategy><deadLetterQueue><queue physicalName="evict.dead"/></deadLetterQueue></sharedDeadLetterStrategy></deadLetterStrategy>';

const recovery = (policy: string) =>
  `<subscriptionRecoveryPolicy><${policy}/></subscriptionRecoveryPolicy>`;

/** What is configured in both brokers. Only the scenarios about policies use these destinations. */
const configuration = `<destinationPolicy><policyMap><policyEntries>
  ${policyOf('evict.oldest', 3, 'oldestMessageEvictionStrategy')}
  ${policyOf('evict.priority', 3, 'oldestMessageWithLowestPriorityEvictionStrategy')}
  ${policyOf('evict.value', 3, 'uniquePropertyMessageEvictionStrategy propertyName="key"')}
  ${policyOf('evict.watermark', 10, 'oldestMessageEvictionStrategy evictExpiredMessagesHighWatermark="2"', deadLetters)}
  <policyEntry topic="policy.last">${recovery('lastImageSubscriptionRecoveryPolicy')}</policyEntry>
  <policyEntry topic="policy.count">${recovery('fixedCountSubscriptionRecoveryPolicy maximumSize="3"')}</policyEntry>
  <policyEntry queue="policy.dead"><deadLetterStrategy>
    <individualDeadLetterStrategy queuePrefix="DEAD." queueSuffix=".END" processNonPersistent="true" processExpired="false"/>
  </deadLetterStrategy></policyEntry>
  <policyEntry topic="policy.durable">${deadLetters.replace('evict.dead', 'policy.shared')}</policyEntry>
</policyEntries></policyMap></destinationPolicy>`;

interface Ports {
  readonly openwire: number;
  readonly stomp: number;
}

async function play(
  java: JavaProgram,
  { openwire, stomp }: Ports,
  only: readonly string[],
): Promise<Answers> {
  const lines = await java.run(only, {
    BROKER_URL: `ssl://localhost:${openwire}`,
    STOMP_PORT: String(stomp),
    BROKER_USER: 'bob',
    BROKER_PASSWORD: 'a long password',
  });
  return parseOutput(lines);
}

/** Plays the scenarios to Waxwing. `only` holds a prefix of their names at most. */
export async function playToWaxwing(java: JavaProgram, only: readonly string[]): Promise<Answers> {
  const host = await ActiveMqHost.start(configuration);
  try {
    await java.trust(host.caFile);
    const ports = { openwire: host.portOf('openwire+ssl'), stomp: host.portOf('stomp+ssl') };
    return await play(java, ports, only);
  } finally {
    await host.close();
  }
}

/** Plays the scenarios to Debian's ActiveMQ. Returns in one sentence why that is not possible. */
export async function playToActiveMq(
  java: JavaProgram,
  only: readonly string[],
): Promise<Answers | string> {
  const real = await RealActiveMq.start(configuration);
  if (typeof real === 'string') return real;
  try {
    await java.trust(real.caFile);
    return await play(java, { openwire: real.openwirePort, stomp: real.stompPort }, only);
  } finally {
    await real.stop();
  }
}
