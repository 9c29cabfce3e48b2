// The client of a KMS outside of this service: AWS KMS, or another service with its API.

import { WaxwingError } from '../../base/errors.ts';

/** Where the remote KMS is, and as whom it is called. */
export interface RemoteKmsAddress {
  readonly region: string;
  /** `https://HOST[:PORT]`; undefined means the endpoint of AWS in the region. */
  readonly endpoint: string | undefined;
  /** The authorities of the endpoint's certificate, PEM; undefined for public ones. */
  readonly authorities: string | undefined;
  /** The profile of AWS's configuration files; undefined for AWS's default credentials. */
  readonly profile: string | undefined;
  /** Whether to use the endpoint of AWS with validated cryptography. */
  readonly isFips: boolean;
}

/** The operations that this program calls. */
export type RemoteOperation =
  | 'CreateGrant'
  | 'Decrypt'
  | 'DescribeKey'
  | 'Encrypt'
  | 'GenerateDataKey'
  | 'GenerateDataKeyWithoutPlaintext'
  | 'ListGrants'
  | 'RetireGrant';

/** The remote KMS refused a call. A repetition would be refused too. */
export class RemoteKmsRefusal extends WaxwingError<string> {}

/**
 * The remote KMS did not decide: it cannot be reached, is overloaded, or does not accept the
 * credentials. This says nothing about the key.
 */
export class RemoteKmsUnreachable extends WaxwingError<'kms-unreachable'> {
  constructor(message: string, options?: ErrorOptions) {
    super('kms-unreachable', message, options);
  }
}

/** An answer, and the id by which the remote KMS records the call. */
export interface RemoteAnswer {
  readonly output: Readonly<Record<string, unknown>>;
  readonly requestId: string | undefined;
}

const connectTimeoutMs = 2000;
const requestTimeoutMs = 5000;
/** Maximum time of a call with its repetitions. */
const callTimeoutMs = 12_000;
const attemptsMax = 2;
/** Maximum number of connections. */
const socketsMax = 16;
/** Maximum length of the part of an error that comes from outside. */
const messageLengthMax = 500;

/** Error codes about the caller's credentials or the clock, not about the key. */
const credentialCodes = new Set([
  'CredentialsProviderError',
  'ExpiredToken',
  'ExpiredTokenException',
  'IncompleteSignature',
  'IncompleteSignatureException',
  'InvalidClientTokenId',
  'InvalidSignatureException',
  'MissingAuthenticationToken',
  'MissingAuthenticationTokenException',
  'OptInRequired',
  'RequestExpired',
  'SignatureDoesNotMatch',
  'TokenRefreshRequired',
  'UnrecognizedClientException',
]);

/** Error codes by which a service asks for fewer calls. */
const throttlingCodes = new Set([
  'RequestLimitExceeded',
  'Throttling',
  'ThrottlingException',
  'TooManyRequestsException',
]);

/** The part of the SDK's client that is used. */
interface Sdk {
  send(command: unknown, options: { readonly abortSignal: AbortSignal }): Promise<SdkOutput>;
  destroy(): void;
}

interface SdkOutput {
  readonly $metadata: { readonly requestId?: string };
}

interface Loaded {
  readonly client: Sdk;
  readonly command: (operation: RemoteOperation, input: object) => unknown;
}

/** Calls a remote KMS through AWS's SDK, which is loaded by the first call. */
export class RemoteKmsClient {
  readonly #address: RemoteKmsAddress;
  #loading: Promise<Loaded> | undefined = undefined;

  constructor(address: RemoteKmsAddress) {
    this.#address = address;
  }

  /**
   * Makes one call. Takes at most {@link callTimeoutMs}, including one repetition.
   *
   * @throws {RemoteKmsRefusal} with the error code of KMS
   * @throws {RemoteKmsUnreachable}
   */
  async call(operation: RemoteOperation, input: object): Promise<RemoteAnswer> {
    this.#loading ??= load(this.#address);
    const { client, command } = await this.#loading;
    try {
      const abortSignal = AbortSignal.timeout(callTimeoutMs);
      const { $metadata, ...output } = await client.send(command(operation, input), {
        abortSignal,
      });
      return {
        output: output as Readonly<Record<string, unknown>>,
        requestId: $metadata.requestId,
      };
    } catch (error) {
      throw errorOf(operation, this.url, error);
    }
  }

  /** The URL of the endpoint. */
  get url(): string {
    const { region, endpoint, isFips } = this.#address;
    if (endpoint !== undefined) return endpoint;
    const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
    return `https://kms${isFips ? '-fips' : ''}.${region}.${domain}`;
  }

  /** Closes the connections. */
  async close(): Promise<void> {
    const loaded = await this.#loading?.catch(() => undefined);
    loaded?.client.destroy();
  }
}

type Package = typeof import('@aws-sdk/client-kms');

async function load(address: RemoteKmsAddress): Promise<Loaded> {
  // Its version is fixed here, so what it says about later ones concerns no operator.
  process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';
  const imported: Package & { readonly default?: Package } = await import('@aws-sdk/client-kms');
  // The package is a CommonJS module, of which the bundler exports only the whole.
  const sdk = imported.default ?? imported;
  const commands = {
    CreateGrant: sdk.CreateGrantCommand,
    Decrypt: sdk.DecryptCommand,
    DescribeKey: sdk.DescribeKeyCommand,
    Encrypt: sdk.EncryptCommand,
    GenerateDataKey: sdk.GenerateDataKeyCommand,
    GenerateDataKeyWithoutPlaintext: sdk.GenerateDataKeyWithoutPlaintextCommand,
    ListGrants: sdk.ListGrantsCommand,
    RetireGrant: sdk.RetireGrantCommand,
  };
  const { region, profile, authorities } = address;
  const client = new sdk.KMSClient({
    region,
    // Always named: the environment may have an endpoint that is meant for other programs.
    endpoint: new RemoteKmsClient(address).url,
    useFipsEndpoint: false,
    useDualstackEndpoint: false,
    maxAttempts: attemptsMax,
    retryMode: 'standard',
    ...(profile !== undefined && { profile }),
    requestHandler: {
      connectionTimeout: connectTimeoutMs,
      requestTimeout: requestTimeoutMs,
      httpsAgent: {
        keepAlive: true,
        maxSockets: socketsMax,
        ...(authorities !== undefined && { ca: authorities }),
      },
    },
  });
  return {
    client: client as unknown as Sdk,
    command(operation, input) {
      // The constructors differ in their inputs only.
      const Command = commands[operation] as new (input: object) => unknown;
      return new Command(input);
    },
  };
}

/** Classifies an error of the SDK. Nothing of the request, and no credential, gets into it. */
function errorOf(operation: RemoteOperation, url: string, error: unknown): Error {
  if (!(error instanceof Error)) return new RemoteKmsUnreachable(`${operation} at ${url} failed`);
  const { name, message } = error;
  const { $metadata, code } = error as Error & {
    readonly $metadata?: { readonly httpStatusCode?: number };
    readonly code?: unknown;
  };
  const status = $metadata?.httpStatusCode;
  const said = message.slice(0, messageLengthMax);
  const isDecided =
    status !== undefined &&
    status >= 400 &&
    status < 500 &&
    !credentialCodes.has(name) &&
    !throttlingCodes.has(name);
  if (isDecided) return new RemoteKmsRefusal(name, said || `${name} without a message`);
  const why = status === undefined ? (typeof code === 'string' ? code : name) : `${status} ${name}`;
  return new RemoteKmsUnreachable(`${operation} at ${url} failed: ${why}: ${said}`);
}
