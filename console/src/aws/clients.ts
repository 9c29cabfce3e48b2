// The clients of the service's APIs: those of AWS, which sign every call with the session.

import { notify } from '../notices.ts';
import { currentSession } from '../session/session.ts';

/** The settings that all clients share. */
interface ClientSettings {
  readonly endpoint: string;
  readonly region: string;
  readonly credentials: {
    readonly accessKeyId: string;
    readonly secretAccessKey: string;
    readonly sessionToken: string;
  };
  readonly maxAttempts: number;
}

/** A client with the stack of steps that its calls take. */
interface Client {
  readonly middlewareStack: {
    add(step: (next: (args: never) => Promise<unknown>) => unknown, options: object): void;
  };
}

const clients = new Map<unknown, unknown>();

/** @throws {Error} without a session */
export function clientSettings(): ClientSettings {
  const session = currentSession();
  if (session === undefined) throw new Error('You are not signed in.');
  const { accessKeyId, secretAccessKey, sessionToken, region } = session;
  const credentials = { accessKeyId, secretAccessKey, sessionToken };
  return { endpoint: location.origin, region, credentials, maxAttempts: 2 };
}

/** The client of a service for this session. */
export function clientOf<Type extends Client>(
  service: new (settings: ClientSettings) => Type,
): Type {
  const known = clients.get(service);
  if (known !== undefined) return known as Type;
  const made = new service(clientSettings());
  made.middlewareStack.add(tellOfSensitiveNames, { step: 'deserialize', priority: 'low' });
  clients.set(service, made);
  return made;
}

/** Forgets the clients, whose settings have the credentials of the session. */
export function forgetClients(): void {
  clients.clear();
}

/** The header with which the service warns of personal and secret data in names. */
export const sensitiveNamesHeader = 'x-waxwing-sensitive-names';

interface Received {
  readonly response?: { readonly headers?: Readonly<Record<string, string>> };
}

function tellOfSensitiveNames(next: (args: never) => Promise<unknown>) {
  return async (args: never) => {
    const result = (await next(args)) as Received;
    warnOfSensitiveNames(result.response?.headers?.[sensitiveNamesHeader]);
    return result;
  };
}

/** Shows the warning of the service about names. */
export function warnOfSensitiveNames(found: string | undefined): void {
  if (!found) return;
  notify(
    'warning',
    `The service found personal or secret data: ${found}. Names and tags are not encrypted with your key and appear in the trail; choose others.`,
  );
}
