// A connection to a directory.

import { isIP } from 'node:net';
import { connect, type TLSSocket } from 'node:tls';
import { Client, type Entry, ResultCodeError, SASL_MECHANISMS } from 'ldapts';
import { printable } from '../base/byte-text.ts';
import type { Clock } from '../base/clock.ts';
import { LdapError } from './errors.ts';
import type { DirectoryLimits, DirectorySettings } from './settings.ts';

/** Maximum length of the reason in an error text, characters. */
const reasonLengthMax = 200;

/** Result codes of a bind that say nothing about the password (RFC 4511, appendix A): busy, unavailable. */
const unavailableCodes = new Set([51, 52]);

/** The result code for a base that does not exist. */
const noSuchObject = 32;

/** Number of entries in a page of a complete search. */
const pageSize = 250;

/** Names that the library takes for mechanisms instead of entries. */
const mechanisms: readonly string[] = SASL_MECHANISMS;

/** What a connection needs to know. */
export type ConnectionSettings = Pick<DirectorySettings, 'port' | 'authorities' | 'serviceAccount'>;

/** A search request. */
export interface SearchRequest {
  readonly base: string;
  readonly scope: 'base' | 'one' | 'sub';
  readonly filter: string;
  readonly attributes: readonly string[];
  /** Maximum number of entries. If there are more, so many are returned. */
  readonly entryCountMax: number;
  /**
   * Whether all entries are asked for, in pages, so that a smaller limit of the server is an error. Without
   * it, fewer entries are returned.
   */
  readonly isComplete?: boolean;
  /** Whether a base that does not exist is not an error. */
  readonly mayBeMissing?: boolean;
}

/**
 * A TLS connection to one host of a directory, on which the service account has logged in. It ends
 * after a fixed time, and after a fixed number of received bytes. It is never opened again: requests
 * on a lost connection fail.
 */
export class DirectoryConnection {
  readonly #host: string;
  readonly #client: Client;
  #socket: TLSSocket | undefined = undefined;
  /** Why this side ended the connection. */
  #ended: string | undefined = undefined;

  private constructor(
    host: string,
    { port, authorities }: ConnectionSettings,
    limits: DirectoryLimits,
    clock: Clock,
  ) {
    this.#host = `${host}:${port}`;
    const open = (portNumber: number, name: string, options: object): TLSSocket => {
      // The library would connect again, but not log in again: it would search as nobody.
      if (this.#socket !== undefined) throw new Error('the connection was lost');
      const server = isIP(name) === 0 ? { servername: name } : {};
      const socket = connect(portNumber, name, { ...options, ...server });
      this.#socket = socket;
      this.#limit(socket, limits, clock);
      return socket;
    };
    this.#client = new Client({
      url: `ldaps://${host}:${port}`,
      tlsOptions: {
        ...(authorities !== null && { ca: authorities }),
        minVersion: 'TLSv1.2',
        rejectUnauthorized: true,
      },
      createSecureConnection: open as typeof connect, // it is only called in this way
    });
  }

  /**
   * Connects to a host and logs in as the service account.
   *
   * @throws {LdapError} `host-unavailable`, `request-refused`
   */
  static async open(
    host: string,
    settings: ConnectionSettings,
    limits: DirectoryLimits,
    clock: Clock,
  ): Promise<DirectoryConnection> {
    const connection = new DirectoryConnection(host, settings, limits, clock);
    const { name, password } = settings.serviceAccount;
    try {
      if (!(await connection.bind(name, password))) {
        throw connection.#error('request-refused', 'it refused the service account');
      }
      return connection;
    } catch (error) {
      connection.close();
      throw error;
    }
  }

  #limit(socket: TLSSocket, limits: DirectoryLimits, clock: Clock): void {
    const { hostTimeoutMs, receivedBytesMax, receivedPieceCountMax } = limits;
    const end = (why: string) => {
      this.#ended ??= why;
      socket.destroy(new Error(why));
    };
    const timer = clock.setTimeout(
      () => end(`no answer within ${hostTimeoutMs} ms`),
      hostTimeoutMs,
    );
    let sizeBytes = 0;
    let pieceCount = 0;
    socket.on('data', (bytes: Buffer) => {
      sizeBytes += bytes.length;
      pieceCount++;
      if (sizeBytes > receivedBytesMax || pieceCount > receivedPieceCountMax) {
        end(
          `answers of more than ${receivedBytesMax} bytes, or in more than ${receivedPieceCountMax} pieces`,
        );
      }
    });
    socket.once('close', () => timer.clear());
  }

  /**
   * Logs in with a password. All further requests are made with this log-in.
   *
   * @param name the distinguished name of an entry
   * @param password must not be empty: servers accept an empty one without a check (RFC 4513, 5.1.2)
   * @returns whether the directory accepted it
   * @throws {LdapError} `host-unavailable`
   */
  async bind(name: string, password: string): Promise<boolean> {
    if (name === '' || password === '' || mechanisms.includes(name)) return false;
    try {
      await this.#client.bind(name, password);
      return true;
    } catch (error) {
      if (error instanceof ResultCodeError && !unavailableCodes.has(error.code)) return false;
      throw this.#unavailable(error);
    }
  }

  /**
   * Searches for entries.
   *
   * @throws {LdapError} `host-unavailable`, `request-refused`
   */
  async search(request: SearchRequest): Promise<Entry[]> {
    const { base, scope, filter, attributes, entryCountMax } = request;
    try {
      const { searchEntries } = await this.#client.search(base, {
        scope,
        filter,
        // Without attributes, all would be returned. `1.1` stands for none (RFC 4511, 4.5.1.8).
        attributes: attributes.length === 0 ? ['1.1'] : [...attributes],
        ...(request.isComplete === true ? { paged: { pageSize } } : { sizeLimit: entryCountMax }),
      });
      return searchEntries.slice(0, entryCountMax);
    } catch (error) {
      if (!(error instanceof ResultCodeError)) throw this.#unavailable(error);
      if (error.code === noSuchObject && request.mayBeMissing === true) return [];
      if (unavailableCodes.has(error.code)) throw this.#unavailable(error);
      throw this.#error('request-refused', `it refused a search with code ${error.code}`, error);
    }
  }

  /** Closes the connection. */
  close(): void {
    // The time limit also applies to this request.
    this.#client.unbind().catch(() => this.#socket?.destroy());
  }

  #unavailable(error: unknown): LdapError {
    const found = error instanceof Error ? (error.message.split('\n').at(-1) ?? '') : String(error);
    const why = this.#ended ?? printable(found).slice(0, reasonLengthMax);
    return this.#error('host-unavailable', why, error);
  }

  #error(code: LdapError['code'], why: string, cause?: unknown): LdapError {
    return new LdapError(code, `LDAP server ${this.#host}: ${why}`, { cause });
  }
}

/** Returns the values of an attribute, whose name is not case-sensitive. */
export function valuesOf(entry: Entry, attribute: string): string[] {
  const wanted = attribute.toLowerCase();
  return Object.entries(entry).flatMap(([name, values]) => {
    if (name === 'dn' || name.toLowerCase() !== wanted) return [];
    return [values].flat().filter((value) => typeof value === 'string');
  });
}
