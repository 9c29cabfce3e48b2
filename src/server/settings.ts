import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import type { LogLevel } from '../base/log.ts';
import { ServerError } from './errors.ts';
import type { RootKeySource } from './root-key.ts';

/** How a service is run, from the command line and the environment. */
export interface Settings {
  /** The data folder. */
  readonly folder: string;
  /** Address that the API and the brokers listen on. */
  readonly host: string;
  /** 0 for any free port. */
  readonly apiPort: number;
  /** Port that a broker takes where it is free, before any other; 0 for any. */
  readonly amqpsPort: number;
  /** Undefined: the data folder's own, or `us-east-1` at the first start. */
  readonly region: string | undefined;
  /** 12 digits; undefined: the data folder's own, made at the first start. */
  readonly accountId: string | undefined;
  /** Whether the first start makes the broker `default`. */
  readonly hasDefaultBroker: boolean;
  /** Only what the Amazon MQ guide says of TLS, and nothing better. */
  readonly hasTlsParity: boolean;
  /** Seconds between two checks of each broker's key when nothing is known to have changed. */
  readonly keyCheckSeconds: number;
  /** Seconds after which a change of a key takes effect on its brokers; imitates Amazon's delays. */
  readonly keyEffectDelaySeconds: number;
  /** MiB that a broker's process may have resident before its publishers wait; undefined: 0.4 of the machine's. */
  readonly memoryLimitMib: number | undefined;
  /** MiB of the disk that are kept free: publishers wait while less is free. 0 for none. */
  readonly diskReserveMib: number;
  /** Whether failed log-ins are in the trail, as data events. */
  readonly recordsFailedLogins: boolean;
  /** Whether to give up the lines of the broker logs and begin a new volume for them. */
  readonly discardsBrokerLogs: boolean;
  readonly logLevel: LogLevel;
  readonly rootKey: RootKeySource;
}

/** Where the root key comes from, as the process's environment says. */
export function rootKeySource(environment: NodeJS.ProcessEnv): RootKeySource {
  const {
    XDG_CONFIG_HOME: config,
    WAXWING_ROOT_PASSPHRASE_FILE: passphrase,
    WAXWING_ROOT_KEY_FILE: keyFile,
  } = environment;
  return {
    configFolder: join(config || join(homedir(), '.config'), 'waxwing'),
    passphraseFile: passphrase || undefined,
    keyFile: keyFile ? resolve(keyFile) : undefined,
  };
}

/**
 * Checks what the compiler cannot.
 *
 * @throws {ServerError} `setting-invalid`
 */
export function checkSettings(settings: Settings): void {
  const { region, accountId } = settings;
  checkWhole('--api-port', settings.apiPort, 65_535);
  checkWhole('--amqps-port', settings.amqpsPort, 65_535);
  if (settings.memoryLimitMib !== undefined) {
    checkWhole('--memory-limit-mib', settings.memoryLimitMib, 100_000_000, 64);
  }
  checkWhole('--disk-reserve-mib', settings.diskReserveMib, 100_000_000);
  checkWhole('--key-check-seconds', settings.keyCheckSeconds, 86_400);
  checkWhole('--key-effect-delay', settings.keyEffectDelaySeconds, 86_400);
  if (region !== undefined && !/^[a-z]{2}(-[a-z]+)+-\d{1,2}$/.test(region)) {
    throw invalid('--region', region, 'a name like eu-central-1');
  }
  if (accountId !== undefined && !/^\d{12}$/.test(accountId)) {
    throw invalid('--account-id', accountId, '12 digits');
  }
}

function checkWhole(option: string, found: number, max: number, min = 0): void {
  if (Number.isInteger(found) && found >= min && found <= max) return;
  throw invalid(option, String(found), `a whole number from ${min} to ${max}`);
}

function invalid(option: string, found: string, allowed: string): ServerError {
  return new ServerError('setting-invalid', `${option} is '${found}'; allowed is ${allowed}`);
}
