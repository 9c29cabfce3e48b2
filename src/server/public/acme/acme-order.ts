// An order for a certificate at an ACME authority, over acme-client.

import { Agent } from 'node:https';
import { ChallengePort } from '../../../net/http/challenge-port.ts';
import type { AcmeSettings } from './acme-settings.ts';

/** Maximum time of a request, and of the whole order, milliseconds. */
const requestMs = 30_000;
const orderMs = 5 * 60_000;
const answerBytesMax = 1024 * 1024;
/** How often and how fast the state of an order is asked for. */
const backoff = { backoffAttempts: 20, backoffMin: 500, backoffMax: 10_000 };

/** What is ordered, and with which account. */
export interface AcmeOrder {
  readonly settings: AcmeSettings;
  /** The address on which challenges are answered. */
  readonly host: string;
  readonly names: readonly string[];
  /** PEM (PKCS #8). */
  readonly accountKey: string;
  readonly accountUrl: string | undefined;
  /** The key of the certificate, PEM (PKCS #8). */
  readonly privateKey: string;
  /** Called when the account is registered. */
  readonly registered: (accountUrl: string) => Promise<void>;
}

/**
 * Orders a certificate. The port for challenges is open meanwhile.
 *
 * @returns the chain, PEM
 */
export async function orderCertificate(order: AcmeOrder): Promise<string> {
  const port = new ChallengePort();
  await port.open(order.host, order.settings.httpPort);
  let timeout: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    const text = `the order took more than ${orderMs / 1000} s`;
    timeout = setTimeout(() => reject(new Error(text)), orderMs).unref();
  });
  try {
    return await Promise.race([place(order, port), late]);
  } finally {
    clearTimeout(timeout);
    port.close();
  }
}

async function place(order: AcmeOrder, port: ChallengePort): Promise<string> {
  const { settings, accountKey, accountUrl, names, privateKey, registered } = order;
  const { axios, Client, crypto } = await import('acme-client');
  Object.assign(axios.defaults, {
    httpsAgent: new Agent({ ca: settings.authorities, minVersion: 'TLSv1.2' }),
    proxy: false,
    maxRedirects: 0,
    maxContentLength: answerBytesMax,
    timeout: requestMs,
  });
  // The library repeats a request without an answer, and then fails without the reason. Failed orders are
  // repeated as a whole, later.
  axios.interceptors.response.clear();
  axios.interceptors.response.use(null, answered);
  const { directory: directoryUrl, email } = settings;
  const client = new Client({
    directoryUrl,
    accountKey,
    ...(accountUrl !== undefined && { accountUrl }),
    ...backoff,
  });
  if (accountUrl === undefined) {
    const contact = email === undefined ? {} : { contact: [`mailto:${email}`] };
    await client.createAccount({ termsOfServiceAgreed: true, ...contact });
    await registered(client.getAccountUrl());
  }
  const [, csr] = await crypto.createCsr({ altNames: [...names] }, privateKey);
  return client.auto({
    csr,
    termsOfServiceAgreed: true,
    challengePriority: ['http-01'],
    // The authority asks from outside; this machine may not reach itself by its public name.
    skipChallengeVerification: true,
    challengeCreateFn: async (authorization, { type, token }, answer) => {
      const { value } = authorization.identifier;
      if (type !== 'http-01') throw new Error(`no challenge over HTTP is offered for ${value}`);
      port.add(token, answer);
    },
    challengeRemoveFn: async () => {},
  });
}

/** A request that failed as the library has every request do, with or without an answer. */
interface FailedRequest {
  readonly message: string;
  readonly code?: string;
  readonly response?: { readonly status: number };
  readonly config?: { readonly retryValidateStatus?: ((status: number) => boolean) | null };
}

/** The answer, if its status is one that the caller takes. */
function answered(error: FailedRequest) {
  const { message, code = 'no answer', response, config } = error;
  // Without a message if each address of a name refuses the connection.
  if (response === undefined) throw new Error(message || code, { cause: error });
  const isTaken = config?.retryValidateStatus ?? (() => true);
  if (isTaken(response.status)) return response;
  throw new Error(`the authority answers with status ${response.status}`, { cause: error });
}
