// The running service.

import { realpathSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { eventRecord } from '../audit/record.ts';
import { assert } from '../base/assert.ts';
import { systemClock } from '../base/clock.ts';
import { keepCompiledCode } from '../base/compiled-code.ts';
import type { ServiceLog } from '../base/log.ts';
import { GarbageGrowth } from '../base/process.ts';
import { systemRandom } from '../base/random.ts';
import type { Secret } from '../base/secret.ts';
import { type BrokerRecord, portOf } from '../control/broker-record.ts';
import { Engines } from '../control/engines.ts';
import type { BrokerLogs } from '../logs/broker-logs.ts';
import type { ListenerAccess } from '../net/tls-listener.ts';
import type { Entry } from '../storage/journal.ts';
import type { Volume } from '../storage/volume.ts';
import type { Api } from './api/compose-api.ts';
import { CertificateKeeper, writeCertificate } from './certificates/certificate-keeper.ts';
import {
  type Core,
  composeCore,
  composeEngine,
  type ServiceLocation,
  type SystemState,
  sealingKey,
} from './compose.ts';
import { makeDefaultBroker, ownPrincipal } from './default-broker.ts';
import type { InstalledEngines } from './engines/installed-engines.ts';
import { checkSocketName, type EnvironmentAnswer, EnvironmentListener } from './environment.ts';
import { ServerError } from './errors.ts';
import { fipsEndpoints } from './identities/fips-endpoints.ts';
import { rootWarningText } from './identities/root-warning.ts';
import { brokerLogs, openLogs } from './logs/opened-logs.ts';
import { measured } from './metrics.ts';
import { type Opened, openState, reportFull } from './open-state.ts';
import { EndpointNames } from './public/broker-names.ts';
import { listenerAccess } from './public/public-access.ts';
import { PublicCertificates } from './public/public-certificates.ts';
import { brokerHosts, type PublicParts, sharedPortsOf } from './public/public-parts.ts';
import type { SharedPorts } from './public/shared-ports.ts';
import { localHost, publicHost, servedNames } from './public-names.ts';
import { Refusals } from './refusals.ts';
import { rootKeyFile } from './root-key/sources/key-file.ts';
import { runScheduledKeyTasks } from './scheduled-key-tasks.ts';
import { checkSettings, type Settings } from './settings.ts';

const tickMs = 1000;
/** Maximum time for which a first broker delays the API, milliseconds. */
const apiWaitMsMax = 100;
/** The growth of memory in use after which garbage is collected, bytes. */
const garbageBytesMax = 16 * 1024 * 1024;
/** Maximum time for pending API requests when the service stops, milliseconds. */
const timeoutMs = 2000;
/** The interval of checks for old lines of the broker logs and for certificates. */
const dropEveryMs = 3600 * 1000;

/** Called when the service can no longer run. */
export type ServiceFailed = (error: Error) => void;

/** The state of a broker, for the greeting. */
export interface BrokerView {
  readonly name: string;
  /** The lifecycle state, such as `RUNNING`. */
  readonly state: string;
  /** The current or last endpoint; undefined if the broker never had one. */
  readonly url: string | undefined;
  /** The reason why the broker is not running. */
  readonly problem: string | undefined;
}

/** A running service on one data folder: the API, the brokers, and the audit trail. */
export class Service {
  readonly settings: Settings;
  readonly accountId: string;
  readonly region: string;
  /** The file with the root key; undefined if there is another source. */
  readonly rootKeyFile: string | undefined;
  readonly #volume: Volume;
  readonly #state: SystemState;
  readonly #core: Core;
  readonly #location: ServiceLocation;
  /** Undefined until the API has been loaded. */
  #opened: Api | undefined = undefined;
  readonly #log: ServiceLog;
  readonly #refusals: Refusals;
  readonly #certificates: CertificateKeeper;
  readonly #public: PublicCertificates;
  readonly #sharedPorts: SharedPorts | undefined;
  readonly #access: ListenerAccess;
  readonly #endpoints: EndpointNames;
  readonly #environment: EnvironmentListener;
  /** Undefined until they are loaded, before the API answers. */
  #installed: InstalledEngines | undefined = undefined;
  readonly #logs: BrokerLogs;
  /** The password of the broker that the first start creates. */
  readonly #firstPassword: Secret<string> | undefined;
  #apiPort = 0;
  #ticks: NodeJS.Timeout | undefined = undefined;
  #dropAtMs = 0;
  /** Of many refused calls, before it takes much memory. */
  readonly #garbage = new GarbageGrowth(garbageBytesMax);

  private constructor(
    opened: Opened,
    settings: Settings,
    engines: Engines,
    { own, shown, sharedPorts, access }: PublicParts,
    log: ServiceLog,
    refusals: Refusals,
  ) {
    const { volume, state, region, accountId, firstPassword } = opened;
    this.settings = settings;
    const { rootKey } = settings;
    this.rootKeyFile =
      rootKey.kind === 'file' ? rootKeyFile(rootKey, realpathSync(settings.folder)) : undefined;
    this.region = region;
    this.accountId = accountId;
    this.#volume = volume;
    this.#state = state;
    this.#log = log;
    this.#firstPassword = firstPassword;
    this.#certificates = own;
    this.#public = shown;
    this.#sharedPorts = sharedPorts;
    this.#access = access;
    this.#endpoints = new EndpointNames(settings, region);
    const place = {
      region,
      accountId,
      endpoints: this.#endpoints,
      publicCertificates: shown.sources,
      hashPassword: opened.hashPassword,
      consoleUrl: () => `https://${publicHost(settings)}:${this.#apiPort}/`,
      metrics: () => measured(this.#metricsParts),
      isReady: () => this.#ticks !== undefined,
      handshakes: () => this.#api.listener.handshakes,
      hosts: () => {
        assert(this.#installed !== undefined, 'the installed engines are not loaded');
        return this.#installed.operations;
      },
    };
    this.#location = place;
    this.#refusals = refusals;
    this.#logs = brokerLogs(state, log);
    this.#core = composeCore(settings, state, engines, place, log, refusals, this.#logs);
    this.#environment = new EnvironmentListener(settings.folder, () => this.#asked());
  }

  /**
   * Opens the data folder and the ports, and starts all brokers that should run.
   *
   * @throws {WaxwingError} for invalid settings, or errors of the root key, folder or ports
   */
  static async open(settings: Settings, log: ServiceLog, failed: ServiceFailed): Promise<Service> {
    checkSettings(settings);
    checkSocketName(settings.folder);
    const refusals = new Refusals(log);
    let opened: Opened | undefined;
    try {
      const shown = await PublicCertificates.open(settings, log);
      opened = await openState(settings, {
        failed,
        full: (isFull) => reportFull(log, settings.folder, isFull),
      });
      const { volume, state, firstPassword } = opened;
      await shown.openAcme(settings, state, sealingKey(volume, 'acme'));
      const certificates = new CertificateKeeper(state, sealingKey(volume, 'certificates'), {
        wanted: servedNames(settings),
        welcome: [hostname()].filter((name) => name !== ''),
        ofApi: settings.isFips ? fipsEndpoints(opened.region) : [],
        ...brokerHosts(settings, opened.region, state.brokers),
      });
      if (firstPassword !== undefined) await certificates.prepare();
      await certificates.renewAuthorities();
      const sharedPorts = await sharedPortsOf(settings, opened.region, state.brokers);
      const access = { ...listenerAccess(settings.publicAccess), ...sharedPorts?.access };
      const engine = composeEngine(settings, state, access, async (id) => [
        ...(await certificates.broker(id)),
        ...shown.current,
      ]);
      const engines = new Engines([engine]);
      const all = { own: certificates, shown, sharedPorts, access };
      const service = new Service(opened, settings, engines, all, log, refusals);
      await service.#start(engine);
      return service;
    } catch (error) {
      await opened?.state.close();
      await opened?.volume.close();
      throw error;
    }
  }

  async #start({ firstHandover, firstRunning }: ReturnType<typeof composeEngine>): Promise<void> {
    const { engines, supervisor } = this.#core.control;
    await engines.endLeftovers();
    await this.#sharedPorts?.open(); // before brokers could take the ports
    const isAnyOther = [...this.#state.brokers.all()].some((broker) => !engines.runs(broker));
    if (isAnyOther) await this.#addInstalledEngines();
    const brokersStarted = supervisor.start();
    const starts = [firstHandover.then(() => true), brokersStarted.then(() => false)];
    const handedOver = Promise.race(starts);
    // Everything else would delay the first broker.
    const logsOpen = handedOver.then(() => this.#openLogs());
    let isBrokerNew = false;
    // The processes of the brokers recover them while this process loads the API.
    const apiOpen = handedOver.then(async (isHandedOver) => {
      // The next start needs this code until its brokers listen. More would take longer to read.
      if (isHandedOver) keepCompiledCode();
      await this.#state.settleKeys();
      // With few cores, the code of the API would take time of the broker that is about to listen.
      await Promise.race([brokersStarted, firstRunning, delay(apiWaitMsMax)]);
      await this.#openApi();
      if (await makeDefaultBroker(this.#core.client, this.#state, this.#firstPassword)) {
        isBrokerNew = true;
        // Its process starts beside all that follows.
        await Promise.race([firstHandover, supervisor.idle()]);
      }
      await this.#completeApi(!isAnyOther);
    });
    try {
      await Promise.all([brokersStarted, logsOpen, apiOpen]);
      if (isBrokerNew) await supervisor.idle();
      // Opened last, so that its answers are complete.
      await this.#environment.open();
    } catch (error) {
      // A port that opened later would stay open.
      await Promise.allSettled([apiOpen, logsOpen]);
      await this.#stopRunning('the service could not start');
      throw error;
    }
    this.#ticks = setInterval(() => this.#tick(), tickMs);
  }

  /** Adds the engines of other projects that are installed. Looking for them takes long. */
  async #addInstalledEngines(): Promise<void> {
    const { composeInstalledEngines } = await import('./engines/installed-engines.ts');
    const { region, accountId } = this;
    const installed = await composeInstalledEngines(this.settings, {
      volume: this.#volume,
      state: this.#state,
      certificates: this.#certificates,
      access: this.#access,
      log: this.#log,
      region,
      accountId,
    });
    this.#installed = installed;
    await this.#core.control.engines.add(installed.engines);
    await installed.hosts.open();
  }

  /** Takes the port of the API, whose clients wait until {@link #completeApi}. */
  async #openApi(): Promise<void> {
    const { composeApi } = await import('./api/compose-api.ts');
    const of = [this.settings, this.#state, this.#location, this.#log, this.#refusals] as const;
    this.#opened = composeApi(this.#core, ...of, this.#logs, this.#apiCertificates);
    const { listener } = this.#opened;
    listener.hold();
    this.#apiPort = await listener.open(this.settings.apiPort);
  }

  /** Loads what only API calls need, and begins to answer them. */
  async #completeApi(isEngineMissing: boolean): Promise<void> {
    const renewed = this.#certificates.renewApi();
    const added = isEngineMissing ? this.#addInstalledEngines() : undefined;
    // If one fails, the other must not open a port or write after the service has stopped.
    await Promise.allSettled([renewed, added]);
    await added;
    if (await renewed) this.#api.listener.showCertificates(this.#apiCertificates);
    await this.#writeAuthorities();
    this.#api.listener.release();
  }

  get #api(): Api {
    assert(this.#opened !== undefined, 'the API is not open');
    return this.#opened;
  }

  #openLogs(): Promise<void> {
    const { folder, discardsBrokerLogs: isDiscarding } = this.settings;
    const { region, accountId } = this;
    const [volume, state] = [this.#volume, this.#state];
    return openLogs(this.#logs, { folder, volume, state, region, accountId, isDiscarding });
  }

  /** The URL of the API. */
  get apiUrl(): string {
    return `https://${localHost(this.settings)}:${this.#apiPort}`;
  }

  /** The certificates of both authorities, which clients must trust, PEM. */
  get certificateFile(): string {
    return join(this.settings.folder, 'ca.pem');
  }

  /** The certificate of the API's authority, for clients that use only the API. */
  get apiCertificateFile(): string {
    return join(this.settings.folder, 'api-ca.pem');
  }

  async #writeAuthorities(): Promise<void> {
    const { apiAuthority, brokerAuthority } = this.#state.certificates;
    // The brokers' authority comes first, because some clients read only one certificate.
    await writeCertificate(this.certificateFile, `${brokerAuthority}${apiAuthority}`);
    await writeCertificate(this.apiCertificateFile, apiAuthority);
  }

  async #renewCertificates(): Promise<void> {
    if (!(await this.#certificates.renew())) return;
    await this.#writeAuthorities();
    this.#api.listener.showCertificates(this.#apiCertificates);
  }

  get #apiCertificates() {
    return [...this.#certificates.api(), ...this.#public.current];
  }

  /** Reloads the certificate and key files of the public names. */
  reloadCertificates(): void {
    this.#public.reload(() => this.#showPublicCertificates());
  }

  /** New connections get the certificates that there are now. */
  #showPublicCertificates(): void {
    this.#api.listener.showCertificates(this.#apiCertificates);
    this.#core.control.engines.renewCertificates().catch((error: unknown) => {
      this.#log.error({ err: error }, 'certificates could not be changed');
    });
  }

  /** The broker that the first start created; undefined if it does not exist. */
  get defaultBroker(): BrokerView | undefined {
    const { brokerId } = this.#state.installation.defaultBroker ?? {};
    const broker = this.#state.brokers.get(brokerId ?? '');
    return broker && this.#viewOf(broker);
  }

  get #defaultBrokerPort(): number | undefined {
    const { brokerId } = this.#state.installation.defaultBroker ?? {};
    const broker = this.#state.brokers.get(brokerId ?? '');
    return broker && portOf(broker, 'amqps');
  }

  /** Brokers that cannot run, except for the default one. */
  get otherBrokersDown(): BrokerView[] {
    const { brokerId } = this.#state.installation.defaultBroker ?? {};
    return [...this.#state.brokers.all()]
      .filter(({ id, state }) => id !== brokerId && state === 'CRITICAL_ACTION_REQUIRED')
      .map((broker) => this.#viewOf(broker));
  }

  #viewOf(broker: BrokerRecord): BrokerView {
    const { name, state, action } = broker;
    const authority = this.#endpoints.authorityOf(broker, 'amqps');
    const url = authority === undefined ? undefined : `amqps://${authority}`;
    return { name, state, url, problem: action?.info };
  }

  get #metricsParts() {
    const { audit, listener } = this.#api;
    return {
      control: this.#core.control,
      audit,
      admission: listener.admission,
      handshakes: listener.handshakes,
      refusals: this.#refusals.counts,
      publicCertificates: this.#public.sources,
      sharedPorts: this.#sharedPorts,
    };
  }

  get #metricsToken() {
    const { metricsToken } = this.#state.installation;
    assert(metricsToken !== undefined, 'the metrics token is missing');
    return metricsToken;
  }

  /** The environment for users who may open the data folder. The trail records each request. */
  async #asked(): Promise<EnvironmentAnswer> {
    const { identity, trail, store, installation, iam } = this.#state;
    const accessKeyId = identity.rootAccessKeyId ?? '';
    const key = identity.findAccessKey(accessKeyId);
    if (key === undefined) throw new ServerError('not-running', 'there is no access key');
    const atMs = systemClock.nowMs();
    const warning = rootWarningText(iam);
    const event = eventRecord({
      caller: key.caller,
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
      ...(warning !== undefined && { additionalEventData: { callerWarning: warning } }),
    });
    await store.commit(trail.chain(event, atMs));
    const { username, password } = installation.defaultBroker ?? {};
    const port = this.#defaultBrokerPort;
    // Clients on this machine need no name service, and trust the own authority.
    const host = localHost(this.settings);
    const url =
      port === undefined ? undefined : `amqps://${username}:${password?.reveal()}@${host}:${port}`;
    const environment = {
      AWS_ENDPOINT_URL: this.apiUrl,
      AWS_ACCESS_KEY_ID: accessKeyId,
      AWS_SECRET_ACCESS_KEY: key.secret().reveal(),
      AWS_REGION: this.region,
      AWS_DEFAULT_REGION: this.region,
      AWS_CA_BUNDLE: this.apiCertificateFile,
      NODE_EXTRA_CA_CERTS: this.certificateFile,
      WAXWING_CA_FILE: this.certificateFile,
      WAXWING_METRICS_URL: `${this.apiUrl}/metrics`,
      WAXWING_METRICS_TOKEN: this.#metricsToken.reveal(),
      ...(url !== undefined && { WAXWING_AMQP_URL: url }),
    };
    return { environment, warning };
  }

  #tick(): void {
    this.#garbage.look();
    this.#core.control.tick();
    const nowMs = systemClock.nowMs();
    const { sampling, audit } = this.#api;
    sampling.tick(nowMs, systemClock.monotonicMs());
    audit.tick(nowMs);
    this.#public.tick(() => this.#showPublicCertificates());
    if (nowMs >= this.#dropAtMs) {
      this.#dropAtMs = nowMs + dropEveryMs;
      this.#logs.dropOld();
      this.#renewCertificates()
        .then(() => this.#core.control.engines.renewCertificates())
        .catch((error: unknown) => {
          this.#log.error({ err: error }, 'certificates could not be renewed');
        });
    }
    const { kms, trail, serviceTrail, store } = this.#state;
    const { region, accountId } = this;
    const commit = (entries: readonly Entry[]) => store.commit(entries);
    const parts = { kms, trail, serviceTrail, commit, region, accountId };
    runScheduledKeyTasks(parts, nowMs).catch((error: unknown) => {
      this.#log.error({ err: error }, 'a due deletion or rotation of a key failed');
    });
  }

  /** Stops the service: disconnects clients with a reason, and syncs all data. */
  async close(reason: string): Promise<void> {
    clearInterval(this.#ticks);
    this.#ticks = undefined;
    await this.#stopRunning(reason);
    await this.#state.close();
    await this.#volume.close();
  }

  async #stopRunning(reason: string): Promise<void> {
    const { audit, sampling, listener } = this.#opened ?? {};
    sampling?.close();
    this.#sharedPorts?.refuse();
    await Promise.all([
      listener?.close(timeoutMs),
      this.#environment.close(),
      this.#core.control.close(reason),
    ]);
    this.#sharedPorts?.close(); // the brokers have told their clients the reason
    const { hosts } = this.#installed ?? {};
    hosts?.close();
    await audit?.close();
    this.#refusals.flush();
    await this.#logs.close();
  }
}
