// AMQP URIs of shovels and federation upstreams.

import { BrokerError } from '../../errors.ts';
import type { JsonValue } from '../model.ts';

/** An AMQP URI. */
export interface AmqpUri {
  /** The text without user name, password and query, for status pages and logs. */
  readonly shown: string;
  /** Undefined for a connection to this broker itself, without a socket. */
  readonly endpoint: AmqpEndpoint | undefined;
  readonly username: string;
  readonly password: string;
  readonly vhost: string;
  /** Seconds; undefined for what the server offers. */
  readonly heartbeatSeconds: number | undefined;
  /** Milliseconds until the connection must be open; undefined for the default. */
  readonly timeoutMs: number | undefined;
  readonly channelMax: number | undefined;
}

/** A server that a URI names. */
export interface AmqpEndpoint {
  readonly host: string;
  readonly port: number;
  readonly isTls: boolean;
  /** The name in the server's certificate, if it is not the host. */
  readonly serverName: string | undefined;
}

/** The password of a URI in answers and logs. */
const maskedPassword = '***';

/** Maximum length of a URI, characters. */
const lengthMax = 2048;

const form =
  /^(amqps?):\/\/(?:([^@/?#]*)@)?(\[[0-9a-fA-F:.]+\]|[^:@/?#[\]]*)(?::(\d{1,5}))?(?:\/([^/?#]*))?(?:\?([^#]*))?$/;

/** Settings of the query that other clients have, which are not supported, with the reason. */
const unsupported: Readonly<Record<string, string>> = {
  cacertfile: 'files cannot be named; the service trusts authorities of --shovel-ca-file',
  certfile: 'client certificates are not supported',
  keyfile: 'client certificates are not supported',
  password: 'client certificates are not supported',
};

/**
 * Reads an AMQP URI, such as `amqps://user:password@host:5671/vhost?heartbeat=10`. Without a host, it
 * means this broker. Commands of an operator may use plaintext within the machine; see
 * {@link parseShovelUri} for shovels.
 *
 * @throws {BrokerError} `precondition-failed` for text that is no AMQP URI, for plaintext to another
 *   machine, and for settings that are not supported. The text contains no password
 */
export function parseAmqpUri(text: string): AmqpUri {
  if (text.length > lengthMax) {
    throw invalid(`a URI has ${text.length} characters; ${lengthMax} are allowed`);
  }
  const found = form.exec(text);
  if (found === null)
    throw invalid('a value is no AMQP URI: amqps://user:password@host:port/vhost');
  const [, scheme = '', userInfo, host = '', port, path, queryText = ''] = found;
  const query = new URLSearchParams(queryText);
  const { username, password } = readUser(userInfo, host);
  const vhost = path === undefined || path === '' ? '/' : decoded(path);
  const shown = `${scheme}://${host}${port === undefined ? '' : `:${port}`}${path === undefined ? '' : `/${path}`}`;
  checkQuery(query);
  return {
    shown,
    endpoint: host === '' ? undefined : endpointOf(scheme, host, port, query, shown),
    username,
    password,
    vhost,
    heartbeatSeconds: numberIn(query, 'heartbeat', 65_535),
    timeoutMs: numberIn(query, 'connection_timeout', 600_000),
    channelMax: numberIn(query, 'channel_max', 65_535),
  };
}

/**
 * Reads a URI of a shovel, which uses TLS to every machine, this one included.
 *
 * @throws {BrokerError} `precondition-failed`, including for a connection without TLS
 */
export function parseShovelUri(text: string): AmqpUri {
  const found = parseAmqpUri(text);
  if (found.endpoint?.isTls !== false) return found;
  throw invalid(`${found.shown} is not encrypted; shovels use amqps:// only`);
}

function readUser(userInfo: string | undefined, host: string) {
  if (host === '' && userInfo !== undefined) {
    const allowed = 'a URI without a host connects to this broker itself, without a user';
    throw invalid(`a URI has a user and no host; ${allowed}`);
  }
  if (userInfo === undefined) return { username: 'guest', password: 'guest' };
  const colon = userInfo.indexOf(':');
  if (colon < 0) return { username: decoded(userInfo), password: '' };
  return {
    username: decoded(userInfo.slice(0, colon)),
    password: decoded(userInfo.slice(colon + 1)),
  };
}

function endpointOf(
  scheme: string,
  host: string,
  port: string | undefined,
  query: URLSearchParams,
  shown: string,
): AmqpEndpoint {
  const name = host.replace(/^\[|\]$/g, '');
  const isTls = scheme === 'amqps';
  if (!isTls) requirePlaintextAllowed(name, query, shown);
  const number = Number(port ?? (isTls ? 5671 : 5672));
  if (number < 1 || number > 65_535) throw invalid(`port ${number} of ${shown} is not 1 to 65535`);
  const serverName = query.get('server_name_indication') ?? undefined;
  return { host: name, port: number, isTls, serverName };
}

/** Whether a host name is one of this machine. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

/** Plaintext does not leave the machine, and nobody uses it by mistake. */
function requirePlaintextAllowed(host: string, query: URLSearchParams, shown: string): void {
  if (!isLoopback(host)) {
    throw invalid(`${shown} is not encrypted; only amqps:// is allowed to other machines`);
  }
  if (query.get('plaintext') === 'true') return;
  throw invalid(`${shown} is not encrypted; add ?plaintext=true to use it on this machine`);
}

function checkQuery(query: URLSearchParams): void {
  for (const [name, why] of Object.entries(unsupported)) {
    if (query.has(name)) throw invalid(`the setting '${name}' of a URI: ${why}`);
  }
  const verify = query.get('verify') ?? 'verify_peer';
  if (verify !== 'verify_peer') {
    throw invalid("the setting 'verify' of a URI must be verify_peer: certificates are verified");
  }
  for (const mechanism of query.getAll('auth_mechanism')) {
    if (mechanism.toLowerCase() === 'plain') continue;
    throw invalid("the setting 'auth_mechanism' of a URI must be plain");
  }
}

function numberIn(query: URLSearchParams, name: string, max: number): number | undefined {
  const text = query.get(name);
  if (text === null) return undefined;
  if (/^\d{1,9}$/.test(text) && Number(text) <= max) return Number(text);
  throw invalid(`the setting '${name}' of a URI must be a whole number from 0 to ${max}`);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw invalid('a URI contains a % that is not followed by two hexadecimal digits');
  }
}

function invalid(text: string): BrokerError {
  return new BrokerError('precondition-failed', text);
}

/** The part of a URI before its password, and that after it. */
const secretParts = /^([a-z][a-z0-9+.-]*:\/\/[^:@]*:)(.*)(@[^@]*)$/is;

/** A text without the password that it contains if it is a URI. */
export function maskUri(text: string): string {
  const found = secretParts.exec(text);
  return found === null ? text : `${found[1]}${maskedPassword}${found[3]}`;
}

/** A value of a parameter with the passwords of all URIs masked. */
export function maskUris(value: JsonValue): JsonValue {
  return mapTexts(value, maskUri);
}

/**
 * A value of a parameter in which each masked password is replaced by the stored one of the same URI,
 * so that a value that was read can be written again.
 */
export function unmaskUris(value: JsonValue, stored: JsonValue | undefined): JsonValue {
  if (stored === undefined) return value;
  const known = new Map<string, string>();
  mapTexts(stored, (text) => {
    known.set(maskUri(text), text);
    return text;
  });
  return mapTexts(value, (text) => (hasMaskedPassword(text) ? (known.get(text) ?? text) : text));
}

function hasMaskedPassword(text: string): boolean {
  return secretParts.exec(text)?.[2] === maskedPassword;
}

/** Whether a URI in a value of a parameter has a masked password. */
export function hasMasked(value: JsonValue): boolean {
  if (typeof value === 'string') return hasMaskedPassword(value);
  if (value === null || typeof value !== 'object') return false;
  return Object.values(value).some(hasMasked);
}

function mapTexts(value: JsonValue, change: (text: string) => string): JsonValue {
  if (typeof value === 'string') return change(value);
  if (value === null || typeof value !== 'object') return value;
  if (isList(value)) return value.map((each) => mapTexts(each, change));
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => [name, mapTexts(each, change)]),
  );
}

function isList(value: object): value is readonly JsonValue[] {
  return Array.isArray(value);
}
