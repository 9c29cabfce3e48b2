// Runs the compose files with podman-compose, as their comments say, in a network namespace of its own,
// because they name the ports of the host. `compose.test.ts` starts it.
//
// Base images are made from programs of this machine, in place of those of registries. There is no image of
// Grafana: its container is not started.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageFolder } from '../../../src/base/package-folder.ts';
import { AmqpClient } from '../../support/amqp-client.ts';
import { httpsRequest } from '../../support/https-request.ts';
import { buildServiceImage, Podman } from '../../support/podman.ts';
import { until } from '../../support/processes.ts';

const program = ['/nodejs/bin/node', '/waxwing/bin/waxwing.mjs'];
const alertCount = 14;

const podman = new Podman();
/** A copy of the files with their places beside each other: secrets are written beside them. */
const copy = join(podman.folder, 'checkout');
const folder = join(copy, 'packaging', 'compose');
for (const name of ['packaging/compose', 'monitoring']) {
  cpSync(join(packageFolder, name), join(copy, name), { recursive: true });
}

/** Builds one image of the service, and one of Prometheus. */
async function buildImages(tarball: string, prometheus: string): Promise<void> {
  await buildServiceImage(podman, tarball);
  const image = /image: (\S*prom\/prometheus\S*)/.exec(textOf('monitoring.yaml'))?.[1] ?? '';
  // As in the image of the Prometheus project.
  const lines = `USER nobody
WORKDIR /prometheus
ENTRYPOINT ["/bin/prometheus"]
CMD ["--config.file=/etc/prometheus/prometheus.yml", "--storage.tsdb.path=/prometheus"]
`;
  await podman.buildFromProgram(image, prometheus, '/bin/prometheus', lines, '/prometheus');
}

const textOf = (name: string) => readFileSync(join(folder, name), 'utf8');

/** A project of compose files. */
class Project {
  readonly #args: readonly string[];
  readonly #variables: Readonly<Record<string, string>>;
  readonly container: string;

  constructor(name: string, files: readonly string[], variables = {}) {
    this.#args = ['-p', name, ...files.flatMap((file) => ['-f', file])];
    this.#variables = variables;
    this.container = `${name}_waxwing_1`;
  }

