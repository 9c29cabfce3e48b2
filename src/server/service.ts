import { existsSync, readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { eventRecord } from '../audit/record.ts';
import { trailTimeline } from '../audit/trail.ts';
import { assert } from '../base/assert.ts';
import { systemClock } from '../base/clock.ts';
import type { ServiceLog } from '../base/log.ts';
import { systemRandom } from '../base/random.ts';
import type { Secret } from '../base/secret.ts';
import { hashAhead, hashPassword } from '../crypto/password.ts';
import type { WaxwingEngine } from '../engines/waxwing/engine.ts';
import { defaultPolicy, parityPolicy } from '../net/tls-policy.ts';
import { systemDisk } from '../storage/disk.ts';
import type { Entry } from '../storage/journal.ts';
import type { Volume } from '../storage/volume.ts';
import {
  compose,
  composeEngine,
  type Parts,
  type SystemEvents,
  SystemState,
  sealingKey,
} from './compose.ts';
import { checkSocketName, type Environment, EnvironmentListener } from './environment.ts';
import { ServerError } from './errors.ts';
import { HttpListener } from './http.ts';
import { newPassword } from './installation.ts';
import { doDueKeySteps } from './key-steps.ts';
import { answerMetrics } from './metrics.ts';
import { checkSettings, type Settings } from './settings.ts';
import { openSystemVolume } from './system-volume.ts';

const connectionCountMax = 1000;
const regionAtFirst = 'us-east-1';
const tickMs = 1000;
/** How long the API's requests have to end when the service does. */
const patienceMs = 2000;
/** How long events stay in the trail, as with CloudTrail's event history, and how often is looked. */
const keptMs = 90 * 24 * 3600 * 1000;
const dropEveryMs = 3600 * 1000;
/** As whom the service makes the calls of its first start. */
const ownPrincipal = 'waxwing.local';
const defaultUser = 'waxwing';

/** Whom the service tells that it cannot run on. */
export type ServiceFailed = (error: Error) => void;

/** What is to be told of the broker that the first start made. */
export interface DefaultBrokerView {
  readonly name: string;
  /** `RUNNING` and the like. */
  readonly state: string;
  /** Where it answers, or last did; undefined where it never did. */
  readonly url: string | undefined;
  /** Why it does not run. */
  readonly problem: string | undefined;
}

/** A running service: the API's port, the brokers, the trail, over one data folder. */
export class Service {
  readonly settings: Settings;
  readonly accountId: string;
  readonly region: string;
  /** Whether a file holds the root key, and not a passphrase. */
  readonly hasKeyFile: boolean;
  readonly #volume: Volume;
  readonly #state: SystemState;
  readonly #parts: Parts;
  readonly #log: ServiceLog;
  readonly #listener: HttpListener;
  readonly #environment: EnvironmentListener;
  /** Of the broker that this first start is to make. */
  readonly #firstPassword: Secret<string> | undefined;
  #apiPort = 0;
  #ticks: NodeJS.Timeout | undefined = undefined;
  #dropAtMs = 0;

  private constructor(
    opened: Opened,
    settings: Settings,
    engine: WaxwingEngine,
    certificates: ReturnType<SystemState['certificates']['servers']>,
    log: ServiceLog,
  ) {
    const { volume, state, region, accountId, firstPassword } = opened;
    this.settings = settings;
    this.hasKeyFile = opened.hasKeyFile;
    this.region = region;
    this.accountId = accountId;
    this.#volume = volume;
    this.#state = state;
    this.#log = log;
    this.#firstPassword = firstPassword;
    const place = {
      region,
      accountId,
      brokerHost: nameOf(settings.host),
      hashPassword: opened.hashPassword,
      consoleUrl: () => `${this.apiUrl}/`,
    };
    this.#parts = compose(settings, state, engine, place, log);
    this.#listener = new HttpListener({
      host: settings.host,
      certificates,
      policy: settings.hasTlsParity ? parityPolicy : defaultPolicy,
      connectionCountMax,
      answers: this.#parts.dispatcher,
      metrics: (authorization) => answerMetrics(this.#metricsParts, authorization),
    });
    this.#environment = new EnvironmentListener(settings.folder, () => this.#asked());
  }

  /**
   * Opens the data folder, the ports, and every broker that is to run.
   *
   * @throws {WaxwingError} where it cannot run: settings, root key, folder, ports
   */
  static async open(settings: Settings, log: ServiceLog, failed: ServiceFailed): Promise<Service> {
    checkSettings(settings);
    checkSocketName(settings.folder);
    const { engine, showCertificates } = composeEngine(settings, log);
    let opened: Opened | undefined;
    try {
      opened = await openState(settings, {
        failed,
        full: (isFull) => reportFull(log, settings.folder, isFull),
      });
      const certificates = await renewCertificates(opened, settings);
      showCertificates(certificates);
      const service = new Service(opened, settings, engine, certificates, log);
      await service.#start();
      return service;
    } catch (error) {
      await opened?.state.store.close();
      await opened?.volume.close();
      throw error;
    }
  }

  async #start(): Promise<void> {
    const { supervisor } = this.#parts.control;
    this.#apiPort = await this.#listener.open(this.settings.apiPort);
    try {
      await writeCertificate(this.certificateFile, this.#state.certificates.authority);
      await supervisor.start();
      await this.#makeDefaultBroker();
      // Who asks gets an answer that is whole.
      await this.#environment.open();
    } catch (error) {
      await this.#stopRunning('the service could not start');
      throw error;
    }
    this.#ticks = setInterval(() => this.#tick(), tickMs);
  }

  /** Where the API answers. */
  get apiUrl(): string {
    return `https://${nameOf(this.settings.host)}:${this.#apiPort}`;
  }

  /** The certificate that clients must trust, PEM. */
  get certificateFile(): string {
    return join(this.settings.folder, 'ca.pem');
  }

  /** The broker that the first start made; undefined where there is none, or none any more. */
  get defaultBroker(): DefaultBrokerView | undefined {
    const { brokerId } = this.#state.installation.defaultBroker ?? {};
    const broker = this.#state.brokers.get(brokerId ?? '');
    if (broker === undefined) return undefined;
    const { name, state, action } = broker;
    const port = broker.ports['amqps'];
    const url = port === undefined ? undefined : `amqps://${nameOf(this.settings.host)}:${port}`;
    return { name, state, url, problem: action?.info };
  }

  get #metricsParts() {
    const { control, engine } = this.#parts;
    return { control, engine, token: this.#metricsToken };
  }

  get #metricsToken() {
    const { metricsToken } = this.#state.installation;
    assert(metricsToken !== undefined, 'a service that is open has a token for metrics');
    return metricsToken;
  }

  /** Makes the broker `default` once, by the call that anybody would make. */
  async #makeDefaultBroker(): Promise<void> {
    const { installation, store, identity } = this.#state;
    if (this.#firstPassword !== undefined) {
      await store.commit(installation.wantDefaultBroker(defaultUser, this.#firstPassword));
    }
    const wanted = installation.defaultBroker;
    if (wanted === undefined || wanted.brokerId !== undefined) return;
    const input = {
      brokerName: 'default',
      creatorRequestId: 'waxwing-default-broker',
      deploymentMode: 'SINGLE_INSTANCE',
      engineType: 'RABBITMQ',
      hostInstanceType: 'mq.m7g.medium',
      publiclyAccessible: false,
      users: [{ username: wanted.username, password: wanted.password.reveal() }],
    };
    const caller = identity.findAccessKey(identity.rootAccessKeyId ?? '')?.caller;
    const { brokerId } = await this.#parts.client.call<{ brokerId: string }>(
      'mq',
      'CreateBroker',
      input,
      { service: ownPrincipal, ...(caller && { onBehalfOf: caller }) },
    );
    await store.commit(installation.madeDefaultBroker(brokerId));
    await this.#parts.control.supervisor.idle();
  }

  /** How to reach the service, for whoever may open its data folder; the asking is in the trail. */
  async #asked(): Promise<Environment> {
    const { identity, trail, store, installation } = this.#state;
    const accessKeyId = identity.rootAccessKeyId ?? '';
    const key = identity.findAccessKey(accessKeyId);
    if (key === undefined) throw new ServerError('not-running', 'there is no access key');
    const atMs = systemClock.nowMs();
    const event = eventRecord({
      actor: key.caller,
      invokedBy: undefined,
      requestId: systemRandom.uuid(),
      eventId: systemRandom.uuid(),
      region: this.region,
      accountId: this.accountId,
      sourceIp: ownPrincipal,
      userAgent: 'waxwing env',
      atMs,
      eventSource: ownPrincipal,
      eventName: 'GetEnvironment',
      apiVersion: undefined,
      readOnly: true,
      requestParameters: null,
      responseElements: null,
      resources: [],
    });
    await store.commit(trail.entries(event, atMs));
    const { username, password } = installation.defaultBroker ?? {};
    const url = this.defaultBroker?.url?.replace('//', `//${username}:${password?.reveal()}@`);
    return {
      AWS_ENDPOINT_URL: this.apiUrl,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: key.secret().reveal(),
      AWS_REGION: this.region,
      AWS_DEFAULT_REGION: this.region,
      AWS_CA_BUNDLE: this.certificateFile,
      NODE_EXTRA_CA_CERTS: this.certificateFile,
      WAXWING_CA_FILE: this.certificateFile,
      WAXWING_METRICS_URL: `${this.apiUrl}/metrics`,
      WAXWING_METRICS_TOKEN: this.#metricsToken.reveal(),
      ...(url !== undefined && { WAXWING_AMQP_URL: url }),
    };
  }

  #tick(): void {
    this.#parts.control.supervisor.tick();
    const nowMs = systemClock.nowMs();
    if (nowMs >= this.#dropAtMs) {
      this.#dropAtMs = nowMs + dropEveryMs;
      this.#state.store.dropBefore(trailTimeline, nowMs - keptMs);
    }
    const { kms, trail, store } = this.#state;
    const { region, accountId } = this;
    const commit = (entries: readonly Entry[]) => store.commit(entries);
    doDueKeySteps({ kms, trail, commit, region, accountId }, nowMs).catch((error: unknown) => {
      this.#log.error({ err: error }, 'a deletion or rotation of a key that was due failed');
    });
  }

  /** Ends the service in order: brokers first told, everything synced. */
  async close(reason: string): Promise<void> {
    clearInterval(this.#ticks);
    await this.#stopRunning(reason);
    await this.#state.store.close();
    await this.#volume.close();
  }

  async #stopRunning(reason: string): Promise<void> {
    await Promise.all([
      this.#listener.close(patienceMs),
      this.#environment.close(),
      this.#parts.control.supervisor.close(reason),
    ]);
  }
}

