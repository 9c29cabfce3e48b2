// Keys of brokers that are in a KMS outside of this service.

import type { Clock } from '../../base/clock.ts';
import type { Random } from '../../base/random.ts';
import { Circuit } from './circuit.ts';
import {
  type RemoteAnswer,
  type RemoteKmsClient,
  RemoteKmsRefusal,
  RemoteKmsUnreachable,
  type RemoteOperation,
} from './remote-kms-client.ts';

/** Until KMS applies a new grant everywhere, calls carry its token. Milliseconds. */
const tokenMs = 5 * 60_000;
/** Maximum number of tokens of a call. */
const tokensMax = 10;

/** The operations that a grant may have to allow. */
const grantedOperations: readonly RemoteOperation[] = [
  'Decrypt',
  'DescribeKey',
  'GenerateDataKeyWithoutPlaintext',
];

/** The parts of {@link RemoteKms}. */
export interface RemoteKmsParts {
  readonly client: Pick<RemoteKmsClient, 'call' | 'url' | 'close'>;
  /** The region of the keys. */
  readonly region: string;
  /** The principal that this service is there: the grantee of its grants. */
  readonly principal: string;
  readonly clock: Clock;
  readonly random: Random;
}

interface Token {
  readonly token: string;
  /** Monotonic time. */
  readonly untilMs: number;
}

/** A KMS outside of this service. */
export class RemoteKms {
  readonly principal: string;
  readonly #parts: RemoteKmsParts;
  readonly #circuit: Circuit;
  /** By key ARN. */
  readonly #tokens = new Map<string, readonly Token[]>();

  constructor(parts: RemoteKmsParts) {
    this.#parts = parts;
    this.principal = parts.principal;
    this.#circuit = new Circuit(parts.clock, parts.random);
  }

  /** The URL of the endpoint. */
  get url(): string {
    return this.#parts.client.url;
  }

  /** Whether a text is the ARN of a key in the region of the remote KMS. */
  hasKey(named: string): boolean {
    const [, region] =
      /^arn:aws(?:-[a-z]+)*:kms:([a-z0-9-]+):\d{12}:key\/[\w-]+$/.exec(named) ?? [];
    return region === this.#parts.region;
  }

  /**
   * Runs something that calls {@link call}, when it is its turn. Nothing is run, and therefore
   * nothing recorded, while the remote KMS is known to be away.
   *
   * @throws {RemoteKmsUnreachable}
   */
  admitted<T>(run: () => Promise<T>): Promise<T> {
    return this.#circuit.run(run);
  }

  /**
   * Makes one call.
   *
   * @throws {RemoteKmsRefusal} with the error code of KMS
   * @throws {RemoteKmsUnreachable}
   */
  async call(
    operation: RemoteOperation,
    input: { readonly KeyId: string } & object,
  ): Promise<RemoteAnswer> {
    const tokens = grantedOperations.includes(operation) ? this.#tokensOf(input.KeyId) : [];
    try {
      const answer = await this.#send(operation, withTokens(input, tokens));
      if (operation === 'CreateGrant') this.#keepToken(input.KeyId, answer.output['GrantToken']);
      return answer;
    } catch (error) {
      const isOfToken =
        error instanceof RemoteKmsRefusal && error.code === 'InvalidGrantTokenException';
      if (!isOfToken || tokens.length === 0) throw error;
      // The grant of a token was revoked. Other grants may allow the call.
      this.#tokens.delete(input.KeyId);
      return await this.#send(operation, input);
    }
  }

  async #send(operation: RemoteOperation, input: object): Promise<RemoteAnswer> {
    try {
      const answer = await this.#parts.client.call(operation, input);
      this.#circuit.succeeded();
      return answer;
    } catch (error) {
      if (error instanceof RemoteKmsRefusal) this.#circuit.succeeded();
      else this.#circuit.failed(error instanceof Error ? error.message : String(error));
      throw error;
    }
  }

  #tokensOf(keyArn: string): readonly string[] {
    const nowMs = this.#parts.clock.monotonicMs();
    const tokens = (this.#tokens.get(keyArn) ?? []).filter(({ untilMs }) => untilMs > nowMs);
    if (tokens.length === 0) this.#tokens.delete(keyArn);
    else this.#tokens.set(keyArn, tokens);
    return tokens.map(({ token }) => token);
  }

  #keepToken(keyArn: string, token: unknown): void {
    if (typeof token !== 'string') return;
    for (const each of [...this.#tokens.keys()]) this.#tokensOf(each);
    const untilMs = this.#parts.clock.monotonicMs() + tokenMs;
    const kept = (this.#tokens.get(keyArn) ?? []).slice(1 - tokensMax);
    this.#tokens.set(keyArn, [...kept, { token, untilMs }]);
  }

  /** Closes the connections. */
  close(): Promise<void> {
    return this.#parts.client.close();
  }
}

function withTokens(input: object, tokens: readonly string[]): object {
  return tokens.length === 0 ? input : { ...input, GrantTokens: tokens };
}

/**
 * Returns a text of an answer.
 *
 * @throws {RemoteKmsUnreachable} if it is none
 */
export function textIn(value: unknown, what: string, lengthMax = 2048): string {
  if (typeof value === 'string' && value !== '' && value.length <= lengthMax) return value;
  throw new RemoteKmsUnreachable(`the answer of the remote KMS has no valid ${what}`);
}

/**
 * Returns the bytes of an answer, without copying them.
 *
 * @throws {RemoteKmsUnreachable} if there are none, or too many
 */
export function bytesIn(value: unknown, what: string, sizeMax: number): Buffer {
  if (value instanceof Uint8Array && value.length > 0 && value.length <= sizeMax) {
    return Buffer.from(value.buffer, value.byteOffset, value.length);
  }
  throw new RemoteKmsUnreachable(`the answer of the remote KMS has no valid ${what}`);
}
