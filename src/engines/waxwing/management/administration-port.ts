// The HTTPS port of a broker: the management API or the console.

import type { LogCategory } from '../../../control/engine.ts';
import type { AdministrationPort } from '../listener-specs.ts';
import type { StartMessage } from '../messages.ts';
import { ManagementPort, type ManagementPortOptions } from './management-port.ts';

/** Creates the management API of a broker of RabbitMQ's type, or the console of one of ActiveMQ's. */
export async function administrationPort(
  { activeMq, users }: Pick<StartMessage, 'activeMq' | 'users'>,
  port: ManagementPortOptions,
  log: (level: 'info', line: string, category: LogCategory) => void,
): Promise<AdministrationPort> {
  if (activeMq === undefined) return new ManagementPort(port);
  const { ConsolePort } = await import('../console/console-port.ts');
  const permitted = users.filter((user) => user.consoleAccess === true);
  const consoleUsers = new Set(permitted.map(({ username }) => username));
  return new ConsolePort({ ...port, consoleUsers, audit: (line) => log('info', line, 'audit') });
}