interface Opened {
  readonly volume: Volume;
  readonly hasKeyFile: boolean;
  readonly state: SystemState;
  readonly region: string;
  readonly accountId: string;
  /** For the broker that the first start is to make. */
  readonly firstPassword: Secret<string> | undefined;
  readonly hashPassword: typeof hashPassword;
}

function reportFull(log: ServiceLog, folder: string, isFull: boolean): void {
  if (isFull)
    log.error({ folder }, 'no space left on the disk: every change waits until there is some');
  else log.warn({ folder }, 'the disk has space again');
}

async function openState(settings: Settings, events: SystemEvents): Promise<Opened> {
  const { volume, hasKeyFile } = await openSystemVolume(settings.folder, settings.rootKey);
  try {
    const state = new SystemState(volume);
    await state.open(volume, events);
    const region = await foundRegion(state, settings.region);
    const accountId = await foundAccount(state, settings.accountId);
    const isFirst = settings.hasDefaultBroker && state.installation.defaultBroker === undefined;
    const firstPassword = isFirst ? newPassword(systemRandom) : undefined;
    return {
      volume,
      hasKeyFile,
      state,
      region,
      accountId,
      firstPassword,
      // Certificates are made meanwhile: each of the two takes a tenth of a second of a core.
      hashPassword: firstPassword === undefined ? hashPassword : hashAhead(firstPassword.reveal()),
    };
  } catch (error) {
    await volume.close();
    throw error;
  }
}