  async run(...args: readonly string[]): Promise<void> {
    await podman.compose(folder, [...this.#args, ...args], this.#variables);
  }

  /** What `waxwing env --json` prints in the container. */
  async environment(): Promise<Record<string, string>> {
    const args = ['exec', this.container, ...program, 'env', '--wait', '--json'];
    return JSON.parse(await podman.podman(...args));
  }

  /** A file of the data folder, copied out. */
  async file(name: string, to: string): Promise<string> {
    await podman.podman('cp', `${this.container}:/data/waxwing/${name}`, to);
    return readFileSync(to, 'utf8');
  }

  /** Checks that a process in the container has no rights, and can write to the volumes only. */
  async assertConfined(): Promise<void> {
    const script = `const { readFileSync, writeFileSync } = require('node:fs');
      const written = ['/', '/waxwing', '/tmp', '/data'].filter((folder) => {
        try { writeFileSync(folder + '/try', ''); return true; } catch { return false; }
      });
      const status = readFileSync('/proc/self/status', 'utf8').match(/(Uid|CapBnd|NoNewPrivs):\\s+\\w+/g);
      console.log(JSON.stringify({ written, status }));`;
    const said = await podman.podman('exec', this.container, program[0] ?? '', '-e', script);
    const { written, status } = JSON.parse(said) as { written: string[]; status: string[] };
    assert.deepEqual(written, ['/tmp', '/data'].slice(written.includes('/tmp') ? 0 : 1));
    assert.deepEqual(status, ['Uid:\t65532', 'CapBnd:\t0000000000000000', 'NoNewPrivs:\t1']);
  }

  /** Checks that the health check of the image passes. */
  async assertHealthy(): Promise<void> {
    await podman.podman('healthcheck', 'run', this.container);
  }
}

/** `single.yaml`: a client of the host, and messages that are there after `down` and `up`. */
async function runSingle(project: Project): Promise<void> {
  await project.run('up', '-d');
  const { WAXWING_AMQP_URL: url = '' } = await project.environment();
  const ca = await project.file('ca.pem', join(folder, 'waxwing-ca.pem'));
  const client = await AmqpClient.connect(url, ca);
  await client.publish('kept', ['over restarts']);
  await client.model.close();
  await project.assertConfined();
  await project.assertHealthy();
  await project.run('stop');
  const ended = '{{.State.ExitCode}}';
  assert.equal((await podman.podman('inspect', '-f', ended, project.container)).trim(), '0');
  await project.run('down');
  await project.run('up', '-d');
  await project.environment();
  const again = await AmqpClient.connect(url, ca);
  assert.deepEqual(await again.take('kept'), ['over restarts']);
  await again.model.close();
}

/** `monitoring.yaml`: Prometheus reads the metrics, and has the alert rules. */
async function runMonitoring(single: Project, both: Project, name: string): Promise<void> {
  await single.file('api-ca.pem', join(folder, 'prometheus', 'api-ca.pem'));
  const { WAXWING_METRICS_TOKEN: token = '' } = await single.environment();
  writeFileSync(join(folder, 'prometheus', 'token'), `${token}\n`);
  // As in the comment of the file: Prometheus runs as another user.
  for (const file of ['api-ca.pem', 'token']) chmodSync(join(folder, 'prometheus', file), 0o644);
  await both.run('up', '-d', 'prometheus');
  const address = await podman.addressOf(`${name}_prometheus_1`);
  const asked = async (path: string) => {
    const answer = await fetch(`http://${address}:9090/api/v1/${path}`).catch(() => undefined);
    return answer?.ok ? ((await answer.json()) as ReturnType<typeof JSON.parse>).data : undefined;
  };
  const expression = encodeURIComponent('waxwing_broker_state{state="RUNNING"} == 1');
  const found = await until(
    'a metric of the service',
    async () => (await asked(`query?query=${expression}`))?.result[0],
    90_000,
  );
  assert.equal(found.metric.job, 'waxwing');
  const { groups } = await asked('rules');
  assert.equal(groups[0].rules.length, alertCount);
  for (const { name: rule, health } of groups[0].rules) assert.notEqual(health, 'err', rule);
  await both.run('down');
}

/** `passphrase.yaml`: the public name is in the certificate, and there is no file with the root key. */
async function runPassphrase(project: Project): Promise<void> {
  const secret = join(folder, 'passphrase');
  writeFileSync(secret, `${randomBytes(32).toString('base64')}\n`, { mode: 0o640 });
  chownSync(secret, 0, 65532);
  await project.run('up', '-d');
  await project.environment();
  const status = [...program, 'status', '--json'];
  const listed = await podman.podman('exec', project.container, ...status);
  assert.match(listed, /amqps:\/\/mq\.example\.com:5671/);
  const ca = await project.file('ca.pem', join(folder, 'passphrase-ca.pem'));
  const options = { port: 8443, servername: 'mq.example.com', ca, path: '/health/ready' };
  assert.equal((await httpsRequest(options)).status, 200);
  await project.assertConfined();
  await project.assertHealthy();
  const show = [...program, 'root-key', 'show', '--json'];
  const shown = await podman.podman('exec', project.container, ...show);
  assert.match(shown, /passphrase/);
  await project.run('down');
}

const [tarball = '', prometheus = ''] = process.argv.slice(2);
try {
  await buildImages(tarball, prometheus);
  const single = new Project('single', ['single.yaml']);
  await runSingle(single);
  console.log('single.yaml');
  const both = new Project('single', ['single.yaml', 'monitoring.yaml']);
  await runMonitoring(single, both, 'single');
  console.log('monitoring.yaml');
  const public_ = { WAXWING_PUBLIC_HOST: 'mq.example.com' };
  await runPassphrase(new Project('passphrase', ['passphrase.yaml'], public_));
  console.log('passphrase.yaml');
} finally {
  await podman.remove();
}
