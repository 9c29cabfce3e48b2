// The checks of `waxwing doctor` on engines of others and on encrypted volumes for them.

import { WaxwingError } from '../../base/errors.ts';
import { findActiveMq } from '../../engines/installed/activemq.ts';
import { findRabbitMq } from '../../engines/installed/rabbitmq.ts';
import { volumeBackends } from '../../volumes/capabilities.ts';
import { type Finding, ok } from './finding.ts';

/**
 * Which engines of others are installed, and whether their volumes can be encrypted. A service needs
 * none of them.
 */
export async function checkEngines(): Promise<Finding[]> {
  const backends = await volumeBackends();
  const shown = backends.map(({ name, version, problem }) => {
    const what = problem ?? 'can encrypt the volumes of installed engines';
    return ok('volumes', `${name}${version === undefined ? '' : ` ${version}`}: ${what}`);
  });
  return [await attempt('RabbitMQ', rabbitMq), await attempt('ActiveMQ', activeMq), ...shown];
}

async function rabbitMq(): Promise<string> {
  const { home, version, erlang } = await findRabbitMq(undefined, process.env);
  return `version ${version} in ${home}, Erlang ${erlang.release}`;
}

async function activeMq(): Promise<string> {
  const { home, version, java, transports } = await findActiveMq(undefined, process.env);
  const secure = [...transports].filter((name) => /^(?:[a-z0-9]+\+)?ssl$|^wss$/.test(name)).sort();
  return `version ${version} in ${home}, Java ${java.version}, transports ${secure.join(', ')}`;
}

async function attempt(about: string, find: () => Promise<string>): Promise<Finding> {
  try {
    return ok(about, await find());
  } catch (error) {
    if (!(error instanceof WaxwingError)) throw error;
    return {
      about,
      level: error.code === 'engine-not-found' ? 'ok' : 'warning',
      what: error.message,
    };
  }
}