async function foundRegion(state: SystemState, asked: string | undefined): Promise<string> {
  const { installation, store } = state;
  if (installation.region === undefined) {
    await store.commit(installation.found(asked ?? regionAtFirst));
  }
  if (installation.metricsToken === undefined) {
    await store.commit(installation.makeMetricsToken(systemRandom));
  }
  const region = installation.region ?? '';
  if (asked === undefined || asked === region) return region;
  throw new ServerError(
    'setting-conflict',
    `--region is '${asked}'; the data folder's is ${region}`,
  );
}

async function foundAccount(state: SystemState, asked: string | undefined): Promise<string> {
  const { identity, store } = state;
  if (identity.accountId === undefined) {
    const nowMs = systemClock.nowMs();
    await store.commit(identity.createAccount(asked ?? newAccountId(), nowMs));
  }
  // A first start that was cut short may have left an account without a key.
  if (identity.rootAccessKeyId === undefined) {
    await store.commit(identity.createRootAccessKey(systemRandom, systemClock.nowMs()));
  }
  const accountId = identity.accountId ?? '';
  if (asked === undefined || asked === accountId) return accountId;
  const found = `--account-id is '${asked}'; the data folder's is ${accountId}`;
  throw new ServerError('setting-conflict', found);
}

function newAccountId(): string {
  return String(100_000_000_000 + (systemRandom.bytes(6).readUIntBE(0, 6) % 900_000_000_000));
}

async function renewCertificates({ volume, state }: Opened, { host }: Settings) {
  const { certificates, store } = state;
  const key = sealingKey(volume, 'certificates');
  const hosts = [...new Set([nameOf(host), 'localhost', '127.0.0.1', '::1', hostname()])];
  const renewals = await certificates.renewals(key, hosts, systemClock.nowMs());
  if (renewals.length > 0) {
    await store.commit(renewals.map((change) => ({ journal: certificates.name, change })));
  }
  return certificates.servers(key);
}

/** The name that clients use for an address that is listened on. */
function nameOf(host: string): string {
  return ['127.0.0.1', '::1', '0.0.0.0', '::', ''].includes(host) ? 'localhost' : host;
}

async function writeCertificate(file: string, pem: string): Promise<void> {
  if (existsSync(file) && readFileSync(file, 'utf8') === pem) return;
  await systemDisk.replace(file, Buffer.from(pem));
}
