import { ServerError } from './errors.ts';

/** How a service is run; what the command line and the environment say. */
export interface Settings {
  /** The data folder. */
  readonly folder: string;
  /** Address that the API and the brokers listen on. */
  readonly host: string;
  /** 0 for any free port. */
  readonly apiPort: number;
  /** Port that a broker takes where it is free, before any other; 0 for any. */
  readonly amqpsPort: number;
  readonly region: string;
  /** 12 digits; undefined: the data folder's own, made at the first start. */
  readonly accountId: string | undefined;
  /** Whether the first start makes the broker `default`. */
  readonly hasDefaultBroker: boolean;
  /** Only what the Amazon MQ guide says of TLS, and nothing better. */
  readonly hasTlsParity: boolean;
  /** Where root keys lie: `waxwing` in XDG_CONFIG_HOME or in `~/.config`. */
  readonly configFolder: string;
  /** Holds a passphrase to use instead of a root key file. */
  readonly passphraseFile: string | undefined;
}

/**
 * Checks what the compiler cannot.
 *
 * @throws {ServerError} `setting-invalid`
 */
export function checkSettings(settings: Settings): void {
  checkPort('--api-port', settings.apiPort);
  checkPort('--amqps-port', settings.amqpsPort);
  require(/^[a-z]{2}(-[a-z]+)+-\d{1,2}$/.test(settings.region), '--region', settings.region, {
    allowed: 'a name like eu-central-1',
  });
  const { accountId } = settings;
  if (accountId !== undefined) {
    require(/^\d{12}$/.test(accountId), '--account-id', accountId, { allowed: '12 digits' });
  }
}

function checkPort(option: string, port: number): void {
  const isPort = Number.isInteger(port) && port >= 0 && port <= 65_535;
  require(isPort, option, String(port), { allowed: '0 to 65535' });
}

function require(
  isRight: boolean,
  option: string,
  found: string,
  { allowed }: { readonly allowed: string },
): void {
  if (isRight) return;
  throw new ServerError('setting-invalid', `${option} is '${found}'; allowed is ${allowed}`);
}
